// Step 3: which pods of an old revision are deleted, so that they come back at the update revision
// (SS-431 … SS-461, SS-471).
import type { StatefulSet } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { replicasOf } from './identity.ts';
import { isTerminating } from './pod-state.ts';
import type { Slot } from './slots.ts';
import type { Snapshot, Task, Wait } from './snapshot.ts';

interface UpdateDecision {
  /** Slots whose pods are deleted now, in this order. */
  readonly deletions: readonly Slot[];
  readonly waits: readonly Wait[];
}

/** The stage of step 3. */
export function planUpdate(
  snapshot: Snapshot,
  slots: readonly Slot[],
  monotonic: boolean,
): { tasks: Task[]; waits: readonly Wait[] } {
  const { set, options } = snapshot;
  if (set.spec?.updateStrategy?.type === 'OnDelete') return { tasks: [], waits: [] };
  const decide = !options.maxUnavailable
    ? oneByOne
    : options.emulatedVersion === '1.37' && !monotonic
      ? twoPhases
      : withinBudget;
  const { deletions, waits } = decide(snapshot, slots);
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

function budgetWait(slot: Slot): Wait {
  const object = `Pod/${slot.podName}`;
  const waitsFor = { object, field: 'status.conditions[Ready]' };
  return { object, gate: 'UpdateBudget', waitsFor, sinceMs: undefined };
}

/** SS-431, SS-432: one deletion a sync; an unavailable slot on the way stops the scan. */
function oneByOne(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  for (const slot of targets(snapshot, slots)) {
    if (isOld(slot, update) && !isGoing(slot)) return { deletions: [slot], waits: [] };
    if (slot.unavailable) return { deletions: [], waits: [budgetWait(slot)] };
  }
  return { deletions: [], waits: [] };
}

/** SS-452, SS-453. */
function withinBudget(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  const unavailable = slots.filter((slot) => slot.unavailable);
  const budget = maxUnavailableOf(snapshot.set) - unavailable.length;
  const old = targets(snapshot, slots).filter((slot) => isOld(slot, update) && !isGoing(slot));
  if (budget > 0) return { deletions: old.slice(0, budget), waits: [] };
  return { deletions: [], waits: old.length > 0 ? unavailable.map(budgetWait) : [] };
}

/**
 * SS-456: first the unavailable old pods without regard to the budget, then available ones within
 * it.
 */
function twoPhases(snapshot: Snapshot, slots: readonly Slot[]): UpdateDecision {
  const update = nameOf(snapshot.revisions.update);
  const unavailable = slots.filter((slot) => slot.unavailable);
  const brokenOld = unavailable.filter((slot) => isOld(slot, update) && !isGoing(slot));
  const budget = maxUnavailableOf(snapshot.set) - unavailable.length;
  if (budget <= 0 && brokenOld.length === 0) {
    return { deletions: [], waits: unavailable.map(budgetWait) };
  }
  const old = targets(snapshot, slots).filter((slot) => isOld(slot, update) && !isGoing(slot));
  const broken = old.filter((slot) => slot.unavailable);
  const available = old.filter((slot) => !slot.unavailable).slice(0, Math.max(budget, 0));
  return { deletions: [...broken, ...available], waits: [] };
}
