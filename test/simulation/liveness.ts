// Whether everything is as users have asked for: the sets, their pods, claims and status.
import type { OwnerReference, Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { matches, selectorFromObject } from '../../src/api/meta/labels.ts';
import {
  controllerOf,
  isTerminating,
  keyOf,
  nameOf,
  namespaceOf,
  uidOf,
} from '../../src/api/meta/object.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../../src/api/resources.ts';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';
import { isUp, ordinalOf } from './plan-rules.ts';

/** What is not as it should be; empty when all is well. */
export function unfinished(cluster: Cluster): string[] {
  const { history, world, reality } = cluster;
  const sets = [...history.objects(statefulSets).values()];
  const found = sets.flatMap((set) => unfinishedSet(set, history, world.nowMs));
  const living = new Set(sets.map(uidOf));
  for (const [key, pod] of history.objects(pods)) {
    if (isTerminating(pod)) found.push(`${key} is terminating`);
    const owner = controllerOf(pod);
    if (owner && !living.has(owner.uid)) found.push(`${key} belongs to a set that is gone`);
  }
  const uids = new Set([...history.objects(pods).values()].map(uidOf));
  for (const { uid, podKey } of reality.processes.values()) {
    if (!uids.has(uid)) found.push(`a process of ${podKey} runs without a pod`);
  }
  return found;
}

function unfinishedSet(set: StatefulSet, history: History, nowMs: number): string[] {
  const key = keyOf(set);
  if (isTerminating(set)) return [`${key} is being deleted`];
  const owned = [...history.objects(pods).values()].filter(
    (pod) => controllerOf(pod)?.uid === uidOf(set),
  );
  return [
    ...wrongPods(set, owned, nowMs),
    ...wrongStatus(set, owned),
    ...wrongClaims(set, owned, history),
    ...orphans(set, history),
  ].map((text) => `${key}: ${text}`);
}

/** Each slot has its pod, up and at the right revision; there are no others. */
function wrongPods(set: StatefulSet, owned: readonly Pod[], nowMs: number): string[] {
  const { replicas = 1, ordinals, updateStrategy } = set.spec!;
  const start = ordinals?.start ?? 0;
  const byName = new Map(owned.map((pod) => [nameOf(pod), pod]));
  const wrong: string[] = [];
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const name = `${nameOf(set)}-${ordinal}`;
    const pod = byName.get(name);
    byName.delete(name);
    if (!pod) wrong.push(`${name} is missing`);
    else if (!isUp(pod, set, nowMs)) wrong.push(`${name} is not up`);
    else if (pod.metadata.labels?.['statefulset.kubernetes.io/pod-name'] !== name) {
      wrong.push(`${name} lacks its name`);
    } else if (updateStrategy?.type !== 'OnDelete' && ordinal >= start + partition) {
      const revision = pod.metadata.labels?.['controller-revision-hash'];
      if (revision !== set.status?.updateRevision) wrong.push(`${name} is at ${revision}`);
    }
  }
  return [...wrong, ...[...byName.keys()].map((name) => `${name} should not be there`)];
}

/** The status tells what is. */
function wrongStatus(set: StatefulSet, owned: readonly Pod[]): string[] {
  const { replicas = 1, updateStrategy } = set.spec!;
  const status: Partial<NonNullable<StatefulSet['status']>> = set.status ?? {};
  const at = (revision: string | undefined) =>
    owned.filter((pod) => pod.metadata.labels?.['controller-revision-hash'] === revision).length;
  const expected: [string, unknown, unknown][] = [
    ['observedGeneration', status.observedGeneration, set.metadata.generation],
    ['replicas', status.replicas ?? 0, replicas],
    ['readyReplicas', status.readyReplicas ?? 0, replicas],
    ['availableReplicas', status.availableReplicas ?? 0, replicas],
    ['updatedReplicas', status.updatedReplicas ?? 0, at(status.updateRevision)],
    ['currentReplicas', status.currentReplicas ?? 0, at(status.currentRevision)],
  ];
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  if (updateStrategy?.type !== 'OnDelete' && partition === 0) {
    expected.push(['currentRevision', status.currentRevision, status.updateRevision]);
  }
  return expected
    .filter(([, told, wanted]) => told !== wanted)
    .map(([field, told, wanted]) => `status.${field} is ${String(told)}, not ${String(wanted)}`);
}

/** Every pod has its claims, with the references that the policy asks for. */
function wrongClaims(set: StatefulSet, owned: readonly Pod[], history: History): string[] {
  const bySet = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
  const byUid = new Map(owned.map((pod) => [uidOf(pod), pod]));
  const wrong: string[] = [];
  for (const pod of owned) {
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      const name = `${nameOf(template)}-${nameOf(pod)}`;
      const claim = history.objects(persistentVolumeClaims).get(`${namespaceOf(set)}/${name}`);
      if (!claim) wrong.push(`claim ${name} is missing`);
      else if (isTerminating(claim)) wrong.push(`claim ${name} is terminating`);
      else if (claim.status?.phase !== 'Bound') wrong.push(`claim ${name} is not bound`);
      const owners = claim?.metadata.ownerReferences ?? [];
      if (isForeign(owners, set, pod)) continue;
      const ofSet = owners.some(({ uid }) => uid === uidOf(set));
      const ofPod = owners.some(({ uid }) => byUid.has(uid));
      if (claim && ofSet !== bySet) wrong.push(`claim ${name} ${ofSet ? 'belongs' : 'is no more'}`);
      if (ofPod) wrong.push(`claim ${name} belongs to a pod in range`);
    }
  }
  return wrong;
}

/** SS-264, SS-265: the engine keeps off. */
function isForeign(owners: readonly OwnerReference[], set: StatefulSet, pod: Pod): boolean {
  return owners.some(({ kind, name, uid, controller }) => {
    if (uid === uidOf(set) || uid === uidOf(pod)) return false;
    const isNamesake =
      (kind === 'StatefulSet' && name === nameOf(set)) || (kind === 'Pod' && name === nameOf(pod));
    return controller === true || isNamesake;
  });
}

/** Pods that the set should have adopted. */
function orphans(set: StatefulSet, history: History): string[] {
  const selector = selectorFromObject(set.spec?.selector);
  const isMember = (pod: Pod) =>
    ordinalOf(nameOf(pod)) >= 0 && nameOf(pod).replace(/-[0-9]+$/, '') === nameOf(set);
  return [...history.objects(pods).values()]
    .filter((pod) => !controllerOf(pod) && isMember(pod) && matches(selector, pod.metadata.labels))
    .map((pod) => `${nameOf(pod)} is not adopted`);
}
