import { expect, it } from 'vitest';
import type { Pod, Service } from '../../../api/generated/types.ts';
import { buildEndpoints } from './plan-endpoints.ts';

const service = (ports: NonNullable<Service['spec']>['ports']): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: 'None', selector: { app: 'web' }, ports },
});

/** A ready pod whose port `http` has the number. */
const buildPod = (name: string, podIP: string, containerPort: number): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: name },
  spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort }] }] },
  status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] },
});

/** `addresses: ports` of each subset. */
const subsets = (ports: NonNullable<Service['spec']>['ports'], ...pods: Pod[]) =>
  buildEndpoints(service(ports), pods).subsets?.map(
    (subset) =>
      `${subset.addresses?.map(({ ip }) => ip).join()}: ` +
      (subset.ports ?? []).map(({ name, port, protocol }) => `${name} ${port}/${protocol}`).join(),
  );

const a = buildPod('a', '10.0.0.1', 8080);
const b = buildPod('b', '10.0.0.2', 9090);
const http = { name: 'http', port: 80, targetPort: 'http' };
const tls = { name: 'tls', port: 443 };

it('ports that lead to the same pods share a subset', () => {
  expect(subsets([http, tls], a, b)?.toSorted()).toEqual([
    '10.0.0.1,10.0.0.2: tls 443/TCP',
    '10.0.0.1: http 8080/TCP',
    '10.0.0.2: http 9090/TCP',
  ]);
});

it('the order of ports is that of a recorded server, whatever the order of the Service', () => {
  const first = { name: 'a', port: 80 };
  const second = { name: 'b', port: 53, targetPort: 5353, protocol: 'UDP' };
  const expected = ['10.0.0.1: b 5353/UDP,a 80/TCP'];
  expect(subsets([first, second], a)).toEqual(expected);
  expect(subsets([second, first], a)).toEqual(expected);
});

it('a Service without ports has addresses only', () => {
  expect(subsets([], b, a)).toEqual(['10.0.0.1,10.0.0.2: ']);
});
