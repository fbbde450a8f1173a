// Which slices to create, change and delete so that they hold exactly the endpoints of a Service.
import type { Endpoint, EndpointSlice, Service } from '../../../api/generated/types.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import { controllerReference, nameOf, namespaceOf } from '../../../api/meta/object.ts';
import { portKey, type PortGroup } from './service-endpoints.ts';

/** SS-905. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'endpointslice-controller.k8s.io';
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** More endpoints than this go to another slice, so that one change does not resend them all. */
const ENDPOINTS_MAX = 100;

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

/** SS-905; a Service without a cluster address is headless. */
export function sliceLabels(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [SERVICE_NAME_LABEL]: nameOf(service),
    [MANAGED_BY_LABEL]: MANAGER,
    ...(service.spec?.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
  };
}

function newSlice(service: Service, { ports, endpoints }: PortGroup): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${nameOf(service)}-`,
      namespace: namespaceOf(service),
      labels: sliceLabels(service),
      ownerReferences: [controllerReference({ ...service, apiVersion: 'v1', kind: 'Service' })],
    },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

const identityOf = (endpoint: Endpoint) => endpoint.targetRef?.uid ?? endpoint.addresses.join();

/** Endpoints stay in the slice they are in; new ones fill slices with room, then new slices. */
function planGroup(service: Service, group: PortGroup, existing: readonly EndpointSlice[]) {
  const wanted = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const kept = existing.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const current = wanted.get(identityOf(endpoint));
      wanted.delete(identityOf(endpoint));
      return current ? [current] : [];
    });
    return { slice, endpoints };
  });
  const rest = [...wanted.values()];
  for (const { endpoints } of kept) {
    endpoints.push(...rest.splice(0, Math.max(ENDPOINTS_MAX - endpoints.length, 0)));
  }
  const create: EndpointSlice[] = [];
  while (rest.length > 0) {
    create.push(
      newSlice(service, { ports: group.ports, endpoints: rest.splice(0, ENDPOINTS_MAX) }),
    );
  }
  return { kept, create };
}

function changed(service: Service, slice: EndpointSlice, endpoints: Endpoint[]): boolean {
  return (
    !semanticEqual(slice.endpoints, endpoints) ||
    !semanticEqual(slice.metadata.labels, sliceLabels(service))
  );
}

/**
 * `existing`: the slices of this Service that we manage. A Service always has at least one slice.
 */
export function planSlices(
  service: Service,
  groups: readonly PortGroup[],
  existing: readonly EndpointSlice[],
): SlicePlan {
  const wantedGroups = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const remaining = new Set(existing);
  for (const group of wantedGroups) {
    const same = existing.filter((slice) => portKey(slice.ports ?? []) === portKey(group.ports));
    const planned = planGroup(service, group, same);
    create.push(...planned.create);
    for (const { slice, endpoints } of planned.kept) {
      if (endpoints.length === 0 && group.endpoints.length > 0) continue;
      remaining.delete(slice);
      if (!changed(service, slice, endpoints)) continue;
      update.push({
        ...slice,
        endpoints,
        metadata: { ...slice.metadata, labels: sliceLabels(service) },
      });
    }
    if (group.endpoints.length === 0 && same.length === 0) create.push(newSlice(service, group));
  }
  return { create, update, delete: [...remaining] };
}
