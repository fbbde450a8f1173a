// Adoption and release of pods and revisions (section 9 of the rules).
import type { ControllerRevision, Pod, StatefulSet } from '../../api/generated/types.ts';
import { matches, type Selector } from '../../api/meta/labels.ts';
import {
  controllerOf,
  isTerminating,
  keyOf,
  nameOf,
  namespaceOf,
  uidOf,
  type KubernetesObject,
} from '../../api/meta/object.ts';
import { isInvalid, isNotFound } from '../../api/meta/status-error.ts';
import { controllerRevisions, pods, statefulSets } from '../../api/resources.ts';
import type { Client, ResourceClient } from '../../client/client.ts';
import type { WriteLog } from './cache-freshness.ts';
import { isMemberOf, setReference } from './plan/identity.ts';
import { joinErrors } from './slow-start.ts';

export interface OwnershipContext {
  readonly client: Client;
  readonly set: StatefulSet;
  readonly selector: Selector;
  readonly writes: WriteLog;
}

/**
 * The pods that the set owns after adopting matching orphans and releasing pods that no longer
 * match (SS-561 … SS-568). Throws when any adoption or release failed.
 */
export async function claimPods(
  candidates: readonly Pod[],
  context: OwnershipContext,
): Promise<Pod[]> {
  const { set, selector, client, writes } = context;
  const beingDeleted = isTerminating(set);
  const mayAdopt = adoptionGuard(context);
  const owned: Pod[] = [];
  const errors: unknown[] = [];
  for (const pod of candidates) {
    const match = matches(selector, pod.metadata.labels) && isMemberOf(set, pod);
    try {
      if (controllerOf(pod)) {
        if (match) owned.push(pod);
        else if (!beingDeleted) await release(client.resource(pods), pod, set);
      } else if (match && !beingDeleted && !isTerminating(pod)) {
        await mayAdopt();
        const adopted = await adopt(client.resource(pods), pod, set);
        if (!adopted) continue;
        writes.record({ key: keyOf(set), uid: uidOf(set) }, 'pods', adopted);
        owned.push(adopted);
      }
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw joinErrors(errors);
  return owned;
}

/**
 * SS-535, SS-569, SS-570: no filter by name. Returns the revisions with the adopted ones as stored.
 */
export async function adoptRevisions(
  revisions: readonly ControllerRevision[],
  context: OwnershipContext,
): Promise<ControllerRevision[]> {
  const mayAdopt = adoptionGuard(context);
  const result: ControllerRevision[] = [];
  for (const revision of revisions) {
    if (controllerOf(revision)) {
      result.push(revision);
      continue;
    }
    await mayAdopt();
    const adopted = await adopt(
      context.client.resource(controllerRevisions),
      revision,
      context.set,
    );
    if (adopted) result.push(adopted);
  }
  return result;
}

/** SS-567: reads the set uncached once; all adoptions fail if it is going, gone, or another one. */
function adoptionGuard({ client, set }: OwnershipContext): () => Promise<void> {
  let checked: Promise<void> | undefined;
  return () => (checked ??= check());

  async function check(): Promise<void> {
    const name = { namespace: namespaceOf(set), name: nameOf(set) };
    const fresh = await client.resource(statefulSets).get(name);
    if (uidOf(fresh) !== uidOf(set)) {
      throw new Error(
        `original StatefulSet ${keyOf(set)} is gone: got uid ${uidOf(fresh)}, wanted ${uidOf(set)}`,
      );
    }
    if (isTerminating(fresh)) {
      throw new Error(`${keyOf(set)} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
    }
  }
}

/** SS-566. Undefined when the object has vanished meanwhile. */
async function adopt<T extends KubernetesObject>(
  client: ResourceClient<T>,
  object: T,
  set: StatefulSet,
): Promise<T | undefined> {
  const body = { metadata: { ownerReferences: [setReference(set)], uid: uidOf(object) } };
  try {
    return await client.patch(nameAndNamespace(object), { type: 'strategic', body });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** SS-565: a pod that is gone, or a successor with another uid, needs no release. */
async function release(client: ResourceClient<Pod>, pod: Pod, set: StatefulSet): Promise<void> {
  const reference = { $patch: 'delete', uid: uidOf(set) };
  const body = { metadata: { ownerReferences: [reference], uid: uidOf(pod) } };
  try {
    await client.patch(nameAndNamespace(pod), { type: 'strategic', body });
  } catch (error) {
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}

function nameAndNamespace(object: KubernetesObject): { namespace: string; name: string } {
  return { namespace: namespaceOf(object), name: nameOf(object) };
}
