// The status, rebuilt from nothing each sync (section 8 of the rules).
import type { Pod, StatefulSet, StatefulSetStatus } from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../api/meta/json-equal.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { replicasOf, revisionOf } from './identity.ts';
import {
  availableInMs,
  isAvailable,
  isCreated,
  isRunningReady,
  isTerminating,
} from './pod-state.ts';
import type { EngineOptions, Snapshot } from './snapshot.ts';

/** SS-541 … SS-548. */
export function countStatus({ set, revisions, pods, nowMs }: Snapshot): StatefulSetStatus {
  const availability = { minReadySeconds: set.spec?.minReadySeconds ?? 0, nowMs };
  const [currentRevision, updateRevision] = [nameOf(revisions.current), nameOf(revisions.update)];
  const counts = { replicas: 0, ready: 0, available: 0, current: 0, updated: 0 };
  for (const pod of pods) {
    if (!isCreated(pod)) continue;
    counts.replicas++;
    if (isRunningReady(pod)) {
      counts.ready++;
      if (isAvailable(pod, availability)) counts.available++;
    }
    if (isTerminating(pod)) continue;
    const revision = revisionOf(pod);
    if (revision === currentRevision) counts.current++;
    if (revision === updateRevision) counts.updated++;
  }
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: counts.replicas,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    currentReplicas: counts.current,
    updatedReplicas: counts.updated,
    currentRevision,
    updateRevision,
    collisionCount: revisions.collisionCount,
  };
}

/**
 * Counts off the pods deleted by the update step (SS-546), then completes the rollout (SS-472,
 * SS-473, SS-481).
 */
export function finishStatus(
  set: StatefulSet,
  status: StatefulSetStatus,
  { updateDeletions, options }: { updateDeletions: number; options: EngineOptions },
): StatefulSetStatus {
  const counted = { ...status, currentReplicas: (status.currentReplicas ?? 0) - updateDeletions };
  const replicas = replicasOf(set);
  const rolls =
    options.emulatedVersion === '1.37' || set.spec?.updateStrategy?.type === 'RollingUpdate';
  const complete =
    rolls &&
    counted.updatedReplicas === replicas &&
    counted.readyReplicas === replicas &&
    counted.replicas === replicas;
  if (!complete) return counted;
  return {
    ...counted,
    currentReplicas: replicas,
    currentRevision: counted.updateRevision,
  };
}

const WRITTEN_FIELDS = [
  'replicas',
  'readyReplicas',
  'availableReplicas',
  'currentReplicas',
  'updatedReplicas',
  'currentRevision',
  'updateRevision',
] as const;

/** SS-549; conditions of our own (SS-499, SS-500) are written too, those of others never read. */
export function statusDiffers(set: StatefulSet, status: StatefulSetStatus): boolean {
  const stored = set.status;
  if ((status.observedGeneration ?? 0) > (stored?.observedGeneration ?? 0)) return true;
  const { conditions } = status;
  if (conditions && !jsonEqual(conditions, stored?.conditions ?? [])) return true;
  return WRITTEN_FIELDS.some((field) => {
    const absent = field.endsWith('Revision') ? '' : 0;
    return (status[field] ?? absent) !== (stored?.[field] ?? absent);
  });
}

/**
 * Delay in milliseconds until availability must be looked at again (SS-835); undefined: none is
 * due.
 */
export function nextAvailabilityCheckMs(
  set: StatefulSet,
  { status, pods, nowMs }: { status: StatefulSetStatus; pods: readonly Pod[]; nowMs: number },
): number | undefined {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  if (minReadySeconds === 0 || status.readyReplicas === status.availableReplicas) return undefined;
  const remaining = pods
    .filter(isRunningReady)
    .map((pod) => availableInMs(pod, { minReadySeconds, nowMs }))
    .filter((ms) => ms !== undefined);
  return remaining.length > 0 ? Math.min(...remaining) : minReadySeconds * 1000;
}
