// Step 3: which pods of an old revision are deleted, so that they come back at the update revision
// (SS-431 … SS-461, SS-471).
import type { StatefulSet, StatefulSetStatus } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import type { GateName } from './gates.ts';
import { ordinalStart, replicasOf } from './identity.ts';
import { isTerminating } from './pod-state.ts';
import type { Slot } from './slots.ts';
import type { Snapshot, Task, Wait, WaitTarget } from './snapshot.ts';
import { podWait, setObject, slotBlocker, targetOf, waitsOfRuns, type Blocker } from './waits.ts';

interface UpdateDecision {
  /** Slots whose pods are deleted now, in this order. */
  readonly deletions: readonly Slot[];
  /** The slot that the others of the rollout wait for, if any do. */
  readonly hold: Slot | undefined;
  readonly gate: GateName;
}

/** The stage of step 3. */
export function planUpdate(
  snapshot: Snapshot,
  slots: readonly Slot[],
  monotonic: boolean,
): { tasks: Task[]; waits: readonly Wait[] } {
  const { set, options } = snapshot;
  if (set.spec?.updateStrategy?.type === 'OnDelete') {
    return { tasks: [], waits: heldUpdates(snapshot, slots, undefined) };
  }
  const decide = !options.maxUnavailable
    ? oneByOne
    : options.emulatedVersion === '1.37' && !monotonic
      ? twoPhases
      : withinBudget;
  const { deletions, hold, gate } = decide(snapshot, slots);
  const left = deletions.length === 0 ? slots : slots.filter((slot) => !deletions.includes(slot));
  const blocker = hold && holdBlocker(snapshot, hold);
  const waits = heldUpdates(snapshot, left, blocker && { gate, blocker });
  return { tasks: deletions.map(deletionTask), waits };
}

function deletionTask(slot: Slot): Task {
  const { podName: name, pod } = slot;
  const action = { type: 'delete-pod', name, uid: pod && uidOf(pod), why: 'update' } as const;
  return { ordinal: slot.ordinal, actions: [action] };
}

function partitionOf(set: StatefulSet): number {
  return set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
}

/** SS-451: an absent value is 1, percentages round down, and the result is at least 1. */
export function maxUnavailableOf(set: StatefulSet): number {
  const value = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  if (typeof value === 'number') return Math.max(value, 1);
  const percent = Number(value.replace('%', ''));
  return Math.max(Math.floor((percent * replicasOf(set)) / 100), 1);
}

const isOld = (slot: Slot, updateRevision: string) => slot.revisionName !== updateRevision;
const isGoing = (slot: Slot) => slot.pod !== undefined && isTerminating(slot.pod);

/** Slots of the rollout, highest first. */
function targets({ set }: Snapshot, slots: readonly Slot[]): Slot[] {
  return slots.slice(partitionOf(set)).reverse();
}

/** SS-431, SS-432: one deletion a sync; an unavailable slot on the way stops the scan. */
function oneByOne(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  const gate = 'UpdateOrder';
  for (const slot of targets(snapshot, slots)) {
    if (isOld(slot, update) && !isGoing(slot)) return { deletions: [slot], hold: slot, gate };
    if (slot.unavailable) return { deletions: [], hold: slot, gate };
  }
  return { deletions: [], hold: undefined, gate };
}

/** SS-452, SS-453. */
function withinBudget(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  const gate = 'UpdateBudget';
  const unavailable = slots.filter((slot) => slot.unavailable);
  const budget = maxUnavailableOf(snapshot.set) - unavailable.length;
  const old = targets(snapshot, slots).filter((slot) => isOld(slot, update) && !isGoing(slot));
  if (budget <= 0) return { deletions: [], hold: unavailable[0], gate };
  const deletions = old.slice(0, budget);
  return { deletions, hold: deletions[0], gate };
}

/**
 * SS-456: first the unavailable old pods without regard to the budget, then available ones within
 * it.
 */
