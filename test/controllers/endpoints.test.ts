import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/api/generated/types.ts';
import { endpoints, endpointSlices, pods, services } from '../../src/api/resources.ts';
import { podOf, useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: '*' });

const app = { app: 'web' };

/** A pod behind the Service `web`, running with an address. */
async function startPod(
  namespace: string,
  name: string,
  { ip, ready, spec = {} }: { ip: string; ready: boolean; spec?: Partial<Pod['spec']> },
): Promise<void> {
  const { metadata, ...rest } = podOf(namespace, name, { spec: { nodeName: 'n', ...spec } });
  const pod = await cluster.create(pods, { ...rest, metadata: { ...metadata, labels: app } });
  await setReady(pod, ip, ready);
}

const setReady = (pod: Pod, ip: string, ready: boolean) =>
  cluster.client.resource(pods).updateStatus({
    ...pod,
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  });

async function slicesOf(namespace: string) {
  const { items } = await cluster.client.resource(endpointSlices).list({ namespace });
  return items;
}

/** `address hostname? ready/serving/terminating`, sorted. */
async function endpointsOf(namespace: string): Promise<string[]> {
  const all = (await slicesOf(namespace)).flatMap((slice) => slice.endpoints ?? []);
  return all
    .map(({ addresses, hostname = '-', conditions = {} }) => {
      const { ready, serving, terminating } = conditions;
      return `${addresses.join()} ${hostname} ${ready}/${serving}/${terminating}`;
    })
    .toSorted();
}

const makeService = (namespace: string, spec: object = {}) =>
  cluster.create(services, {
    metadata: { name: 'web', namespace, labels: { tier: 'front' } },
    spec: { clusterIP: 'None', selector: app, ...spec },
  });

