import { expect, it } from 'vitest';
import type { Ingress, ServiceCIDR } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const INGRESSES = 'ingresses.networking.k8s.io';
const POLICIES = 'networkpolicies.networking.k8s.io';
const ADDRESSES = 'ipaddresses.networking.k8s.io';
const RANGES = 'servicecidrs.networking.k8s.io';

const backend = { service: { name: 's', port: { number: 80 } } };
const policyOf = (rule: JsonObject) => ({ spec: { podSelector: {}, ingress: [rule] } });
const ranges = (...cidrs: string[]) => ({ spec: { cidrs } });

it.each<[string, JsonObject, string[]]>([
  [INGRESSES, { spec: { defaultBackend: { service: { name: '1s', port: { number: 80 } } } } }, []],
  [
    INGRESSES,
    { spec: {} },
    ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
  ],
  [
    POLICIES,
    policyOf({ ports: [{ protocol: 'X' }] }),
    [
      'spec.ingress[0].ports[0].protocol: Unsupported value: "X": ' +
        'supported values: "TCP", "UDP", "SCTP"',
    ],
  ],
  [
    POLICIES,
    policyOf({ from: [{ ipBlock: { cidr: '10.0.0.1/8', except: ['10.0.0.0/8'] } }] }),
    [
      'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/8": ' +
        'must not have bits set beyond the prefix length',
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": ' +
        'must be a strict subset of `cidr`',
    ],
  ],
  [
    ADDRESSES,
    { metadata: { name: 'FE80::1' }, spec: { parentRef: { resource: 'a/b' } } },
    [
      'metadata.name: Invalid value: "FE80::1": must be in canonical form ("fe80::1")',
      'spec.parentRef.resource: Invalid value: "a/b": may not contain \'/\'',
      'spec.parentRef.name: Required value',
    ],
  ],
  [RANGES, { spec: {} }, ['spec.cidrs: Required value: at least one CIDR required']],
  [
    RANGES,
    ranges('10.0.0.0/8', '11.0.0.0/8'),
    [
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP ' +
        'for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ],
])('API-314: a new object of %s: %j', (kind, body, errors) => {
  expect(create(kind, body).errors).toEqual(errors);
});

it('API-314: a service range may get a second family and nothing else', () => {
  const change = (...cidrs: string[]) =>
    update<ServiceCIDR>(RANGES, ranges('10.0.0.0/8'), ({ spec }) => (spec!.cidrs = cidrs)).errors;
  expect(change('10.0.0.0/8', 'fd00::/64')).toEqual([]);
  expect(change('11.0.0.0/8')).toEqual([
    'spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable',
  ]);
  expect(change()).toEqual(['spec.cidrs: Invalid value: []: field is immutable']);
});

it('API-314: old forms are warned about', () => {
  const annotations = { 'kubernetes.io/ingress.class': 'c' };
  const body = { metadata: { annotations }, spec: { defaultBackend: backend } };
  expect(create(INGRESSES, body).warnings).toEqual([
    'annotation "kubernetes.io/ingress.class" is deprecated, ' +
      "please use 'spec.ingressClassName' instead",
  ]);
  const status = update<Ingress>(
    INGRESSES,
    { spec: { defaultBackend: backend } },
    (ingress) => (ingress.status = { loadBalancer: { ingress: [{ ip: 'FE80::1' }] } }),
    { subresource: 'status' },
  );
  expect(status.errors).toEqual([]);
  expect(status.warnings).toEqual([
    'status.loadBalancer.ingress[0]: IPv6 address "FE80::1" should be in RFC 5952 canonical ' +
      'format ("fe80::1")',
  ]);
  const block = policyOf({ from: [{ ipBlock: { cidr: 'FE80::/64' } }] });
  expect(create(POLICIES, block).warnings).toEqual([
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FE80::/64" should be in RFC 5952 ' +
      'canonical format ("fe80::/64")',
  ]);
});
