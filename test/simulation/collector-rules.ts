// What the controllers beside the engine may delete: claims only as some policy has said, and pods
// by force only where nobody is left to end them.
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { keyOf, uidOf } from '../../src/api/meta/object.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../../src/api/resources.ts';
import { viewOf } from '../../src/apiserver/registry/stored-view.ts';
import type { TransportRequest } from '../../src/client/transport.ts';
import type { History } from './history.ts';
import { ordinalOf } from './plan-rules.ts';
import type { Reality } from './reality.ts';
import type { World } from './world.ts';

interface Policies {
  deletesWhenDeleted: boolean;
  deletesWhenScaled: boolean;
}

/** Returns what looks at every request of the manager. */
export function watchCollector({
  history,
  reality,
  world,
}: {
  history: History;
  reality: Reality;
  world: World;
}): (request: TransportRequest) => void {
  /** What any version of a set has said, by uid. */
  const policies = new Map<string, Policies>();
  /** Sets by uid that pods named as their controllers, by the uid of the pod. */
  const setOfPod = new Map<string, { set: string; name: string }>();
  history.onEvent(({ entry }, resource) => {
    if (resource === statefulSets) learnPolicies(viewOf<StatefulSet>(entry).object, policies);
    if (resource !== pods) return;
    const pod = viewOf(entry).object;
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner) setOfPod.set(uidOf(pod), { set: owner.uid, name: keyOf(pod) });
  });
  const isAllowed = (uid: string): boolean => {
    if (policies.get(uid)?.deletesWhenDeleted) return true;
    const pod = setOfPod.get(uid);
    return pod !== undefined && policies.get(pod.set)?.deletesWhenScaled === true;
  };
  return ({ method, path, body }) => {
    // Pods of nodes that are gone are declared failed first.
    const pod = body as Pod | undefined;
    if (path.endsWith('/status') && pod?.kind === 'Pod' && pod.status?.phase === 'Failed') {
      reality.declareDead(uidOf(pod));
    }
    if (method !== 'DELETE') return;
    const [, collection, key] =
      /\/namespaces\/([^/]+)\/(?:pods|persistentvolumeclaims)\/([^/]+)$/.exec(path) ?? [];
    if (collection === undefined || key === undefined) return;
    if (path.includes('/pods/')) {
      const options = body as { gracePeriodSeconds?: number; preconditions?: { uid?: string } };
      const uid = options?.preconditions?.uid;
      if (options?.gracePeriodSeconds === 0 && uid !== undefined) reality.declareDead(uid);
      return;
    }
    const claim = history.objects(persistentVolumeClaims).get(`${collection}/${key}`);
    if (!claim || claim.metadata.deletionTimestamp !== undefined) return;
    const owners = claim.metadata.ownerReferences ?? [];
    if (owners.some(({ uid }) => isAllowed(uid))) return;
    // A decision on an older state carries the version that it was made on.
    const asked = (body as { preconditions?: { resourceVersion?: string } })?.preconditions;
    if (asked?.resourceVersion !== undefined) {
      if (asked.resourceVersion !== claim.metadata.resourceVersion) return;
    }
    const text = `${key} (ordinal ${ordinalOf(key)}) is deleted, but no policy says so`;
    world.fail('claimsAreKept', text);
  };
}

function learnPolicies(set: StatefulSet, policies: Map<string, Policies>): void {
  const known = policies.get(uidOf(set));
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  policies.set(uidOf(set), {
    deletesWhenDeleted: known?.deletesWhenDeleted === true || policy?.whenDeleted === 'Delete',
    deletesWhenScaled: known?.deletesWhenScaled === true || policy?.whenScaled === 'Delete',
  });
}
