// The volumes of a pod: which nodes reach them, and what to do for claims that wait for a node.
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../api/generated/types.ts';
import { isTerminating, keyOf, nameOf, namespaceOf } from '../../../api/meta/object.ts';
import {
  classOf,
  findMatchingVolume,
  waitsForConsumer,
} from '../../../api/storage/match-volume.ts';
import { matchesNodeSelector } from './node-affinity.ts';
import { amountOf, type PodFacts } from './pod-facts.ts';

/** Where the claim's volume shall be made (SS-864). */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export interface VolumeView {
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** All volumes of a storage class. */
  volumesOf(storageClass: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** Key of the claim that a volume was promised to. */
  reservation(volumeName: string): string | undefined;
  /** True when a placed pod other than `podKey` uses the claim. */
  isUsedByOther(claimKey: string, podKey: string): boolean;
}

export interface PodVolumes {
  readonly bound: readonly PersistentVolume[];
  readonly waiting: readonly PersistentVolumeClaim[];
}

/** Binding work that goes with the choice of a node. */
export interface VolumePlan {
  readonly reserve: readonly { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  readonly provision: readonly PersistentVolumeClaim[];
}

/** The pod's volumes, or the reason why it cannot be placed anywhere (SS-873, SS-875). */
export function resolveVolumes(facts: PodFacts, view: VolumeView): PodVolumes | string {
  const bound: PersistentVolume[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  for (const name of facts.claims) {
    const key = `${namespaceOf(facts.pod)}/${name}`;
    const claim = view.claim(key);
    const found = claim ? resolveClaim(claim, view) : 'not found';
    if (typeof found === 'string') return `persistentvolumeclaim "${name}" ${found}`;
    if (claim?.spec?.accessModes?.includes('ReadWriteOncePod') === true) {
      if (view.isUsedByOther(key, facts.key)) return EXCLUSIVE_CLAIM;
    }
    if (found === undefined) return 'pod has unbound immediate PersistentVolumeClaims';
    if (found.kind === 'PersistentVolume') bound.push(found as PersistentVolume);
    else waiting.push(found as PersistentVolumeClaim);
  }
  return { bound, waiting };
}

const EXCLUSIVE_CLAIM =
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

/** Its volume, or itself if it waits for a node; undefined when it is the binder's turn. */
function resolveClaim(
  claim: PersistentVolumeClaim,
  view: VolumeView,
): PersistentVolume | PersistentVolumeClaim | string | undefined {
  if (isTerminating(claim)) return 'is being deleted';
  const volumeName = claim.spec?.volumeName ?? '';
  if (claim.status?.phase === 'Lost') {
    return `bound to non-existent persistentvolume "${volumeName}"`;
  }
  if (volumeName !== '' && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) {
    return view.volume(volumeName) ?? `bound to non-existent persistentvolume "${volumeName}"`;
  }
  if (volumeName !== '') return undefined;
  return waitsForConsumer(view.storageClass(classOf(claim))) ? claim : undefined;
}

const UNREACHABLE = "node(s) didn't match PersistentVolume's node affinity";
const NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind";

/** What binding to the node takes, or the reason why the node is unfit. */
export function planVolumes(
  { bound, waiting }: PodVolumes,
  node: Node,
  view: VolumeView,
): VolumePlan | string {
  const reaches = (volume: PersistentVolume) => isReachable(volume, node);
  if (!bound.every(reaches)) return UNREACHABLE;
  const reserve: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provision: PersistentVolumeClaim[] = [];
  for (const claim of waiting.toSorted(bySize)) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE] ?? '';
    const isTaken = (volume: PersistentVolume) => {
      const promised = view.reservation(nameOf(volume));
      if (promised !== undefined && promised !== keyOf(claim)) return true;
      return reserve.some((entry) => entry.volume === volume);
    };
    const volumes = view.volumesOf(classOf(claim));
    const volume =
      selected === ''
        ? findMatchingVolume({ claim, volumes, isTaken, isReachable: reaches })
        : undefined;
    if (volume) reserve.push({ claim, volume });
    else if (canProvision(view.storageClass(classOf(claim)), selected, node)) provision.push(claim);
    else return NOTHING_TO_BIND;
  }
  return { reserve, provision };
}

/** True when the node may mount the volume. */
export function isReachable(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, node);
}

function canProvision(
  storageClass: StorageClass | undefined,
  selected: string,
  node: Node,
): boolean {
  if (!storageClass || storageClass.provisioner === NO_PROVISIONER) return false;
  if (selected !== '' && selected !== nameOf(node)) return false;
  const { allowedTopologies = [] } = storageClass;
  if (allowedTopologies.length === 0) return true;
  const labels = node.metadata.labels ?? {};
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}

/** Small claims choose first, so that they leave the large volumes to the others. */
function bySize(left: PersistentVolumeClaim, right: PersistentVolumeClaim): number {
  const size = ({ spec }: PersistentVolumeClaim) =>
    amountOf(spec?.resources?.requests?.['storage'] ?? '0');
  return size(left) - size(right);
}
