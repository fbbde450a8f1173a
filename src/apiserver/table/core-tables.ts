// `kubectl get` of nodes, namespaces, events, configuration, accounts and leases.
import type {
  ConfigMap,
  Event,
  Lease,
  Namespace,
  Node,
  NodeSystemInfo,
  Secret,
  ServiceAccount,
} from '../../api/generated/types.ts';
import { age } from '../../api/meta/duration.ts';
import { nameOf } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';

const wide = { wide: true };
const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeStatusText({ spec, status }: Node): string {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  const text = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${text},SchedulingDisabled` : text;
}

function roleText({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX) && label !== ROLE_PREFIX) {
      roles.add(label.slice(ROLE_PREFIX.length));
    } else if (label === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].toSorted().join(',') || '<none>';
}

function addressText({ status }: Node, wanted: string): string {
  return (status?.addresses ?? []).find(({ type }) => type === wanted)?.address ?? '<none>';
}

function kernelText(info: NodeSystemInfo | undefined): string {
  const version = info?.kernelVersion || '<unknown>';
  return info?.architecture ? `${version} (${info.architecture})` : version;
}

export const nodeTable: KindTable<Node> = {
  columns: [
    nameColumn,
    column('Status', 'The status of the node'),
    column('Roles', 'The roles of the node'),
    ageColumn,
    column('Version', field('NodeSystemInfo', 'kubeletVersion')),
    column('Internal-IP', field('NodeStatus', 'addresses'), wide),
    column('External-IP', field('NodeStatus', 'addresses'), wide),
    column('OS-Image', field('NodeSystemInfo', 'osImage'), wide),
    column('Kernel-Version', field('NodeSystemInfo', 'kernelVersion'), wide),
    column('Container-Runtime', field('NodeSystemInfo', 'containerRuntimeVersion'), wide),
  ],
  cells(node, nowMs) {
    const info = node.status?.nodeInfo;
    return [
      nameOf(node),
      nodeStatusText(node),
      roleText(node),
      ageOf(node, nowMs),
      info?.kubeletVersion ?? '',
      addressText(node, 'InternalIP'),
      addressText(node, 'ExternalIP'),
      info?.osImage || '<unknown>',
      kernelText(info),
      info?.containerRuntimeVersion || '<unknown>',
    ];
  },
};

export const namespaceTable: KindTable<Namespace> = {
  columns: [nameColumn, column('Status', 'The status of the namespace'), ageColumn],
  cells: (namespace, nowMs) => [
    nameOf(namespace),
    namespace.status?.phase ?? '',
    ageOf(namespace, nowMs),
  ],
};

/** When an event was first and last seen, and how often, old form and new. */
function eventTimes(event: Event, nowMs: number) {
  const first = age(event.firstTimestamp ?? event.eventTime, nowMs);
  const last = event.lastTimestamp ? age(event.lastTimestamp, nowMs) : first;
  const { series } = event;
  if (!series) return { first, last, count: event.count || 1 };
  return { first, last: age(series.lastObservedTime, nowMs), count: series.count ?? 0 };
}

function eventSourceText(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

export const eventTable: KindTable<Event> = {
  columns: [
    column('Last Seen', field('Event', 'lastTimestamp')),
    column('Type', field('Event', 'type')),
    column('Reason', field('Event', 'reason')),
    column('Object', field('Event', 'involvedObject')),
    column('Subobject', field('ObjectReference', 'fieldPath'), wide),
    column('Source', field('Event', 'source'), wide),
    column('Message', field('Event', 'message')),
    column('First Seen', field('Event', 'firstTimestamp'), wide),
    column('Count', field('Event', 'count'), wide),
    { ...nameColumn, priority: 1 },
  ],
  cells(event, nowMs) {
    const { first, last, count } = eventTimes(event, nowMs);
    const { kind = '', name = '', fieldPath = '' } = event.involvedObject ?? {};
    return [
      last,
      event.type ?? '',
      event.reason ?? '',
      name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
      fieldPath,
      eventSourceText(event),
      (event.message ?? '').trim(),
      first,
      count,
      nameOf(event),
    ];
  },
};

const size = (map: object | undefined) => Object.keys(map ?? {}).length;

export const configMapTable: KindTable<ConfigMap> = {
  columns: [nameColumn, column('Data', field('ConfigMap', 'data')), ageColumn],
  cells: (map, nowMs) => [nameOf(map), size(map.data) + size(map.binaryData), ageOf(map, nowMs)],
};

export const secretTable: KindTable<Secret> = {
  columns: [
    nameColumn,
    column('Type', field('Secret', 'type')),
    column('Data', field('Secret', 'data')),
    ageColumn,
  ],
  cells: (secret, nowMs) => [
    nameOf(secret),
    secret.type ?? '',
    size(secret.data),
    ageOf(secret, nowMs),
  ],
};

export const serviceAccountTable: KindTable<ServiceAccount> = {
  columns: [nameColumn, ageColumn],
  cells: (account, nowMs) => [nameOf(account), ageOf(account, nowMs)],
};

export const leaseTable: KindTable<Lease> = {
  columns: [nameColumn, column('Holder', field('LeaseSpec', 'holderIdentity')), ageColumn],
  cells: (lease, nowMs) => [nameOf(lease), lease.spec?.holderIdentity ?? '', ageOf(lease, nowMs)],
};
