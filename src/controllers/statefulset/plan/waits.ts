// Makes the waits of a plan. Nothing is made for what is settled, and pods that wait for the same
// share one wait, so that planning a large set stays cheap.
import type { PersistentVolumeClaim, Pod } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { parseTime } from '../../../base/time.ts';
import { GATES, type GateName } from './gates.ts';
import { isAvailable, isRunningReady, isTerminal, isTerminating } from './pod-state.ts';
import type { Slot } from './slots.ts';
import type { Snapshot, Wait, WaitTarget } from './snapshot.ts';

/** What closes a gate, without saying for whom. */
export type Blocker = Pick<Wait, 'waitsFor' | 'sinceMs' | 'opensAtMs'>;

export const podObject = (name: string) => `Pod/${name}`;
export const claimObject = (name: string) => `PersistentVolumeClaim/${name}`;
export const setObject = ({ set }: Snapshot) => `StatefulSet/${nameOf(set)}`;

/** The gate's field of `object`, with the value that opens it; `wanted` makes it more exact. */
export function targetOf(gate: GateName, object: string, wanted?: string): WaitTarget {
  const { field, wanted: usual } = GATES[gate];
  return { object, field, wanted: wanted ?? usual };
}

/** `object` waits for a change of its own. */
export function ownWait(gate: GateName, object: string, sinceMs?: number): Wait {
  return { object, gate, waitsFor: targetOf(gate, object), sinceMs };
}

/** What a pod's own state waits for, the first of SS-306, SS-310 … SS-312 that applies. */
export function podWait({ set, nowMs }: Snapshot, pod: Pod): Wait | undefined {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const settled =
    !isTerminating(pod) && isRunningReady(pod) && isAvailable(pod, { minReadySeconds, nowMs });
  if (settled) return undefined;
  const object = podObject(nameOf(pod));
  if (isTerminating(pod)) return ownWait('PodTerminating', object, deletedMs(pod));
  if (isTerminal(pod)) return ownWait('PodTerminal', object);
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const sinceMs = parseTime(ready?.lastTransitionTime);
  if (!isRunningReady(pod)) {
    const gate = ready?.status === 'True' ? 'PodNotRunning' : 'PodNotReady';
    return ownWait(gate, object, sinceMs ?? parseTime(pod.metadata.creationTimestamp));
  }
  const wait = ownWait('PodNotAvailable', object, sinceMs);
  return sinceMs === undefined ? wait : { ...wait, opensAtMs: sinceMs + minReadySeconds * 1000 };
}

/** When the deletion was asked for: the timestamp is the end of the grace period. */
function deletedMs({ metadata }: Pod): number | undefined {
  const endMs = parseTime(metadata.deletionTimestamp);
  return endMs && endMs - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
}

/** What keeps others waiting as long as the pod of this slot is not settled. */
export function slotBlocker(slot: Slot, own: Wait | undefined): Blocker {
  if (own && slot.pod) return own;
  const waitsFor = targetOf('EarlierSlot', podObject(slot.podName));
  return { waitsFor, sinceMs: own?.sinceMs };
}

/** One wait for every unbroken run of slots for which `holds` is true. */
export function waitsOfRuns(
  slots: readonly Slot[],
  holds: (slot: Slot) => boolean,
  { gate, blocker }: { gate: GateName; blocker: Blocker },
): Wait[] {
  const { waitsFor, sinceMs, opensAtMs } = blocker;
  const opens = opensAtMs === undefined ? {} : { opensAtMs };
  const waits: Wait[] = [];
  let start: Slot | undefined;
  for (const [index, slot] of slots.entries()) {
    if (!holds(slot)) continue;
    start ??= slot;
    const next = slots[index + 1];
    if (next && holds(next)) continue;
    const ordinals = { first: start.ordinal, last: slot.ordinal };
    waits.push({ object: podObject(start.podName), ordinals, gate, waitsFor, sinceMs, ...opens });
    start = undefined;
  }
  return waits;
}

/** Claims of a pod that have no volume yet: for information only. */
export function unboundWaits(claims: readonly PersistentVolumeClaim[]): Wait[] {
  const unbound = claims.filter(({ status }) => status?.phase !== 'Bound');
  return unbound.map(({ metadata }) => {
    const sinceMs = parseTime(metadata.creationTimestamp);
    return ownWait('ClaimUnbound', claimObject(metadata.name ?? ''), sinceMs);
  });
}
