// Step 2: pods outside the range go, highest ordinal first (SS-328 … SS-339).
import type { Pod } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import type { GateName } from './gates.ts';
import { ordinalOf } from './identity.ts';
import { isTerminating } from './pod-state.ts';
import { claimChanges, type Layout } from './slots.ts';
import type { Snapshot, Task, Wait } from './snapshot.ts';
import { podObject, podWait, targetOf, type Blocker } from './waits.ts';

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

/** The stage of step 2. Monotonic: at most one deletion a sync (SS-330), then `blocker` is set. */
export function planCondemned(
  snapshot: Snapshot,
  { condemned, firstUnavailable }: Layout,
  monotonic: boolean,
): { tasks: Task[]; waits: readonly Wait[]; blocker: Blocker | undefined } {
  if (!monotonic) {
    const [going, live] = [condemned.filter(isTerminating), condemned.filter(isLive)];
    const waits = going.map((pod) => podWait(snapshot, pod)).filter((wait) => wait !== undefined);
    return { tasks: live.map(deletion), waits, blocker: undefined };
  }
  const [highest, ...others] = condemned;
  if (!highest) return { tasks: [], waits: [], blocker: undefined };
  const wait = scaleDownWait(snapshot, highest, firstUnavailable);
  const gone = targetOf('HigherCondemned', podObject(nameOf(highest)));
  const blocker: Blocker = { waitsFor: gone, sinceMs: wait?.sinceMs };
  const behind = condemnedWaits(others, 'HigherCondemned', blocker);
  return wait
    ? { tasks: [], waits: [wait, ...behind], blocker }
    : { tasks: [deletion(highest)], waits: behind, blocker };
}

const isLive = (pod: Pod) => !isTerminating(pod);

/** SS-330, SS-332. */
function scaleDownWait(
  snapshot: Snapshot,
  pod: Pod,
  firstUnavailable: string | undefined,
): Wait | undefined {
  const own = podWait(snapshot, pod);
  if (!own || isTerminating(pod)) return own;
  return nameOf(pod) === firstUnavailable ? undefined : { ...own, gate: 'NotFirstUnavailable' };
}

/** The given condemned pods, descending, behind one gate: one wait for each run of ordinals. */
export function condemnedWaits(
  condemned: readonly Pod[],
  gate: GateName,
  { waitsFor, sinceMs }: Blocker,
): Wait[] {
  const waits: Wait[] = [];
  let last: number | undefined;
  for (const [index, pod] of condemned.entries()) {
    const first = ordinalOf(pod);
    last ??= first;
    const next = condemned[index + 1];
    if (next && ordinalOf(next) === first - 1) continue;
    waits.push({
      object: podObject(nameOf(pod)),
      ordinals: { first, last },
      gate,
      waitsFor,
      sinceMs,
    });
    last = undefined;
  }
  return waits;
}