function twoPhases(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  const gate = 'UpdateBudget';
  const unavailable = slots.filter((slot) => slot.unavailable);
  const brokenOld = unavailable.filter((slot) => isOld(slot, update) && !isGoing(slot));
  const budget = maxUnavailableOf(snapshot.set) - unavailable.length;
  if (budget <= 0 && brokenOld.length === 0) return { deletions: [], hold: unavailable[0], gate };
  const old = targets(snapshot, slots).filter((slot) => isOld(slot, update) && !isGoing(slot));
  const broken = worthDeleting(
    snapshot,
    slots,
    old.filter((slot) => slot.unavailable),
  );
  const available = old.filter((slot) => !slot.unavailable).slice(0, Math.max(budget, 0));
  const deletions = [...broken, ...available];
  return { deletions, hold: deletions[0] ?? unavailable[0], gate };
}

/**
 * Without a block SS-422 makes a pod anew at the current revision while enough others have it. To
 * delete such a pod before it is ready would go on for ever, so it is left alone.
 */
function worthDeleting(
  snapshot: Snapshot,
  slots: readonly Slot[],
  broken: readonly Slot[],
): readonly Slot[] {
  const { set, revisions } = snapshot;
  const current = nameOf(revisions.current);
  if (set.spec?.updateStrategy?.rollingUpdate || current === nameOf(revisions.update)) {
    return broken;
  }
  const isCurrent = (slot: Slot) =>
    slot.pod !== undefined && slot.revisionName === current && !isGoing(slot);
  const leavesCurrent = slots.filter((slot) => isCurrent(slot) && !broken.includes(slot)).length;
  const boundary = ordinalStart(set) + leavesCurrent;
  const kept = broken.filter((slot) => slot.ordinal >= boundary);
  return kept.length === broken.length ? broken : worthDeleting(snapshot, slots, kept);
}

function holdBlocker(snapshot: Snapshot, slot: Slot): Blocker {
  return slotBlocker(slot, slot.pod && podWait(snapshot, slot.pod));
}

/**
 * What the pods of an old revision in `slots` wait for: the strategy, the partition, and those of
 * the rollout for `hold`.
 */
export function heldUpdates(
  snapshot: Snapshot,
  slots: readonly Slot[],
  hold: { gate: GateName; blocker: Blocker } | undefined,
): Wait[] {
  const { set, revisions } = snapshot;
  const update = nameOf(revisions.update);
  const held = (slot: Slot) => slot.pod !== undefined && isOld(slot, update) && !isGoing(slot);
  const behind = (gate: 'OnDelete' | 'Partition') => {
    const blocker = { waitsFor: targetOf(gate, setObject(snapshot)), sinceMs: undefined };
    return { gate, blocker };
  };
  if (set.spec?.updateStrategy?.type === 'OnDelete') {
    return waitsOfRuns(slots, held, behind('OnDelete'));
  }
  const boundary = ordinalStart(set) + partitionOf(set);
  const isFree = (slot: Slot) => slot.ordinal >= boundary && held(slot);
  const isKept = (slot: Slot) => slot.ordinal < boundary && held(slot);
  return [
    ...(hold ? waitsOfRuns(slots, isFree, hold) : []),
    ...(boundary > 0 ? waitsOfRuns(slots, isKept, behind('Partition')) : []),
  ];
}

/** SS-445, SS-472, SS-481: what status.currentRevision waits for. */
export function completionWait(snapshot: Snapshot, status: StatefulSetStatus): Wait | undefined {
  const { set, options } = snapshot;
  if (status.currentRevision === status.updateRevision) return undefined;
  const object = setObject(snapshot);
  const wait = (gate: GateName, target: Partial<WaitTarget> = {}): Wait => ({
    object,
    gate,
    waitsFor: { ...targetOf(gate, object), ...target },
    sinceMs: undefined,
  });
  const type = set.spec?.updateStrategy?.type;
  if (type === 'OnDelete' && options.emulatedVersion === '1.36') return wait('OnDelete');
  const replicas = replicasOf(set);
  if (partitionOf(set) > 0 && replicas > 0) return wait('Partition', { wanted: '0' });
  const counts = ['updatedReplicas', 'readyReplicas', 'replicas'] as const;
  const missing = counts.find((field) => status[field] !== replicas);
  if (!missing) return undefined;
  return wait('RolloutIncomplete', { field: `status.${missing}`, wanted: String(replicas) });
}
