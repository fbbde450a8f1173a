import { beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../../api/generated/types.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';
import { formatAddress, parseAddress, parseRange } from './ip-range.ts';

const SERVICES = '/api/v1/namespaces/default/services';
let api: TestApi;

// Twelve addresses to give: of 14 hosts, .1 belongs to the Service kubernetes and .10 is reserved.
beforeEach(async () => {
  api = await createTestApi({ clusterIpRange: '10.96.0.0/28' });
  return () => api.store.stop();
});

function service(name: string, spec: object = {}): Promise<Service> {
  return api.ok<Service>(`POST ${SERVICES}`, {
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });
}

function refused(spec: object) {
  const full = { ports: [{ port: 80 }], ...spec };
  return api.fails(`POST ${SERVICES}`, { metadata: { name: 'x' }, spec: full });
}

describe('cluster addresses', () => {
  it('are given once, also to writes at the same time, until the range is full', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const made = await Promise.all(names.map((name) => service(name)));
    const addresses = new Set(made.map(({ spec }) => spec?.clusterIP));
    expect(addresses.size).toBe(12);
    expect(addresses.has('10.96.0.1')).toBe(false);
    expect(addresses.has('10.96.0.10')).toBe(false);
    expect(await refused({})).toMatchObject({ code: 500 });
    await api.ok(`DELETE ${SERVICES}/s3`);
    await service('again');
  });

  it('may be asked for, or refused', async () => {
    const { spec } = await service('dns', { clusterIP: '10.96.0.10' });
    expect(spec).toMatchObject({
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect((await refused({ clusterIP: '10.96.0.10' })).message).toContain(
      'provided IP is already allocated',
    );
    expect((await refused({ clusterIP: '10.1.2.3' })).message).toContain('not in the valid range');
  });

  it('are none for headless services', async () => {
    const { spec } = await service('headless', { clusterIP: 'None' });
    expect(spec?.clusterIPs).toEqual(['None']);
    expect(spec).toMatchObject({
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
    const selecting = await service('web', { clusterIP: 'None', selector: { app: 'web' } });
    expect(selecting.spec).toMatchObject({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  });

  it('are of the one family that there is', async () => {
    const ports = [{ port: 80 }];
    const faultOf = async (spec: object) => (await refused({ ports, ...spec })).message;
    expect(await faultOf({ ipFamilies: ['IPv6'] })).toContain('not configured on this cluster');
    expect(await faultOf({ ipFamilyPolicy: 'RequireDualStack' })).toContain(
      'this cluster is not configured for dual-stack services',
    );
  });

  it('stay through updates, several at once too', async () => {
    const { spec } = await service('svc');
    const patches = ['a', 'b', 'c'].map((label) =>
      api.ok<Service>(`PATCH ${SERVICES}/svc`, { metadata: { labels: { [label]: 'x' } } }),
    );
    for (const patched of await Promise.all(patches)) {
      expect(patched.spec?.clusterIP).toBe(spec?.clusterIP);
    }
  });
});

describe('node ports', () => {
  it('come from their range, are unique, and go with the type', async () => {
    const { spec } = await service('np', { type: 'NodePort' });
    const port = spec?.ports?.[0]?.nodePort ?? 0;
    expect(port).toBeGreaterThanOrEqual(30_000);
    expect(port).toBeLessThanOrEqual(32_767);
    const ports = [{ port: 80, nodePort: port }];
    expect((await refused({ type: 'NodePort', ports })).message).toContain(
      'provided port is already allocated',
    );
    const wrong = [{ port: 80, nodePort: 80 }];
    expect((await refused({ type: 'NodePort', ports: wrong })).message).toContain(
      'The range of valid ports is 30000-32767',
    );
    await api.ok(`PUT ${SERVICES}/np`, {
      metadata: { name: 'np' },
      spec: { ports: [{ port: 80 }] },
    });
    await service('other', { type: 'NodePort', ports });
  });

  it('are shared by protocols of one port, when asked for', async () => {
    const shared = { port: 80, nodePort: 30_123 };
    const ports = [
      { name: 't', protocol: 'TCP', ...shared },
      { name: 'u', protocol: 'UDP', ...shared },
    ];
    const { spec } = await service('both', { type: 'NodePort', ports });
    expect(spec?.ports?.map(({ nodePort }) => nodePort)).toEqual([30_123, 30_123]);
  });
});

describe('addresses as numbers', () => {
  it('reads and writes', () => {
    expect(parseRange('10.96.0.0/12')).toEqual({
      text: '10.96.0.0/12',
      base: 0x0a600000,
      size: 2 ** 20,
    });
    expect(formatAddress(0xfffefdfc)).toBe('255.254.253.252');
    expect(parseAddress('1.2.3.256')).toBeUndefined();
    expect(parseAddress('1.2.3')).toBeUndefined();
  });
});
