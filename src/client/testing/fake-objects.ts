// What the fake API server does to one object on create, update and delete: the rules of
// kubernetes-api.md that informers and controllers can see, without validation and defaulting.
import type { JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import { deepFreeze, nameOf } from '../../api/meta/object.ts';
import { conflict, OBJECT_MODIFIED } from '../../api/meta/status-error.ts';
import type { DeleteOptions, ObjectMeta } from '../../api/generated/types.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Random } from '../../base/random.ts';
import { nameSuffix } from '../../base/random.ts';

/** Any stored object: metadata is certain, the rest is looked at as JSON. */
export type FakeObject = KubernetesObject & { spec?: JsonObject; status?: JsonObject };

const DEFAULT_GRACE_SECONDS = 30;

/** Kinds born with a phase; their status in the request is ignored as that of others is. */
const BIRTH_STATUS: Record<string, JsonObject> = {
  pods: { phase: 'Pending' },
  persistentvolumeclaims: { phase: 'Pending' },
  persistentvolumes: { phase: 'Pending' },
  namespaces: { phase: 'Active' },
};

/** The object as stored after a POST, without a resourceVersion (API-401 … API-405). */
export function birth(
  { resource, namespace }: { resource: ResourceDefinition; namespace: string },
  body: FakeObject,
  { clock, random }: { clock: Clock; random: Random },
): FakeObject {
  const { generateName } = body.metadata ?? {};
  const metadata: ObjectMeta = {
    ...body.metadata,
    name: nameOf(body) || `${(generateName ?? '').slice(0, 58)}${nameSuffix(random)}`,
    ...(resource.namespaced ? { namespace } : {}),
    uid: random.uuid(),
    creationTimestamp: formatTime(clock.now()),
    generation: 1,
  };
  const object: FakeObject = { ...body, metadata };
  // A node registers itself together with its first status.
  const keepsStatus = resource.resource === 'nodes' || !resource.subresources.includes('status');
  if (!keepsStatus) delete object.status;
  const status = BIRTH_STATUS[resource.resource];
  if (status !== undefined) object.status = status;
  if (resource.resource === 'namespaces') object.spec = { finalizers: ['kubernetes'] };
  return object;
}

/** The object as stored after a PUT or PATCH that gave `body` (API-305, API-404, API-408). */
export function changed(
  { resource, subresource }: { resource: ResourceDefinition; subresource: string },
  stored: FakeObject,
  body: FakeObject,
): FakeObject {
  const { resourceVersion, uid } = body.metadata ?? {};
  const stale =
    resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion;
  if (stale) throw conflict(resource, nameOf(stored), OBJECT_MODIFIED);
  if (uid !== undefined && uid !== stored.metadata.uid) {
    throw conflict(resource, nameOf(stored), uidMessage(uid, stored));
  }
  if (subresource === 'status') {
    const { status, ...rest } = stored;
    const next = body.status ?? status;
    return next === undefined ? rest : { ...rest, status: next };
  }
  if (subresource === 'finalize') return { ...stored, ...(body.spec ? { spec: body.spec } : {}) };
  const { name, namespace, creationTimestamp, generation, deletionTimestamp } = stored.metadata;
  const next: FakeObject = { ...body, metadata: { ...body.metadata } };
  const kept = { name, namespace, uid: stored.metadata.uid, creationTimestamp, generation };
  const { deletionGracePeriodSeconds } = stored.metadata;
  Object.assign(next.metadata, kept, { deletionTimestamp, deletionGracePeriodSeconds });
  if (resource.subresources.includes('status')) {
    delete next.status;
    if (stored.status !== undefined) next.status = stored.status;
  }
  if (!jsonEqual(contents(stored), contents(next)))
    next.metadata.generation = (generation ?? 0) + 1;
  return next;
}

/**
 * The object after a DELETE that did not remove it yet, or undefined when it is to be removed
 * (API-407, API-408, API-901 ff.).
 */
export function doomed(
  resource: ResourceDefinition,
  stored: FakeObject,
  { options, clock }: { options: DeleteOptions; clock: Clock },
): FakeObject | undefined {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== stored.metadata.uid) {
    throw conflict(resource, nameOf(stored), uidMessage(uid, stored));
  }
  if (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion) {
    throw conflict(resource, nameOf(stored), versionMessage(resourceVersion, stored));
  }
  const graceSeconds = graceOf(resource, stored, options);
  const finalizers = new Set(stored.metadata.finalizers);
  if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
  if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
  const namespace = resource.resource === 'namespaces';
  if (graceSeconds === 0 && finalizers.size === 0 && !namespace) return undefined;
  const before = stored.metadata.deletionGracePeriodSeconds;
  if (before !== undefined && before <= graceSeconds) return stored;
  return {
    ...stored,
    metadata: {
      ...stored.metadata,
      ...(finalizers.size > 0 ? { finalizers: [...finalizers] } : {}),
      generation: (stored.metadata.generation ?? 0) + (before === undefined ? 1 : 0),
      deletionTimestamp: formatTime(clock.now() + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    },
    ...(namespace ? { status: { ...stored.status, phase: 'Terminating' } } : {}),
  };
}

/** True when nothing keeps a terminating object any more. */
export function isRemovable(resource: ResourceDefinition, object: FakeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  const held = object.spec?.['finalizers'];
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (finalizers ?? []).length === 0 &&
    (resource.resource !== 'namespaces' || !Array.isArray(held) || held.length === 0)
  );
}

/** A frozen copy with this resourceVersion. */
export function withVersion(object: FakeObject, version: number): FakeObject {
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  return deepFreeze(JSON.parse(JSON.stringify({ ...object, metadata })) as FakeObject);
}

/** Equality of everything but the resourceVersion (API-305). */
export function isSameObject(a: FakeObject, b: FakeObject): boolean {
  const bare = (object: FakeObject) => {
    const metadata = { ...object.metadata, resourceVersion: undefined };
    return { ...object, metadata };
  };
  return jsonEqual(bare(a), bare(b));
}

function graceOf(resource: ResourceDefinition, stored: FakeObject, options: DeleteOptions): number {
  const { nodeName, terminationGracePeriodSeconds } = stored.spec ?? {};
  const phase = stored.status?.['phase'];
  const runs = typeof nodeName === 'string' && phase !== 'Succeeded' && phase !== 'Failed';
  if (resource.resource !== 'pods' || !runs) return 0;
  if (options.gracePeriodSeconds !== undefined) return options.gracePeriodSeconds;
  const asked = terminationGracePeriodSeconds;
  return typeof asked === 'number' ? asked : DEFAULT_GRACE_SECONDS;
}

/** What `generation` counts changes of. */
function contents(object: FakeObject): object {
  return { ...object, metadata: undefined, status: undefined };
}

function uidMessage(uid: string, stored: FakeObject): string {
  const { uid: actual } = stored.metadata;
  return `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${actual}`;
}

function versionMessage(version: string, { metadata }: FakeObject): string {
  const actual = `ResourceVersion in object meta: ${metadata.resourceVersion}`;
  return `Precondition failed: ResourceVersion in precondition: ${version}, ${actual}`;
}
