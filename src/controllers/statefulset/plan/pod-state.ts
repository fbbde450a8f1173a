// The predicates on pods that all rules are written in (section 0 of the rules).
import type { Pod } from '../../../api/generated/types.ts';
import { parseTime } from '../../../base/time.ts';

/** A pod read back from the API always has a phase. */
export function isCreated(pod: Pod): boolean {
  return (pod.status?.phase ?? '') !== '';
}

export function isPending(pod: Pod): boolean {
  return pod.status?.phase === 'Pending';
}

/** Phase Failed or Succeeded: both are replaced (SS-306, SS-307). */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function readyCondition(pod: Pod) {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return condition?.status === 'True' ? condition : undefined;
}

export function isRunningReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && readyCondition(pod) !== undefined;
}

export interface Availability {
  minReadySeconds: number;
  nowMs: number;
}

/** Ready for minReadySeconds; the phase is not looked at. */
export function isAvailable(pod: Pod, { minReadySeconds, nowMs }: Availability): boolean {
  const ready = readyCondition(pod);
  if (!ready) return false;
  if (minReadySeconds === 0) return true;
  const sinceMs = parseTime(ready.lastTransitionTime);
  return sinceMs !== undefined && sinceMs + minReadySeconds * 1000 <= nowMs;
}

/**
 * Milliseconds until a ready pod counts as available; undefined if it is not ready or is available
 * already.
 */
export function availableInMs(
  pod: Pod,
  { minReadySeconds, nowMs }: Availability,
): number | undefined {
  const sinceMs = parseTime(readyCondition(pod)?.lastTransitionTime);
  if (sinceMs === undefined || minReadySeconds === 0) return undefined;
  const remainingMs = sinceMs + minReadySeconds * 1000 - nowMs;
  return remainingMs > 0 ? remainingMs : undefined;
}

/** Not available, or terminating. */
export function isUnavailable(pod: Pod, availability: Availability): boolean {
  return isTerminating(pod) || !isAvailable(pod, availability);
}
