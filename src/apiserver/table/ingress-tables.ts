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
  sortedPoints,
  type KindTable,
} from './column.ts';

/** Rules without a host are counted, though not shown, as in the reference. */
function hostsOf({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host = '' } of rules) {
    more ||= shown.length === HOSTS_SHOWN;
    if (!more && host !== '') shown.push(host);
  }
  const text = shown.join(',') || '*';
  return more ? `${text} + ${rules.length - HOSTS_SHOWN} more...` : text;
}

const HOSTS_SHOWN = 3;
const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

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
      sortedPoints(points).join(','),
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
    const { name = '', annotations } = ingressClass.metadata;
    const shown = annotations?.[IS_DEFAULT] === 'true' ? `${name} (default)` : name;
    return [shown, controller, reference ?? '<none>', ageOf(ingressClass, nowMs)];
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

function parentText(parent: ParentReference | undefined): string {
  if (!parent) return '<none>';
  const { group = '', resource, namespace = '', name } = parent;
  const kind = `${resource}${group === '' ? '' : `.${group}`}`.toLowerCase();
  return [kind, ...(namespace === '' ? [] : [namespace]), name].join('/');
}

/** Its rows have a cell more than there are columns, as in the reference. */
export const ipAddressTable: KindTable<IPAddress> = {
  columns: [nameColumn, column('ParentRef', field('IPAddressSpec', 'parentRef'))],
  cells: (address, nowMs) => [
    nameOf(address),
    parentText(address.spec?.parentRef),
    ageOf(address, nowMs),
  ],
};

export const serviceCidrTable: KindTable<ServiceCIDR> = {
  columns: [nameColumn, column('CIDRs', field('ServiceCIDRSpec', 'cidrs')), ageColumn],
  cells: (range, nowMs) => [
    nameOf(range),
    (range.spec?.cidrs ?? []).join(','),
    ageOf(range, nowMs),
  ],
};
