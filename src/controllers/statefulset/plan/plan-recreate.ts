// The strategy Recreate, 1.37 and only with its gate: all pods of an old revision go at once, and
// none is created before they are gone (SS-495 … SS-500).
import type { Pod, StatefulSet, StatefulSetStatus } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { formatTime } from '../../../base/time.ts';
import { ordinalOf, replicasOf, revisionOf } from './identity.ts';
import { isTerminating } from './pod-state.ts';
import type { Layout } from './slots.ts';
import type { Plan, Snapshot, Task, Wait } from './snapshot.ts';
import { podObject, podWait, setObject, targetOf, ownWait, waitsOfRuns } from './waits.ts';

const PROGRESSING = 'Progressing';

/** The plan of a set of this strategy, as long as it is not one of the usual steps; else none. */
export function planRecreate(
  snapshot: Snapshot,
  layout: Layout,
  status: StatefulSetStatus,
): Plan | undefined {
  const { options, pods, revisions } = snapshot;
  if (options.recreate !== true) return refuse(snapshot, status);
  const old = pods.filter((pod) => revisionOf(pod) !== nameOf(revisions.update));
  const [first] = old;
  if (!first) return undefined;
  const tasks = old.filter((pod) => !isTerminating(pod)).map(deletion);
  const stages: Plan['stages'] = [{ step: 'recreate', order: 'slow-start', tasks }];
  const progress = { status: 'True', reason: 'RecreateInProgress' };
  return {
    stages: tasks.length > 0 ? stages : [],
    status: withProgress(snapshot, status, progress),
    waits: recreateWaits(snapshot, layout, first),
  };
}

function deletion(pod: Pod): Task {
  const action = { type: 'delete-pod', name: nameOf(pod), uid: uidOf(pod), why: 'update' } as const;
  return { ordinal: ordinalOf(pod), actions: [action] };
}

/** SS-500: rather than rolling a set whose owner asked for something else. */
function refuse(snapshot: Snapshot, status: StatefulSetStatus): Plan {
  const refusal =
    'the update strategy Recreate needs the feature gate StatefulSetRecreateStrategy, which is off';
  const progress = { status: 'False', reason: 'FeatureGateDisabled', message: refusal };
  return {
    stages: [],
    status: withProgress(snapshot, status, progress),
    waits: [ownWait('RecreateGateOff', setObject(snapshot))],
    refusal,
  };
}

function recreateWaits(snapshot: Snapshot, { slots }: Layout, old: Pod): Wait[] {
  const going = snapshot.pods.filter(isTerminating).map((pod) => podWait(snapshot, pod));
  const waitsFor = targetOf('RecreateOldPods', podObject(nameOf(old)));
  const blocker = { waitsFor, sinceMs: undefined };
  const missing = waitsOfRuns(slots, ({ pod }) => !pod, { gate: 'RecreateOldPods', blocker });
  return [...going.filter((wait) => wait !== undefined), ...missing];
}

/** SS-499: after a recreation has begun, the status with its progress; otherwise as it is. */
export function recreateProgress(snapshot: Snapshot, status: StatefulSetStatus): StatefulSetStatus {
  const { set } = snapshot;
  const stored = set.status?.conditions?.find(({ type }) => type === PROGRESSING);
  if (set.spec?.updateStrategy?.type !== 'Recreate' || !stored) return status;
  const replicas = replicasOf(set);
  const { updatedReplicas, readyReplicas, replicas: created } = status;
  const done = [updatedReplicas, readyReplicas, created].every((count) => count === replicas);
  const begun = stored.reason === 'RecreateInProgress';
  if (begun && !done) {
    return withProgress(snapshot, status, { status: 'True', reason: 'RecreateInProgress' });
  }
  return withProgress(snapshot, status, { status: 'False', reason: 'RecreateComplete' });
}

/** The status with the condition; its time is kept while its status stays. */
function withProgress(
  { set, nowMs }: Snapshot,
  status: StatefulSetStatus,
  progress: { status: string; reason: string; message?: string },
): StatefulSetStatus {
  const stored = set.status?.conditions?.find(({ type }) => type === PROGRESSING);
  const same = stored?.status === progress.status;
  const lastTransitionTime = (same && stored.lastTransitionTime) || formatTime(nowMs);
  return { ...status, conditions: [{ type: PROGRESSING, ...progress, lastTransitionTime }] };
}

/** True for the status that is the first to say that a recreation goes on (SS-660). */
export function startsRecreation(set: StatefulSet, status: StatefulSetStatus): boolean {
  const isGoing = ({ conditions }: StatefulSetStatus) =>
    conditions?.some(({ reason }) => reason === 'RecreateInProgress') === true;
  return isGoing(status) && !(set.status && isGoing(set.status));
}
