// The help that some situations need from a human, with upstream's engine as with ours. It does
// nothing that would hide an engine that has fallen asleep.
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import {
  controllerOf,
  isTerminating,
  nameOf,
  namespaceOf,
  uidOf,
} from '../../src/api/meta/object.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../../src/api/resources.ts';
import type { Cluster } from './cluster.ts';
import { IMAGES, NAMESPACE } from './random-set.ts';
import { BROKEN_IMAGE } from './simulated-node.ts';

export class Operator {
  readonly #cluster: Cluster;
  readonly #helped = new Set<string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Looks around and helps where help is due; called now and then. */
  help(): void {
    const { history } = this.#cluster;
    const sets = new Map(
      [...history.objects(statefulSets).values()].map((set) => [uidOf(set), set]),
    );
    for (const set of sets.values()) this.#mendTemplate(set);
    for (const pod of history.objects(pods).values()) {
      const set = sets.get(controllerOf(pod)?.uid ?? '');
      if (set && isBroken(pod)) this.#endCanary(set);
      if (this.#needsHelp(pod, set)) this.#delete(pod);
    }
  }

  /** SS-492: a template that never gets ready is mended first. */
  #mendTemplate(set: StatefulSet): void {
    if (set.spec?.template.spec?.containers[0]?.image !== BROKEN_IMAGE) return;
    const containers = [{ name: 'main', image: IMAGES[1] }];
    const { users } = this.#cluster;
    users.patchSet(set, { template: { spec: { containers } } }).catch(() => {});
  }

  /** SS-444: below the partition a broken pod comes back broken. */
  #endCanary(set: StatefulSet): void {
    if ((set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0) === 0) return;
    const updateStrategy = { rollingUpdate: { partition: 0 } };
    this.#cluster.users.patchSet(set, { updateStrategy }).catch(() => {});
  }

  #needsHelp(pod: Pod, set: StatefulSet | undefined): boolean {
    if (isTerminating(pod)) return false;
    // SS-492, SS-333, SS-455: pods of a broken template go when it is mended.
    if (isBroken(pod)) return set?.spec?.template.spec?.containers[0]?.image !== BROKEN_IMAGE;
    // SS-217, SS-871: the user wants the claim gone, and the pod holds it; or it went in the very
    // moment in which the pod was bound, and the new one waits for a pod.
    if (this.#hasLostClaim(pod)) return true;
    // SS-572, SS-573: pods that are in the way and belong to nobody.
    if (controllerOf(pod) === undefined) return namespaceOf(pod) === NAMESPACE;
    // SS-215: adopted, and without the volumes that cannot be added.
    return set !== undefined && !hasVolumes(pod, set);
  }

  #hasLostClaim(pod: Pod): boolean {
    if ((pod.spec?.nodeName ?? '') === '') return false;
    const claims = this.#cluster.history.objects(persistentVolumeClaims);
    return (pod.spec?.volumes ?? []).some(({ persistentVolumeClaim }) => {
      if (!persistentVolumeClaim) return false;
      const claim = claims.get(`${namespaceOf(pod)}/${persistentVolumeClaim.claimName}`);
      return !claim || isTerminating(claim) || claim.status?.phase !== 'Bound';
    });
  }

  #delete(pod: Pod): void {
    if (this.#helped.has(uidOf(pod))) return;
    this.#helped.add(uidOf(pod));
    this.#cluster.world.log('operator', `deletes ${nameOf(pod)}`);
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const preconditions = { uid: uidOf(pod) };
    const { client } = this.#cluster.users;
    client
      .resource(pods)
      .delete(name, { preconditions })
      .catch(() => {});
  }
}

function isBroken(pod: Pod): boolean {
  return pod.spec?.containers[0]?.image === BROKEN_IMAGE;
}

function hasVolumes(pod: Pod, set: StatefulSet): boolean {
  const claimed = new Set(
    pod.spec?.volumes?.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName),
  );
  return (set.spec?.volumeClaimTemplates ?? []).every((template) =>
    claimed.has(`${nameOf(template)}-${nameOf(pod)}`),
  );
}
