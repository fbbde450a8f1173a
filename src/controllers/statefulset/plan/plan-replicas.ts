// Step 1: every slot gets its pod, in order (SS-306 … SS-315, SS-320 … SS-327).
import type { Pod, StatefulSet } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { storageMatches, volumesWithClaims } from './claims.ts';
import { identityMatches, ordinalOf, setIdentity } from './identity.ts';
import { buildPod } from './new-pod.ts';
import { isPending, isTerminal, isTerminating } from './pod-state.ts';
import { blocksCreation } from './retention.ts';
import { claimChanges, claimsMatchPolicy, claimsOf, isSettled, type Slot } from './slots.ts';
import type { Action, Snapshot, Task, Wait } from './snapshot.ts';
import {
  claimObject,
  podObject,
  podWait,
  slotBlocker,
  targetOf,
  unboundWaits,
  waitsOfRuns,
  type Blocker,
} from './waits.ts';

export interface SlotDecision {
  readonly actions: readonly Action[];
  /** In monotonic mode nothing after this slot happens in this sync. */
  readonly stop: boolean;
  /** What the pod of the slot waits for; burst mode goes on all the same (SS-315). */
  readonly wait: Wait | undefined;
}

const NOTHING: SlotDecision = { actions: [], stop: false, wait: undefined };

/** Decides one slot. Burst mode ignores `stop`. */
export function planSlot(snapshot: Snapshot, slot: Slot, monotonic: boolean): SlotDecision {
  const { pod } = slot;
  if (!pod) return planMissing(snapshot, slot, monotonic);
  const wait = podWait(snapshot, pod);
  if (isTerminal(pod)) return { ...planTerminal(pod), wait };
  const actions: Action[] = [];
  if (isPending(pod)) {
    const claims = claimChanges(snapshot, slot.ordinal, pod);
    if (!isSettled(claims)) actions.push({ type: 'repair-claims', claims });
  }
  if (monotonic && wait) return { actions, stop: true, wait };
  const repair = planRepair(snapshot, slot, pod);
  if (repair) actions.push(repair);
  if (actions.length === 0 && !wait) return NOTHING;
  return { actions, stop: false, wait };
}

/** SS-306: the replacement comes in a later sync, after the object is gone. */
function planTerminal(pod: Pod): Omit<SlotDecision, 'wait'> {
  if (isTerminating(pod)) return { actions: [], stop: true };
  const name = nameOf(pod);
  const deletion: Action = { type: 'delete-pod', name, uid: uidOf(pod), why: 'terminal' };
  return { actions: [deletion], stop: true };
}

/** SS-258, SS-308. */
function planMissing(snapshot: Snapshot, slot: Slot, monotonic: boolean): SlotDecision {
  const { set } = snapshot;
  const owner = { name: slot.podName, uid: '', ordinal: slot.ordinal };
  const stale = claimsOf(snapshot, slot.ordinal).find((found) => blocksCreation(set, found, owner));
  if (stale) return { actions: [], stop: true, wait: claimWait(slot, 'ClaimStale', nameOf(stale)) };
  const claims = claimChanges(snapshot, slot.ordinal, undefined);
  const pod = buildPod(set, slot.ordinal, slot.revision);
  const [terminating] = claims.terminating;
  return {
    actions: [{ type: 'create-pod', pod, claims }],
    stop: monotonic,
    wait: terminating === undefined ? undefined : claimWait(slot, 'ClaimTerminating', terminating),
  };
}

function claimWait(slot: Slot, gate: 'ClaimStale' | 'ClaimTerminating', claim: string): Wait {
  const waitsFor = targetOf(gate, claimObject(claim));
  return { object: podObject(slot.podName), gate, waitsFor, sinceMs: undefined };
}

/** SS-313: one update attempt for whatever does not match. */
function planRepair(snapshot: Snapshot, slot: Slot, pod: Pod): Action | undefined {
  const { set } = snapshot;
  const storage = storageMatches(set, pod, slot.ordinal);
  const settled = identityMatches(set, pod) && storage;
  if (settled && claimsMatchPolicy(snapshot, slot.ordinal, pod)) return undefined;
  const claims = claimChanges(snapshot, slot.ordinal, pod);
  // Missing claims of a pod that is not Pending are made only when its storage does not match
  // (SS-213).
  const create = storage ? [] : claims.create;
  const terminating = storage ? [] : claims.terminating;
  const repaired = repairPod(set, pod);
  return { type: 'update-pod', pod: repaired, claims: { ...claims, create, terminating } };
}

/** The pod, or a copy of it, with identity and storage as they should be (SS-118, SS-215). */
export function repairPod(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const identity = identityMatches(set, pod);
  const storage = storageMatches(set, pod, ordinal);
  if (identity && storage) return pod;
  const repaired: Pod = { ...pod, metadata: { ...pod.metadata } };
  if (!identity) setIdentity(set, repaired);
  if (!storage && repaired.spec) {
    const volumes = volumesWithClaims(set, ordinal, repaired.spec.volumes ?? []);
    repaired.spec = { ...repaired.spec, volumes };
  }
  return repaired;
}

/** The stage of step 1. `blocker`: what ends the sync's work here, in monotonic mode. */
export function planReplicas(
  snapshot: Snapshot,
  slots: readonly Slot[],
  monotonic: boolean,
): { tasks: Task[]; waits: Wait[]; blocker: Blocker | undefined } {
  const tasks: Task[] = [];
  const waits: Wait[] = [];
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index] as Slot;
    const { actions, stop, wait } = planSlot(snapshot, slot, monotonic);
    if (actions.length > 0) tasks.push({ ordinal: slot.ordinal, actions });
    if (wait) waits.push(wait, ...claimWaits(snapshot, slot));
    if (!stop || !monotonic) continue;
    const blocker = slotBlocker(slot, wait);
    waits.push(...waitsBehind(snapshot, slots.slice(index + 1), blocker));
    return { tasks, waits, blocker };
  }
  return { tasks, waits, blocker: undefined };
}

/** What the slots after the one that stops the sync wait for. */
function waitsBehind(snapshot: Snapshot, slots: readonly Slot[], blocker: Blocker): Wait[] {
  const waits = waitsOfRuns(slots, ({ pod }) => !pod, { gate: 'EarlierSlot', blocker });
  for (const slot of slots) {
    const wait = slot.pod && podWait(snapshot, slot.pod);
    if (wait) waits.push(wait, ...claimWaits(snapshot, slot));
  }
  return waits;
}

function claimWaits(snapshot: Snapshot, { pod, ordinal }: Slot): readonly Wait[] {
  return pod && isPending(pod) ? unboundWaits(claimsOf(snapshot, ordinal)) : [];
}
