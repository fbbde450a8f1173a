// Sorts the set's pods into slots (in range) and condemned ones (outside), and knows each one's
// claims.
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { buildClaims, claimNames, mountedClaim } from './claims.ts';
import {
  isInRange,
  ordinalOf,
  ordinalStart,
  podNameOf,
  replicasOf,
  revisionOf,
} from './identity.ts';
import { revisionForNewPod } from './new-pod.ts';
import { isUnavailable } from './pod-state.ts';
import { claimMatchesPolicy, claimWithPolicy, hasUnexpectedController } from './retention.ts';
import type { ClaimChanges, Snapshot } from './snapshot.ts';

export interface Slot {
  readonly ordinal: number;
  readonly podName: string;
  /** Undefined: to be created from `revision`. */
  readonly pod: Pod | undefined;
  /** What a missing pod is built from. */
  readonly revision: ControllerRevision;
  /** The pod's revision label, or the name of `revision` for a missing pod. */
  readonly revisionName: string;
  readonly unavailable: boolean;
}

export interface Layout {
  /** Ascending ordinals; one entry for each desired replica. */
  readonly slots: readonly Slot[];
  /** Descending ordinals (SS-329). */
  readonly condemned: readonly Pod[];
  /** SS-331. */
  readonly firstUnavailable: string | undefined;
}

export function layOut(snapshot: Snapshot): Layout {
  const { set, pods, nowMs } = snapshot;
  const availability = { minReadySeconds: set.spec?.minReadySeconds ?? 0, nowMs };
  const start = ordinalStart(set);
  const inRange: (Pod | undefined)[] = Array.from({ length: replicasOf(set) });
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(pod);
    if (isInRange(set, ordinal)) inRange[ordinal - start] = pod;
    else if (ordinal >= 0) condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const slots = inRange.map((pod, index) => {
    const revision = revisionForNewPod(set, start + index, snapshot.revisions);
    if (!pod) return emptySlot(set, start + index, revision);
    return filledSlot(set, pod, { revision, unavailable: isUnavailable(pod, availability) });
  });
  const unavailableCondemned = condemned.findLast((pod) => isUnavailable(pod, availability));
  const firstUnavailable =
    slots.find((slot) => slot.unavailable)?.podName ??
    (unavailableCondemned && nameOf(unavailableCondemned));
  return { slots, condemned, firstUnavailable };
}

function emptySlot(set: StatefulSet, ordinal: number, revision: ControllerRevision): Slot {
  const podName = podNameOf(set, ordinal);
  const revisionName = nameOf(revision);
  return { ordinal, podName, pod: undefined, revision, revisionName, unavailable: true };
}

/** Slots as they were last, so that those that nothing happens to are not made anew. */
const filledSlots = new WeakMap<Pod, Slot>();

function filledSlot(
  set: StatefulSet,
  pod: Pod,
  { revision, unavailable }: Pick<Slot, 'revision' | 'unavailable'>,
): Slot {
  const known = filledSlots.get(pod);
  if (known?.revision === revision && known.unavailable === unavailable) return known;
  const ordinal = ordinalOf(pod);
  const podName = podNameOf(set, ordinal);
  const slot = { ordinal, podName, pod, revision, revisionName: revisionOf(pod), unavailable };
  filledSlots.set(pod, slot);
  return slot;
}

/** The existing claims of an ordinal, in template order. */
export function claimsOf({ set, claim }: Snapshot, ordinal: number): PersistentVolumeClaim[] {
  return claimNames(set, ordinal)
    .map(claim)
    .filter((found) => found !== undefined);
}

/** True when no reference of an existing claim of this pod, whose storage matches, is to change. */
export function claimsMatchPolicy({ set, claim }: Snapshot, ordinal: number, pod: Pod): boolean {
  const templates = set.spec?.volumeClaimTemplates;
  if (!templates?.length) return true;
  const owner = { name: nameOf(pod), uid: uidOf(pod), ordinal };
  for (const template of templates) {
    const found = claim(mountedClaim(pod, nameOf(template)) ?? '');
    if (found && !claimMatchesPolicy(set, found, owner)) return false;
  }
  return true;
}

/** What the claims of one pod need; `pod` undefined: it is about to be created. */
export function claimChanges(
  snapshot: Snapshot,
  ordinal: number,
  pod: Pod | undefined,
): ClaimChanges {
  const { set, claim } = snapshot;
  const podName = podNameOf(set, ordinal);
  const owner = { name: podName, uid: pod ? uidOf(pod) : '', ordinal };
  const names = claimNames(set, ordinal);
  const existing = names.map(claim).filter((found) => found !== undefined);
  const outdated = existing.filter((found) => !claimMatchesPolicy(set, found, owner));
  return {
    podName,
    create:
      existing.length === names.length
        ? []
        : buildClaims(set, ordinal).filter((wanted) => claim(nameOf(wanted)) === undefined),
    terminating: existing
      .filter((found) => found.metadata.deletionTimestamp !== undefined)
      .map(nameOf),
    update: outdated.map((found) => claimWithPolicy(set, found, owner)),
    conflicting: outdated.filter((found) => hasUnexpectedController(set, found, owner)).map(nameOf),
  };
}

/** True when nothing is to be created, refused or rewritten. */
export function isSettled(changes: ClaimChanges): boolean {
  return (
    changes.create.length === 0 && changes.terminating.length === 0 && changes.update.length === 0
  );
}
