// Carries out what is decided for one object: deletion, loss of dead references, and the two
// finalizers of deletions that care about dependents (SS-601 … SS-610).
import type { OwnerReference } from '../../api/generated/types.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import {
  isTerminating,
  nameOf,
  namespaceOf,
  uidOf,
  type KubernetesObject,
} from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Client } from '../../client/client.ts';
import type { Node, OwnerGraph } from './owner-graph.ts';
import {
  FOREGROUND_FINALIZER,
  ORPHAN_FINALIZER,
  decideCollection,
  type OwnerState,
} from './plan/decide-collection.ts';

export interface CollectContext {
  readonly client: Client;
  readonly graph: OwnerGraph;
  readonly enqueue: (node: Node) => void;
  /** An owner that is in another namespace (event OwnerRefInvalidNamespace). */
  readonly onForeignOwner: (node: Node, reference: OwnerReference) => void;
}

const has = (object: KubernetesObject, finalizer: string) =>
  object.metadata.finalizers?.includes(finalizer) ?? false;

/** True while the object waits for its dependents to go (SS-603). */
export function isDeletingDependents(object: KubernetesObject): boolean {
  return isTerminating(object) && has(object, FOREGROUND_FINALIZER);
}

function objectName(object: KubernetesObject) {
  const namespace = namespaceOf(object);
  return { name: nameOf(object), ...(namespace === '' ? {} : { namespace }) };
}

/** Brings one object, as cached, a step forward. */
export async function collectObject(node: Node, context: CollectContext): Promise<void> {
  const { object } = node;
  if (isTerminating(object) && has(object, ORPHAN_FINALIZER)) return await orphan(node, context);
  if (isDeletingDependents(object)) return await waitForDependents(node, context);
  if (isTerminating(object) || (object.metadata.ownerReferences ?? []).length === 0) return;
  if ((await decide(node, context)).type === 'keep') return;
  // The cache says that something is to be done: look again at the live object before doing it.
  const live = await getLive(context.client, node);
  if (!live || uidOf(live) !== uidOf(object) || isTerminating(live)) return;
  await carryOut({ ...node, object: live }, context);
}

async function decide(node: Node, context: CollectContext) {
  const { object } = node;
  const owners = [];
  for (const reference of object.metadata.ownerReferences ?? []) {
    owners.push({ reference, state: await ownerState(node, reference, context) });
  }
  const dependents = context.graph.dependentsOf(uidOf(object));
  return decideCollection({
    owners,
    hasDependents: dependents.length > 0,
    hasWaitingDependent: dependents.some((dependent) => isDeletingDependents(dependent.object)),
    finalizers: object.metadata.finalizers ?? [],
  });
}

async function carryOut(node: Node, context: CollectContext): Promise<void> {
  const decision = await decide(node, context);
  if (decision.type === 'release') {
    await removeReferences(node, decision.uids, context.client);
  } else if (decision.type === 'delete') {
    const target = decision.unblocks ? await unblockOwners(node, context.client) : node;
    if (target) await deleteObject(target, decision.propagation, context.client);
  }
}

/** No owner waits for the object any more. */
function unblockOwners(node: Node, client: Client): Promise<Node | undefined> {
  const references = node.object.metadata.ownerReferences ?? [];
  const ownerReferences = references.map((reference) => ({
    ...reference,
    ...(reference.blockOwnerDeletion === true ? { blockOwnerDeletion: false } : {}),
  }));
  return patchMetadata(node, { ownerReferences }, client);
}

/** From the cache while it knows the owner, otherwise asked live. */
async function ownerState(
  node: Node,
  reference: OwnerReference,
  { graph, client, onForeignOwner }: CollectContext,
): Promise<OwnerState> {
  const resource = graph.resourceOf(reference);
  if (!resource) return 'unknown';
  const namespace = resource.namespaced ? namespaceOf(node.object) : '';
  // A cluster-wide object cannot say in which namespace its owner is: no reason to delete it.
  if (resource.namespaced && namespace === '') return 'unknown';
  const { name, uid } = reference;
  const owner = { resource, namespace, name };
  const cached = graph.cached(owner);
  const found =
    cached && uidOf(cached) === uid ? cached : await getLive(client, { resource, namespace, name });
  if (!found || uidOf(found) !== uid) {
    const elsewhere = graph
      .withUid(uid)
      .some(({ object }) => resource.namespaced && namespaceOf(object) !== namespace);
    if (elsewhere) onForeignOwner(node, reference);
    return 'absent';
  }
  return isDeletingDependents(found) ? 'waiting' : 'living';
}

