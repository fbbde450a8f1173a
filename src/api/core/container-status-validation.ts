// What the status of a pod says of its containers' users, resources and volumes, and of its claims.
import type {
  Container,
  ContainerStatus,
  PodExtendedResourceClaimStatus,
  PodResourceClaimStatus,
  PodSpec,
  PodStatus,
  ResourceHealth,
  VolumeMountStatus,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { validateRange } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, dnsSubdomain, isBlank } from './field-rules.ts';

const STATUS = fieldPath('status');
const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
const HEALTHS = ['Healthy', 'Unhealthy', 'Unknown'];
const ID_MAX = 2 ** 31 - 1;
const HEALTH_MESSAGE_MAX = 1024;
const IMAGE_REFERENCE_MAX = 256;

/** The claims of the pod in its status. */
export function* validateClaimStatuses(status: PodStatus, spec: PodSpec): Causes {
  const path = STATUS.child('resourceClaimStatuses');
  const claims = new Set(spec.resourceClaims?.map(({ name }) => name));
  const seen = new Set<string>();
  for (const [index, claim] of (status.resourceClaimStatuses ?? []).entries()) {
    yield* validateClaimStatus(claim, path.index(index), claims);
    const { name } = claim;
    if (seen.has(name)) yield duplicate(path.index(index).child('name'), name);
    seen.add(name);
    const claimName = claim.resourceClaimName;
    if (claimName === undefined) continue;
    yield* dnsSubdomain(claimName, path.index(index).child('resourceClaimName'));
  }
  const { extendedResourceClaimStatus: extended } = status;
  if (extended) yield* validateExtended(extended, spec);
}

function* validateClaimStatus(
  { name = '' }: Partial<PodResourceClaimStatus>,
  path: FieldPath,
  claims: ReadonlySet<string>,
): Causes {
  if (claims.has(name)) return;
  const message = 'must match the name of an entry in `spec.resourceClaims`';
  yield invalidValue(path.child('name'), name, message);
}

function* validateExtended(
  status: Partial<PodExtendedResourceClaimStatus>,
  { initContainers = [], containers: main = [] }: Partial<PodSpec>,
): Causes {
  const path = STATUS.child('extendedResourceClaimStatus');
  const mappingsPath = path.child('requestMappings');
  const { requestMappings: mappings = [], resourceClaimName: claimName = '' } = status;
  const containers = [...initContainers, ...main];
  if (mappings.length === 0)
    yield required(mappingsPath, 'at least one request mapping is required');
  const seen = new Set<string>();
  for (const [index, { containerName, resourceName, requestName }] of mappings.entries()) {
    const at = mappingsPath.index(index);
    const container = containers.find(({ name }) => name === containerName);
    if (!container) {
      const message =
        'must match the name of an entry in spec.initContainers.name or spec.containers.name';
      yield invalidValue(at.child('containerName'), containerName, message);
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const message =
        'must match the extended resource name of an entry in ' +
        'spec.initContainers.resources.requests or spec.containers.resources.requests';
      yield invalidValue(at.child('resourceName'), resourceName, message);
    }
    yield* dnsLabel(requestName, path.child('requestName'));
    const identity = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(identity)) {
      yield duplicate(at.child('containerName'), containerName);
      yield duplicate(at.child('resourceName'), resourceName);
      yield duplicate(at.child('requestName'), requestName);
    }
    seen.add(identity);
  }
  const namePath = path.child('resourceClaimName');
  if (claimName === '') yield required(namePath);
  else yield* dnsSubdomain(claimName, namePath);
}

