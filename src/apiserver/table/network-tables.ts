// `kubectl get` of Services, Endpoints and EndpointSlices.
import type { Endpoints, EndpointSlice, Service } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import {
  ageColumn,
  ageOf,
  column,
  field,
  formatLabels,
  nameColumn,
  shortList,
  sortedPoints,
  type KindTable,
} from './column.ts';

function externalText({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return spec.externalName ?? '';
  if (spec?.type !== 'LoadBalancer') return external.join(',') || '<none>';
  const points = sortedPoints(status?.loadBalancer?.ingress);
  return [...points, ...external].join(',') || '<pending>';
}

function portText({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.join(',') || '<none>';
}

export const serviceTable: KindTable<Service> = {
  columns: [
    nameColumn,
    column('Type', field('ServiceSpec', 'type')),
    column('Cluster-IP', field('ServiceSpec', 'clusterIP')),
    column('External-IP', field('ServiceSpec', 'externalIPs')),
    column('Port(s)', field('ServiceSpec', 'ports')),
    ageColumn,
    column('Selector', field('ServiceSpec', 'selector'), { wide: true }),
  ],
  cells: (service, nowMs) => [
    nameOf(service),
    service.spec?.type ?? '',
    service.spec?.clusterIPs?.[0] || service.spec?.clusterIP || '<none>',
    externalText(service),
    portText(service),
    ageOf(service, nowMs),
    formatLabels(service.spec?.selector),
  ],
};

const hostPort = (ip: string, port: number) =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

function endpointAddresses({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
}

export const endpointsTable: KindTable<Endpoints> = {
  columns: [nameColumn, column('Endpoints', field('Endpoints', 'subsets')), ageColumn],
  cells(endpoints, nowMs) {
    const whenEmpty = endpoints.subsets?.length ? '' : '<none>';
    const list = shortList(endpointAddresses(endpoints), whenEmpty);
    return [nameOf(endpoints), list, ageOf(endpoints, nowMs)];
  },
};

export const endpointSliceTable: KindTable<EndpointSlice> = {
  columns: [
    nameColumn,
    column('AddressType', field('EndpointSlice', 'addressType')),
    column('Ports', field('EndpointSlice', 'ports')),
    column('Endpoints', field('EndpointSlice', 'endpoints')),
    ageColumn,
  ],
  cells(slice, nowMs) {
    const ports = (slice.ports ?? []).map(({ port, name }) => String(port ?? name ?? '*'));
    const addresses = (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    return [
      nameOf(slice),
      slice.addressType ?? '',
      shortList(ports, '<unset>'),
      shortList(addresses, '<unset>'),
      ageOf(slice, nowMs),
    ];
  },
};
