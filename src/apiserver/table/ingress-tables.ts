// `kubectl get` of ingresses and their classes, network policies, IP addresses and service ranges.
import type {
  IPAddress,
  Ingress,
  IngressClass,
  NetworkPolicy,
  ParentReference,
  ServiceCIDR,
} from '../../api/generated/types.ts';
import { formatSelector, selectorFromObject } from '../../api/meta/labels.ts';
import { nameOf } from '../../api/meta/object.ts';
import {
  ageColumn,
  ageOf,
  column,
  field,
  nameColumn,
  shortList,
  type KindTable,
} from './column.ts';

function hostsOf({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).map(({ host }) => host ?? '').filter((host) => host !== '');
  return shortList(hosts, '*');
}

export const ingressTable: KindTable<Ingress> = {
  columns: [
    nameColumn,
    column(
      'Class',
      'The name of the IngressClass resource that should be used for additional configuration',
    ),
    column('Hosts', 'Hosts that incoming requests are matched against before the ingress rule'),
    column('Address', 'Address is a list containing ingress points for the load-balancer'),
    column('Ports', 'Ports of TLS configurations that open'),
    ageColumn,
  ],
  cells: (ingress, nowMs) => {
    const { spec, status } = ingress;
    const points = status?.loadBalancer?.ingress ?? [];
    return [
      nameOf(ingress),
      spec?.ingressClassName ?? '<none>',
      hostsOf(ingress),
      points.map(({ ip, hostname }) => ip || (hostname ?? '')).join(','),
      (spec?.tls ?? []).length > 0 ? '80, 443' : '80',
      ageOf(ingress, nowMs),
    ];
  },
};

export const ingressClassTable: KindTable<IngressClass> = {
  columns: [
    nameColumn,
    column('Controller', 'Controller that is responsible for handling this class'),
    column('Parameters', 'A reference to a resource with additional parameters'),
    ageColumn,
  ],
  cells: (ingressClass, nowMs) => {
    const { controller = '', parameters } = ingressClass.spec ?? {};
    const group = parameters?.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
    const reference = parameters && `${parameters.kind}${group}/${parameters.name}`;
    return [nameOf(ingressClass), controller, reference ?? '<none>', ageOf(ingressClass, nowMs)];
  },
};

export const networkPolicyTable: KindTable<NetworkPolicy> = {
  columns: [
    nameColumn,
    column('Pod-Selector', field('NetworkPolicySpec', 'podSelector')),
    ageColumn,
  ],
  cells: (policy, nowMs) => [
    nameOf(policy),
    formatSelector(selectorFromObject(policy.spec?.podSelector ?? {})) || '<none>',
    ageOf(policy, nowMs),
  ],
};

const NO_PARENT: ParentReference = { resource: '', name: '' };

export const ipAddressTable: KindTable<IPAddress> = {
  columns: [nameColumn, column('ParentRef', field('IPAddressSpec', 'parentRef')), ageColumn],
  cells: (address, nowMs) => {
    const { group = '', resource, namespace = '', name } = address.spec?.parentRef ?? NO_PARENT;
    const parts = [`${resource}${group === '' ? '' : `.${group}`}`, namespace, name];
    const parent = parts.filter((part) => part !== '').join('/');
    return [nameOf(address), parent, ageOf(address, nowMs)];
  },
};

export const serviceCidrTable: KindTable<ServiceCIDR> = {
  columns: [nameColumn, column('CIDRs', field('ServiceCIDRSpec', 'cidrs')), ageColumn],
  cells: (range, nowMs) => [
    nameOf(range),
    (range.spec?.cidrs ?? []).join(','),
    ageOf(range, nowMs),
  ],
};