/** The containers of the pod in its status. */
export function* validateContainerStatuses(status: PodStatus, spec: PodSpec): Causes {
  for (const list of LISTS) {
    for (const [index, container] of (status[list] ?? []).entries()) {
      const path = STATUS.child(list).index(index).child('user', 'linux');
      yield* validateUser(container, path, spec.os?.name ?? 'linux');
    }
  }
  const containers = {
    containerStatuses: spec.containers,
    initContainerStatuses: spec.initContainers,
  };
  for (const [list, own] of Object.entries(containers)) {
    const statuses = status[list as keyof typeof containers] ?? [];
    yield* validateResources(statuses, STATUS.child(list), own ?? []);
  }
  const ephemeralPath = STATUS.child('ephemeralContainerStatuses');
  for (const [index, container] of (status.ephemeralContainerStatuses ?? []).entries()) {
    if ((container.allocatedResourcesStatus ?? []).length === 0) continue;
    const path = ephemeralPath.index(index).child('allocatedResourcesStatus');
    yield forbidden(path, 'must not be specified in container status');
  }
  for (const list of LISTS) yield* validateMounts(status[list] ?? [], STATUS.child(list));
}

function* validateUser({ user }: ContainerStatus, path: FieldPath, os: string): Causes {
  const linux = user?.linux;
  if (!linux) return;
  if (os === 'windows') {
    yield forbidden(path, 'cannot be set for a windows pod');
    return;
  }
  for (const field of ['uid', 'gid'] as const) {
    const id = linux[field] ?? 0;
    yield* invalidForEach(path.child(field), id, validateRange(id, 0, ID_MAX));
  }
  for (const [index, id] of (linux.supplementalGroups ?? []).entries()) {
    const idPath = path.child('supplementalGroups').index(index);
    yield* invalidForEach(idPath, id, validateRange(id, 0, ID_MAX));
  }
}

function* validateResources(
  statuses: readonly ContainerStatus[],
  path: FieldPath,
  containers: readonly Container[],
): Causes {
  for (const [i, { name, allocatedResourcesStatus = [] }] of statuses.entries()) {
    const container = containers.find((own) => own.name === name);
    for (const [j, { name: resource, resources = [] }] of allocatedResourcesStatus.entries()) {
      const at = path.index(i).child('allocatedResourcesStatus').index(j);
      const fault = container && resourceFault(container, resource);
      if (fault !== undefined) yield invalidValue(at.child('name'), resource, fault);
      yield* validateHealth(resources, at.child('resources'));
    }
  }
}

function resourceFault({ resources }: Container, name: string): string | undefined {
  if (!name.startsWith('claim:')) {
    const requested = resources?.requests?.[name] !== undefined;
    return requested ? undefined : "must match one of the container's resource requests";
  }
  const claims = (resources?.claims ?? []).map(({ name: claim, request }) =>
    isBlank(request) ? `claim:${claim}` : `claim:${claim}/${request}`,
  );
  if (claims.includes(name)) return undefined;
  return (
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' " +
    "or 'claim:<claimName>' if request is empty"
  );
}

function* validateHealth(resources: readonly ResourceHealth[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const [index, { health = '', message, resourceID: id }] of resources.entries()) {
    const at = path.index(index);
    if (!HEALTHS.includes(health)) yield notSupported(at.child('health'), health, HEALTHS);
    const messagePath = at.child('message');
    if (message === '') yield required(messagePath, 'must be non-empty if specified');
    else if (Buffer.byteLength(message ?? '') > HEALTH_MESSAGE_MAX) {
      yield tooLong(messagePath, HEALTH_MESSAGE_MAX);
    }
    if (seen.has(id)) yield duplicate(at.child('resourceID'), id);
    seen.add(id);
  }
}

function* validateMounts(statuses: readonly ContainerStatus[], path: FieldPath): Causes {
  for (const [i, { volumeMounts = [] }] of statuses.entries()) {
    for (const [j, mount] of volumeMounts.entries()) {
      const at = path.index(i).child('volumeMounts').index(j).child('volumeStatus');
      yield* validateImage(mount, at.child('imageVolumeStatus', 'imageRef'));
    }
  }
}

function* validateImage({ volumeStatus }: VolumeMountStatus, path: FieldPath): Causes {
  const image = volumeStatus?.image;
  if (!image) return;
  if (isBlank(image.imageRef)) yield required(path, 'imageRef must not be empty');
  else if (Buffer.byteLength(image.imageRef) > IMAGE_REFERENCE_MAX) {
    yield tooLong(path, IMAGE_REFERENCE_MAX);
  }
}
