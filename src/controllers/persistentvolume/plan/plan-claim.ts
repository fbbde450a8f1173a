// What a claim needs next (SS-861 … SS-868), from the claim, the volumes and the classes. Pure.
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import {
  classOf,
  findMatchingVolume,
  isReservedFor,
  misfitOf,
  waitsForConsumer,
  type Misfit,
} from '../../../api/storage/match-volume.ts';
import { annotationOf, isBindCompleted, SELECTED_NODE } from './volume-facts.ts';

export interface ClaimEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export type ClaimStep =
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  | { readonly do: 'wait'; readonly event?: ClaimEvent }
  | { readonly do: 'lose'; readonly event: ClaimEvent }
  | { readonly do: 'provision'; readonly className: string }
  | { readonly do: 'set-class'; readonly className: string };

export interface ClaimView {
  readonly claim: PersistentVolumeClaim;
  /** The volume that the claim names. */
  readonly named: PersistentVolume | undefined;
  /** All volumes that could serve the claim. */
  readonly volumes: readonly PersistentVolume[];
  readonly isTaken: (volume: PersistentVolume) => boolean;
  readonly storageClass: StorageClass | undefined;
  /** The class for claims that name none (SS-866). */
  readonly defaultClass: StorageClass | undefined;
  /** Names of the unplaced pods that use the claim. */
  readonly waitingPods: readonly string[];
}

export function planClaim(view: ClaimView): ClaimStep {
  if (isBindCompleted(view.claim)) return planBound(view);
  return (view.claim.spec?.volumeName ?? '') === '' ? planUnnamed(view) : planNamed(view);
}

function warning(reason: string, message: string): ClaimEvent {
  return { type: 'Warning', reason, message };
}

/** SS-862 … SS-866. */
function planUnnamed(view: ClaimView): ClaimStep {
  const { claim, volumes, isTaken, storageClass, defaultClass } = view;
  const className = classOf(claim);
  const delayed = waitsForConsumer(storageClass);
  const volume = findMatchingVolume({ claim, volumes, isTaken, reservedOnly: delayed });
  if (volume) return { do: 'bind', volume };
  if (claim.spec?.storageClassName === undefined && className === '' && defaultClass) {
    return { do: 'set-class', className: nameOf(defaultClass) };
  }
  if (delayed && annotationOf(claim, SELECTED_NODE) === '') {
    return { do: 'wait', event: waitingEvent(view.waitingPods) };
  }
  if (className !== '') return { do: 'provision', className };
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return { do: 'wait', event: { type: 'Normal', reason: 'FailedBinding', message } };
}

/** SS-864. */
function waitingEvent(podNames: readonly string[]): ClaimEvent {
  if (podNames.length === 0) {
    const message = 'waiting for first consumer to be created before binding';
    return { type: 'Normal', reason: 'WaitForFirstConsumer', message };
  }
  const names = podNames.toSorted().join(',');
  const message =
    podNames.length === 1
      ? `waiting for pod ${names} to be scheduled`
      : `waiting for pods ${names} to be scheduled`;
  return { type: 'Normal', reason: 'WaitForPodScheduled', message };
}

const MISFITS: Record<Misfit, string> = {
  size: 'requested PV is too small',
  class: 'storageClassName does not match',
  mode: 'incompatible volumeMode',
  attributes: 'volumeAttributesClassName does not match',
  access: 'incompatible accessMode',
};

/** SS-867. */
function planNamed({ claim, named }: ClaimView): ClaimStep {
  if (!named) return { do: 'wait' };
  if (named.spec?.claimRef === undefined) {
    const misfit = misfitOf(named, claim);
    if (misfit === undefined) return { do: 'bind', volume: named };
    const message = `Cannot bind to requested volume "${nameOf(named)}": ${MISFITS[misfit]}`;
    return { do: 'wait', event: warning('VolumeMismatch', message) };
  }
  if (isReservedFor(named, claim)) return { do: 'bind', volume: named };
  const message = `volume "${nameOf(named)}" already bound to a different claim.`;
  return { do: 'wait', event: warning('FailedBinding', message) };
}

const MISBOUND = 'Two claims are bound to the same volume, this one is bound incorrectly';

/** SS-868. */
function planBound({ claim, named }: ClaimView): ClaimStep {
  if ((claim.spec?.volumeName ?? '') === '') {
    const message =
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!';
    return { do: 'lose', event: warning('ClaimLost', message) };
  }
  if (!named) {
    const message = 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
    return { do: 'lose', event: warning('ClaimLost', message) };
  }
  const owner = named.spec?.claimRef;
  if (owner === undefined || owner.uid === uidOf(claim)) return { do: 'bind', volume: named };
  return { do: 'lose', event: warning('ClaimMisbound', MISBOUND) };
}

/** The default class: of several the newest, of equally new ones the first by name (SS-866). */
export function defaultClassOf(classes: readonly StorageClass[]): StorageClass | undefined {
  const created = (item: StorageClass) => item.metadata.creationTimestamp ?? '';
  return classes
    .filter(
      (item) =>
        annotationOf(item, 'storageclass.kubernetes.io/is-default-class') === 'true' ||
        annotationOf(item, 'storageclass.beta.kubernetes.io/is-default-class') === 'true',
    )
    .toSorted((a, b) =>
      created(a) === created(b)
        ? nameOf(a) < nameOf(b)
          ? -1
          : 1
        : created(a) > created(b)
          ? -1
          : 1,
    )[0];
}
