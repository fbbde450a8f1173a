// Which existing volume suits a claim (SS-862, SS-863). The binder and the scheduler agree by
// sharing it.
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../generated/types.ts';
import { matches, selectorFromObject } from '../meta/labels.ts';
import { isTerminating, nameOf, namespaceOf, uidOf } from '../meta/object.ts';
import { compareQuantities, parseQuantity, type Quantity } from '../meta/quantity.ts';

/** True when the class leaves binding to the moment a pod needs the volume (SS-864). */
export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** True when the volume is reserved for the claim, by name or by uid too. */
export function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  if (reference?.name !== nameOf(claim) || reference.namespace !== namespaceOf(claim)) return false;
  return (reference.uid ?? '') === '' || reference.uid === uidOf(claim);
}

export type Misfit = 'size' | 'mode' | 'attributes' | 'class' | 'access';

/** Why the volume cannot serve the claim whoever asked for it; undefined when it can. */
export function misfitOf(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): Misfit | undefined {
  if (compareQuantities(capacityOf(volume), requestOf(claim)) < 0) return 'size';
  if (classOf(volume) !== classOf(claim)) return 'class';
  if (modeOf(volume) !== modeOf(claim)) return 'mode';
  if (attributesOf(volume) !== attributesOf(claim)) return 'attributes';
  if (!offersModes(volume, claim)) return 'access';
  return undefined;
}

export interface VolumeSearch {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  /** Only a volume that is reserved for the claim will do. */
  readonly reservedOnly?: boolean;
  /** Taken by somebody whose writes are still under way. */
  readonly isTaken?: (volume: PersistentVolume) => boolean;
  /** The node that needs the volume reaches it. */
  readonly isReachable?: (volume: PersistentVolume) => boolean;
}

/** The volume to bind, if any: fewest access modes first, then reserved ones, then the smallest. */
export function findMatchingVolume(search: VolumeSearch): PersistentVolume | undefined {
  const groups = new Map<string, PersistentVolume[]>();
  for (const volume of search.volumes) {
    if (!offersModes(volume, search.claim)) continue;
    const key = (volume.spec?.accessModes ?? []).toSorted().join(',');
    groups.set(key, [...(groups.get(key) ?? []), volume]);
  }
  const count = (key: string) => key.split(',').length;
  const keys = [...groups.keys()].toSorted((a, b) => count(a) - count(b) || (a < b ? -1 : 1));
  for (const key of keys) {
    const found = bestOf(groups.get(key) ?? [], search);
    if (found) return found;
  }
  return undefined;
}

function bestOf(
  volumes: readonly PersistentVolume[],
  search: VolumeSearch,
): PersistentVolume | undefined {
  const { claim } = search;
  const usable = volumes.filter((volume) => isUsable(volume, search));
  const reserved = usable.find((volume) => isReservedFor(volume, claim));
  if (reserved) return reserved;
  if (search.reservedOnly === true) return undefined;
  const wanted = claim.spec?.selector;
  const selector = wanted && selectorFromObject(wanted);
  let best: PersistentVolume | undefined;
  for (const volume of usable) {
    if (volume.status?.phase !== 'Available' || classOf(volume) !== classOf(claim)) continue;
    if (selector && !matches(selector, volume.metadata.labels)) continue;
    if (!best || compareVolumes(volume, best) < 0) best = volume;
  }
  return best;
}

function isUsable(volume: PersistentVolume, search: VolumeSearch): boolean {
  const { claim, isTaken, isReachable } = search;
  if (volume.spec?.claimRef !== undefined && !isReservedFor(volume, claim)) return false;
  if (isTerminating(volume) || isTaken?.(volume) === true) return false;
  if (compareQuantities(capacityOf(volume), requestOf(claim)) < 0) return false;
  if (modeOf(volume) !== modeOf(claim) || attributesOf(volume) !== attributesOf(claim)) {
    return false;
  }
  return isReachable?.(volume) !== false;
}

function compareVolumes(left: PersistentVolume, right: PersistentVolume): number {
  const bySize = compareQuantities(capacityOf(left), capacityOf(right));
  return bySize !== 0 ? bySize : nameOf(left) < nameOf(right) ? -1 : 1;
}

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}

function capacityOf({ spec }: PersistentVolume): Quantity {
  return parseQuantity(spec?.capacity?.['storage'] ?? '0');
}

function requestOf({ spec }: PersistentVolumeClaim): Quantity {
  return parseQuantity(spec?.resources?.requests?.['storage'] ?? '0');
}

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Name of the class, the empty string for none. */
export function classOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata.annotations?.[BETA_CLASS] ?? object.spec?.storageClassName ?? '';
}

function modeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec?.volumeMode ?? 'Filesystem';
}

function attributesOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec?.volumeAttributesClassName ?? '';
}
