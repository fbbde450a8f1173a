// Step 2: pods outside the range go, highest ordinal first (SS-328 … SS-339).
import type { Pod } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { parseTime } from '../../../base/time.ts';
import { ordinalOf } from './identity.ts';
import { isAvailable, isRunningReady, isTerminating } from './pod-state.ts';
import { claimChanges, type Layout } from './slots.ts';
import type { Snapshot, Task, Wait } from './snapshot.ts';

/** SS-256: claims of all condemned pods come first. */
export function planCondemnedClaims(snapshot: Snapshot, condemned: readonly Pod[]): Task[] {
  return condemned.flatMap((pod) => {
    const ordinal = ordinalOf(pod);
    const claims = { ...claimChanges(snapshot, ordinal, pod), create: [], terminating: [] };
    if (claims.update.length === 0) return [];
    return [{ ordinal, actions: [{ type: 'update-claims' as const, claims }] }];
  });
}

function deletion(pod: Pod): Task {
  const action = {
    type: 'delete-pod',
    name: nameOf(pod),
    uid: uidOf(pod),
    why: 'condemned',
  } as const;
  return { ordinal: ordinalOf(pod), actions: [action] };
}

/** The stage of step 2. Monotonic: at most one deletion a sync (SS-330). */
export function planCondemned(
  snapshot: Snapshot,
  { condemned, firstUnavailable }: Layout,
  monotonic: boolean,
): { tasks: Task[]; waits: Wait[]; stopped: boolean } {
  if (!monotonic) {
    const live = condemned.filter((pod) => !isTerminating(pod));
    return { tasks: live.map(deletion), waits: [], stopped: false };
  }
  const [highest] = condemned;
  if (!highest) return { tasks: [], waits: [], stopped: false };
  const wait = scaleDownWait(snapshot, highest, firstUnavailable);
  return wait
    ? { tasks: [], waits: [wait], stopped: true }
    : { tasks: [deletion(highest)], waits: [], stopped: true };
}

/** SS-330, SS-332. */
function scaleDownWait(
  { set, nowMs }: Snapshot,
  pod: Pod,
  firstUnavailable: string | undefined,
): Wait | undefined {
  const object = `Pod/${nameOf(pod)}`;
  if (isTerminating(pod)) {
    const waitsFor = { object, field: 'metadata.deletionTimestamp' };
    const sinceMs = parseTime(pod.metadata.deletionTimestamp);
    return { object, gate: 'PodTerminating', waitsFor, sinceMs };
  }
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const healthy = isRunningReady(pod) && isAvailable(pod, { minReadySeconds, nowMs });
  if (healthy || nameOf(pod) === firstUnavailable) return undefined;
  const waitsFor = { object, field: 'status.conditions[Ready]' };
  return { object, gate: 'NotFirstUnavailable', waitsFor, sinceMs: undefined };
}
