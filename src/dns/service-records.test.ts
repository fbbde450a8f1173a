import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { serviceRecords } from './service-records.ts';

const zone = 'cluster.local';

function service(spec: Service['spec']): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'nginx', namespace: 'shop' },
    spec,
  };
}

function slice(endpoints: EndpointSlice['endpoints'], ports: EndpointSlice['ports'] = []) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'nginx-1', namespace: 'shop' },
    addressType: 'IPv4',
    endpoints,
    ports,
  } satisfies EndpointSlice;
}

const web0 = { addresses: ['10.244.0.7'], hostname: 'web-0', conditions: { ready: true } };
const headless = service({ clusterIP: 'None', selector: { app: 'web' } });

describe('serviceRecords()', () => {
  it('SS-906, SS-907: a headless Service has an address per ready endpoint, and one by hostname', () => {
    const records = serviceRecords(headless, [slice([web0])], zone);
    expect(records).toContainEqual({
      name: 'nginx.shop.svc.cluster.local',
      type: 'A',
      address: '10.244.0.7',
    });
    expect(records).toContainEqual({
      name: 'web-0.nginx.shop.svc.cluster.local',
      type: 'A',
      address: '10.244.0.7',
    });
  });

  it('SS-908: an endpoint that is not ready has no record', () => {
    const notReady = { ...web0, conditions: { ready: false } };
    expect(serviceRecords(headless, [slice([notReady])], zone)).toEqual([]);
  });

  it('SS-909: SRV for named ports only, PTR for endpoints with hostname', () => {
    const ports = [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: '', port: 81, protocol: 'TCP' },
    ];
    const records = serviceRecords(headless, [slice([web0], ports)], zone);
    expect(records.filter(({ type }) => type === 'SRV')).toEqual([
      {
        name: '_http._tcp.nginx.shop.svc.cluster.local',
        type: 'SRV',
        target: 'web-0.nginx.shop.svc.cluster.local',
        port: 80,
      },
    ]);
    expect(records.filter(({ type }) => type === 'PTR')).toEqual([
      {
        name: '7.0.244.10.in-addr.arpa',
        type: 'PTR',
        target: 'web-0.nginx.shop.svc.cluster.local',
      },
    ]);
  });

  it('SS-910: an endpoint without hostname is named after its address, and has no PTR', () => {
    const anonymous = { addresses: ['10.244.0.9'], conditions: { ready: true } };
    const records = serviceRecords(headless, [slice([anonymous])], zone);
    expect(records.map(({ name }) => name)).toEqual([
      'nginx.shop.svc.cluster.local',
      '10-244-0-9.nginx.shop.svc.cluster.local',
    ]);
  });

  it('SS-912: a ClusterIP Service has one address and no per-pod records', () => {
    const clusterIp = service({ clusterIP: '10.96.4.2', ports: [{ name: 'http', port: 80 }] });
    const records = serviceRecords(clusterIp, [slice([web0])], zone);
    expect(records.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'A nginx.shop.svc.cluster.local',
      'PTR 2.4.96.10.in-addr.arpa',
      'SRV _http._tcp.nginx.shop.svc.cluster.local',
    ]);
  });

  it('an ExternalName Service is an alias', () => {
    const external = service({ type: 'ExternalName', externalName: 'DB.example.com.' });
    expect(serviceRecords(external, [], zone)).toEqual([
      { name: 'nginx.shop.svc.cluster.local', type: 'CNAME', target: 'db.example.com' },
    ]);
  });
});