type LiveName = Node | { resource: ResourceDefinition; namespace: string; name: string };

async function getLive(client: Client, target: LiveName): Promise<KubernetesObject | undefined> {
  const { resource } = target;
  const name =
    'object' in target
      ? objectName(target.object)
      : { name: target.name, ...(target.namespace === '' ? {} : { namespace: target.namespace }) };
  if (resource.namespaced && !('namespace' in name)) return undefined;
  try {
    return await client.resource(resource).get(name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** SS-609: a changed object is deleted all the same unless its references changed. */
async function deleteObject(
  { resource, object }: Node,
  propagationPolicy: string,
  client: Client,
): Promise<void> {
  const { uid, resourceVersion } = object.metadata;
  const api = client.resource(resource);
  const name = objectName(object);
  try {
    await api.delete(name, { propagationPolicy, preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (isNotFound(error)) return;
    if (!isConflict(error)) throw error;
    const live = await getLive(client, { resource, object });
    if (!live || uidOf(live) !== uid) return;
    const same = jsonEqual(live.metadata.ownerReferences, object.metadata.ownerReferences);
    if (!same) throw error;
    await api.delete(name, { propagationPolicy, preconditions: { uid } });
  }
}

async function removeReferences(
  { resource, object }: Node,
  uids: readonly string[],
  client: Client,
): Promise<void> {
  const references = object.metadata.ownerReferences ?? [];
  const ownerReferences = references.filter(({ uid }) => !uids.includes(uid));
  await patchMetadata({ resource, object }, { ownerReferences }, client);
}

async function removeFinalizer(node: Node, finalizer: string, client: Client): Promise<void> {
  const finalizers = (node.object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  await patchMetadata(node, { finalizers }, client);
}

/** The resourceVersion guards lists that are replaced whole. Undefined: there is no object. */
async function patchMetadata(
  { resource, object }: Node,
  change: object,
  client: Client,
): Promise<Node | undefined> {
  const { uid, resourceVersion } = object.metadata;
  const body = { metadata: { ...change, uid, resourceVersion } };
  try {
    const patched = await client
      .resource(resource)
      .patch(objectName(object), { type: 'merge', body });
    return { resource, object: patched };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** SS-604: all dependents lose their reference, then the object its finalizer. */
async function orphan(node: Node, context: CollectContext): Promise<void> {
  const uid = uidOf(node.object);
  for (const dependent of await liveDependents(node, context)) {
    await removeReferences(dependent, [uid], context.client);
  }
  await removeFinalizer(node, ORPHAN_FINALIZER, context.client);
}

/** Asked live: a dependent that the caches do not show yet would be deleted as nobody's later. */
async function liveDependents(
  { resource, object }: Node,
  { client, graph }: CollectContext,
): Promise<Node[]> {
  const uid = uidOf(object);
  const found: Node[] = [];
  for (const { resource: other } of graph.informers.values()) {
    if (resource.namespaced && !other.namespaced) continue;
    const selection = resource.namespaced ? { namespace: namespaceOf(object) } : {};
    const { items } = await client.resource(other).list(selection);
    const dependents = items.filter(({ metadata }) =>
      metadata.ownerReferences?.some((reference) => reference.uid === uid),
    );
    found.push(...dependents.map((dependent) => ({ resource: other, object: dependent })));
  }
  return found;
}

/** SS-603: only dependents with blockOwnerDeletion are waited for. */
async function waitForDependents(node: Node, context: CollectContext): Promise<void> {
  const uid = uidOf(node.object);
  const dependents = context.graph.dependentsOf(uid);
  const blocking = dependents.filter(({ object }) =>
    object.metadata.ownerReferences?.some(
      (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
    ),
  );
  for (const dependent of dependents) {
    if (!isTerminating(dependent.object)) context.enqueue(dependent);
  }
  if (blocking.length === 0) await removeFinalizer(node, FOREGROUND_FINALIZER, context.client);
}
