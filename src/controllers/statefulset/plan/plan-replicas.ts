// Step 1: every slot gets its pod, in order (SS-306 … SS-315, SS-320 … SS-327).
import type { Pod } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { claimNames, storageMatches, volumesWithClaims } from './claims.ts';
import { identityMatches, setIdentity } from './identity.ts';
import { buildPod } from './new-pod.ts';
import { isAvailable, isPending, isRunningReady, isTerminal, isTerminating } from './pod-state.ts';
import { blocksCreation } from './retention.ts';
import { claimChanges, isSettled, type Slot } from './slots.ts';
import type { Action, Snapshot, Task, Wait } from './snapshot.ts';
import { parseTime } from '../../../base/time.ts';

export interface SlotDecision {
  readonly actions: readonly Action[];
  /** In monotonic mode nothing after this slot happens in this sync. */
  readonly stop: boolean;
  readonly wait: Wait | undefined;
}

const podObject = (name: string) => `Pod/${name}`;

/** Decides one slot. Burst mode ignores `stop` and `wait`s for readiness (SS-315). */
export function planSlot(snapshot: Snapshot, slot: Slot, monotonic: boolean): SlotDecision {
  const { pod } = slot;
  if (!pod) return planMissing(snapshot, slot, monotonic);
  if (isTerminal(pod)) return planTerminal(pod);
  const actions: Action[] = [];
  if (isPending(pod)) {
    const claims = claimChanges(snapshot, slot.ordinal, pod);
    if (!isSettled(claims)) actions.push({ type: 'repair-claims', claims });
  }
  const wait = monotonic ? readinessWait(snapshot, pod) : undefined;
  if (wait) return { actions, stop: true, wait };
  const repair = planRepair(snapshot, slot, pod);
  if (repair) actions.push(repair);
  return { actions, stop: false, wait: undefined };
}

/** SS-306: the replacement comes in a later sync, after the object is gone. */
function planTerminal(pod: Pod): SlotDecision {
  const object = podObject(nameOf(pod));
  const gate = isTerminating(pod) ? 'PodTerminating' : 'PodTerminal';
  const waitsFor = { object, field: 'metadata.uid' };
  const wait: Wait = { object, gate, waitsFor, sinceMs: undefined };
  if (isTerminating(pod)) return { actions: [], stop: true, wait };
  const deletion: Action = {
    type: 'delete-pod',
    name: nameOf(pod),
    uid: uidOf(pod),
    why: 'terminal',
  };
  return { actions: [deletion], stop: true, wait };
}

/** SS-258, SS-308. */
function planMissing(snapshot: Snapshot, slot: Slot, monotonic: boolean): SlotDecision {
  const { set, claim } = snapshot;
  const owner = { name: slot.podName, uid: '', ordinal: slot.ordinal };
  const stale = claimNames(set, slot.ordinal)
    .map(claim)
    .find((found) => found !== undefined && blocksCreation(set, found, owner));
  if (stale) {
    const waitsFor = {
      object: `PersistentVolumeClaim/${nameOf(stale)}`,
      field: 'metadata.ownerReferences',
    };
    const object = podObject(slot.podName);
    const wait: Wait = { object, gate: 'ClaimStale', waitsFor, sinceMs: undefined };
    return { actions: [], stop: true, wait };
  }
  const claims = claimChanges(snapshot, slot.ordinal, undefined);
  const pod = buildPod(set, slot.ordinal, slot.revision);
  return {
    actions: [{ type: 'create-pod', pod, claims }],
    stop: monotonic,
    wait: terminatingClaimWait(slot.podName, claims.terminating),
  };
}

function terminatingClaimWait(podName: string, terminating: readonly string[]): Wait | undefined {
  const [claim] = terminating;
  if (claim === undefined) return undefined;
  const object = `PersistentVolumeClaim/${claim}`;
  return {
    object: podObject(podName),
    gate: 'ClaimTerminating',
    waitsFor: { object, field: 'metadata.uid' },
    sinceMs: undefined,
  };
}

/** SS-310 … SS-312. */
function readinessWait({ set, nowMs }: Snapshot, pod: Pod): Wait | undefined {
  const object = podObject(nameOf(pod));
  if (isTerminating(pod)) {
    const sinceMs = parseTime(pod.metadata.deletionTimestamp);
    const waitsFor = { object, field: 'metadata.deletionTimestamp' };
    return { object, gate: 'PodTerminating', waitsFor, sinceMs };
  }
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const sinceMs = parseTime(ready?.lastTransitionTime);
  if (!isRunningReady(pod)) {
    const waitsFor = { object, field: 'status.conditions[Ready]' };
    return { object, gate: 'PodNotReady', waitsFor, sinceMs };
  }
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  if (isAvailable(pod, { minReadySeconds, nowMs })) return undefined;
  const waitsFor = { object, field: 'status.conditions[Ready].lastTransitionTime' };
  return { object, gate: 'PodNotAvailable', waitsFor, sinceMs };
}

/** SS-313: one update attempt for whatever does not match. */
function planRepair(snapshot: Snapshot, slot: Slot, pod: Pod): Action | undefined {
  const { set } = snapshot;
  const identity = identityMatches(set, pod);
  const storage = storageMatches(set, pod, slot.ordinal);
  const claims = claimChanges(snapshot, slot.ordinal, pod);
  if (identity && storage && claims.update.length === 0) return undefined;
  const repaired: Pod = { ...pod, metadata: { ...pod.metadata } };
  if (!identity) setIdentity(set, repaired);
  if (!storage && repaired.spec) {
    const volumes = volumesWithClaims(set, slot.ordinal, repaired.spec.volumes ?? []);
    repaired.spec = { ...repaired.spec, volumes };
  }
  // Missing claims of a pod that is not Pending are made only when its storage does not match
  // (SS-213).
  const create = storage ? [] : claims.create;
  const terminating = storage ? [] : claims.terminating;
  return { type: 'update-pod', pod: repaired, claims: { ...claims, create, terminating } };
}

/** The stage of step 1. `stopped`: monotonic mode ends the sync's work here. */
export function planReplicas(
  snapshot: Snapshot,
  slots: readonly Slot[],
  monotonic: boolean,
): { tasks: Task[]; waits: Wait[]; stopped: boolean } {
  const tasks: Task[] = [];
  const waits: Wait[] = [];
  for (const slot of slots) {
    const decision = planSlot(snapshot, slot, monotonic);
    if (decision.actions.length > 0)
      tasks.push({ ordinal: slot.ordinal, actions: decision.actions });
    if (decision.wait) waits.push(decision.wait);
    if (decision.stop && monotonic) return { tasks, waits, stopped: true };
  }
  return { tasks, waits, stopped: false };
}