describe('slices', () => {
  it('SS-902 … SS-905: addresses, names, conditions and labels follow the pods', async () => {
    await cluster.node('n');
    const namespace = await cluster.namespace('follow');
    await makeService(namespace);
    const spec = { hostname: 'web-0', subdomain: 'web' };
    await startPod(namespace, 'web-0', { ip: '10.0.0.1', ready: true, spec });
    await startPod(namespace, 'x', { ip: '10.0.0.2', ready: false });
    await cluster.eventually(
      () => endpointsOf(namespace),
      ['10.0.0.1 web-0 true/true/false', '10.0.0.2 - false/false/false'],
    );
    const [slice] = await slicesOf(namespace);
    expect(slice?.metadata.labels).toEqual({
      tier: 'front',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    });
    expect(slice?.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    await cluster.client.resource(pods).delete({ namespace, name: 'web-0' });
    await cluster.eventually(
      () => endpointsOf(namespace),
      ['10.0.0.1 web-0 false/true/true', '10.0.0.2 - false/false/false'],
    );
    const now = { gracePeriodSeconds: 0 };
    await cluster.client.resource(pods).delete({ namespace, name: 'web-0' }, now);
    await cluster.eventually(() => endpointsOf(namespace), ['10.0.0.2 - false/false/false']);
  });

  it('SS-903, SS-911: a hostname needs the Service as subdomain, and one of its own', async () => {
    const namespace = await cluster.namespace('hostname');
    await makeService(namespace);
    const spec = { hostname: 'a', subdomain: 'other' };
    await startPod(namespace, 'a', { ip: '10.0.6.1', ready: true, spec });
    await startPod(namespace, 'b', { ip: '10.0.6.2', ready: true, spec: { subdomain: 'web' } });
    await startPod(namespace, 'c', { ip: '10.0.6.3', ready: true, spec: { hostname: 'c' } });
    await startPod(namespace, 'd', {
      ip: '10.0.6.4',
      ready: true,
      spec: { hostname: 'd', subdomain: 'web' },
    });
    await cluster.eventually(
      () => endpointsOf(namespace),
      [
        '10.0.6.1 - true/true/false',
        '10.0.6.2 - true/true/false',
        '10.0.6.3 - true/true/false',
        '10.0.6.4 d true/true/false',
      ],
    );
  });

  it('SS-915: pods of a node that is not there are left out, unless all are published', async () => {
    const namespace = await cluster.namespace('no-node');
    await makeService(namespace, { ports: [{ port: 80 }] });
    await cluster.create(services, {
      metadata: { name: 'all', namespace },
      spec: { clusterIP: 'None', selector: app, publishNotReadyAddresses: true },
    });
    const spec = { nodeName: 'gone' };
    await startPod(namespace, 'a', { ip: '10.0.7.1', ready: true, spec });
    await startPod(namespace, 'b', { ip: '10.0.7.2', ready: true });
    const addressesOf = async (service: string) =>
      (await slicesOf(namespace))
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
        .flatMap((slice) => slice.endpoints?.flatMap(({ addresses }) => addresses) ?? [])
        .toSorted();
    await cluster.eventually(() => addressesOf('web'), ['10.0.7.2']);
    await cluster.eventually(() => addressesOf('all'), ['10.0.7.1', '10.0.7.2']);
    // The legacy object does not look at nodes.
    const legacy = await cluster.get(endpoints, { namespace, name: 'web' });
    expect(legacy?.subsets?.[0]?.addresses?.map(({ ip }) => ip)).toEqual(['10.0.7.1', '10.0.7.2']);
    await cluster.node('gone');
    await cluster.eventually(() => addressesOf('web'), ['10.0.7.1', '10.0.7.2']);
  });

  it('SS-904: publishNotReadyAddresses makes everything ready', async () => {
    const namespace = await cluster.namespace('publish');
    await makeService(namespace, { publishNotReadyAddresses: true });
    await startPod(namespace, 'a', { ip: '10.0.1.1', ready: false });
    await cluster.eventually(() => endpointsOf(namespace), ['10.0.1.1 - true/false/false']);
  });

  it('SS-902: a pod that has ended or that is not selected any more leaves', async () => {
    const namespace = await cluster.namespace('leave');
    await makeService(namespace);
    await startPod(namespace, 'a', { ip: '10.0.2.1', ready: true });
    await startPod(namespace, 'b', { ip: '10.0.2.2', ready: true });
    await cluster.eventually(async () => (await endpointsOf(namespace)).length, 2);
    const api = cluster.client.resource(pods);
    const a = await api.get({ namespace, name: 'a' });
    await api.updateStatus({ ...a, status: { ...a.status, phase: 'Failed' } });
    const body = { metadata: { labels: { app: 'other' } } };
    await api.patch({ namespace, name: 'b' }, { type: 'merge', body });
    await cluster.eventually(() => endpointsOf(namespace), []);
    expect(await slicesOf(namespace)).toHaveLength(1);
  });

  it('SS-905: more than a hundred endpoints need another slice; they go with the Service', async () => {
    const namespace = await cluster.namespace('large');
    await makeService(namespace);
    const all = Array.from({ length: 120 }, (_, index) => index + 1);
    await Promise.all(
      all.map((index) => startPod(namespace, `p-${index}`, { ip: `10.0.3.${index}`, ready: true })),
    );
    const sizes = async () =>
      (await slicesOf(namespace)).map((slice) => slice.endpoints?.length ?? 0);
    await cluster.eventually(async () => {
      const found = await sizes();
      return [found.length, found.reduce((sum, size) => sum + size, 0)];
    }, [2, 120]);
    expect(Math.max(...(await sizes()))).toBeLessThanOrEqual(100);
    await cluster.client.resource(services).delete({ namespace, name: 'web' });
    await cluster.eventually(() => sizes(), []);
  });

  it('a named target port leads each pod to its own port', async () => {
    const namespace = await cluster.namespace('ports');
    const port = { name: 'http', port: 80, targetPort: 'web' };
    await makeService(namespace, { ports: [port] });
    const container = (containerPort: number) => ({
      containers: [{ name: 'c', image: 'app:1', ports: [{ name: 'web', containerPort }] }],
    });
    await startPod(namespace, 'a', { ip: '10.0.4.1', ready: true, spec: container(8080) });
    await startPod(namespace, 'b', { ip: '10.0.4.2', ready: true, spec: container(9090) });
    const found = async () =>
      (await slicesOf(namespace))
        .map(({ ports, endpoints: list }) => `${ports?.[0]?.port} ${list?.[0]?.addresses[0]}`)
        .toSorted();
    await cluster.eventually(found, ['8080 10.0.4.1', '9090 10.0.4.2']);
  });
});

describe('the legacy object', () => {
  it('separates ready from not ready addresses and goes with the Service', async () => {
    const namespace = await cluster.namespace('legacy');
    await makeService(namespace, { ports: [{ port: 80 }] });
    await startPod(namespace, 'a', { ip: '10.0.5.1', ready: true });
    await startPod(namespace, 'b', { ip: '10.0.5.2', ready: false });
    const name = { namespace, name: 'web' };
    await cluster.eventually(async () => {
      const subsets = (await cluster.get(endpoints, name))?.subsets ?? [];
      return subsets.map(({ addresses, notReadyAddresses, ports }) => [
        addresses?.map(({ ip }) => ip),
        notReadyAddresses?.map(({ ip }) => ip),
        ports?.map(({ port }) => port),
      ]);
    }, [[['10.0.5.1'], ['10.0.5.2'], [80]]]);
    await cluster.client.resource(services).delete(name);
    await cluster.gone(endpoints, name);
  });

  it('objects without a Service are left alone', async () => {
    const namespace = await cluster.namespace('own');
    const name = { namespace, name: 'mine' };
    await cluster.create(endpoints, { metadata: name, subsets: [] });
    const body = { metadata: { labels: { a: 'b' } } };
    await cluster.client.resource(endpoints).patch(name, { type: 'merge', body });
    await makeService(namespace);
    await cluster.eventually(
      async () => (await cluster.get(endpoints, { namespace, name: 'web' })) !== undefined,
      true,
    );
    expect(await cluster.get(endpoints, name)).toBeDefined();
  });
});
