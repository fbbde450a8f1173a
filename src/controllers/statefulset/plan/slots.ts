// Sorts the set's pods into slots (in range) and condemned ones (outside), and knows each one's
// claims.
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
} from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { buildClaims, claimNames } from './claims.ts';
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
  const inRange = new Map<number, Pod>();
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(pod);
    if (isInRange(set, ordinal)) inRange.set(ordinal, pod);
    else if (ordinal >= 0) condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const slots = Array.from({ length: replicasOf(set) }, (_, index): Slot => {
    const ordinal = start + index;
    const pod = inRange.get(ordinal);
    const revision = revisionForNewPod(set, ordinal, snapshot.revisions);
    const revisionName = pod ? revisionOf(pod) : nameOf(revision);
    const unavailable = !pod || isUnavailable(pod, availability);
    return { ordinal, podName: podNameOf(set, ordinal), pod, revision, revisionName, unavailable };
  });
  const unavailableCondemned = condemned.findLast((pod) => isUnavailable(pod, availability));
  const firstUnavailable =
    slots.find((slot) => slot.unavailable)?.podName ??
    (unavailableCondemned && nameOf(unavailableCondemned));
  return { slots, condemned, firstUnavailable };
}

/** The existing claims of an ordinal, in template order. */
export function claimsOf({ set, claim }: Snapshot, ordinal: number): PersistentVolumeClaim[] {
  return claimNames(set, ordinal)
    .map(claim)
    .filter((found) => found !== undefined);
}

/** What the claims of one pod need; `pod` undefined: it is about to be created. */
export function claimChanges(
  snapshot: Snapshot,
  ordinal: number,
  pod: Pod | undefined,
): ClaimChanges {
  const { set } = snapshot;
  const podName = podNameOf(set, ordinal);
  const owner = { name: podName, uid: pod ? uidOf(pod) : '', ordinal };
  const existing = claimsOf(snapshot, ordinal);
  const known = new Set(existing.map(nameOf));
  const outdated = existing.filter((found) => !claimMatchesPolicy(set, found, owner));
  return {
    podName,
    create:
      known.size === claimNames(set, ordinal).length
        ? []
        : buildClaims(set, ordinal).filter((wanted) => !known.has(nameOf(wanted))),
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
