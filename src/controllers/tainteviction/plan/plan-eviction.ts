// Whether a pod may stay on a node with NoExecute taints, and for how long (SS-943).
import { tolerates } from '../../../api/core/taint.ts';
import type { Taint, Toleration } from '../../../api/generated/types.ts';

export interface EvictionQuestion {
  /** The NoExecute taints of the pod's node. */
  readonly taints: readonly Taint[];
  readonly tolerations: readonly Toleration[];
  /** When the pod's time began to run, in milliseconds; undefined: it does not run. */
  readonly sinceMs: number | undefined;
  readonly nowMs: number;
}

export type EvictionPlan =
  | { readonly do: 'stay' }
  | { readonly do: 'wait'; readonly untilMs: number }
  /** `tolerated`: its time has run out; otherwise it has none. */
  | { readonly do: 'evict'; readonly tolerated: boolean };

/** The NoExecute ones of a node's taints. */
export function noExecute(taints: readonly Taint[] | undefined): Taint[] {
  return (taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}

/**
 * SS-943: a taint that nothing tolerates evicts at once; otherwise the shortest time among the
 * tolerations that are needed counts, from when the pod was first seen beside the taints.
 */
export function planEviction(question: EvictionQuestion): EvictionPlan {
  const { taints, tolerations, sinceMs, nowMs } = question;
  const used = taints.map((taint) => tolerations.find((entry) => tolerates(entry, taint)));
  if (used.includes(undefined)) return { do: 'evict', tolerated: false };
  const seconds = used.flatMap((entry) => entry?.tolerationSeconds ?? []);
  if (seconds.length === 0) return { do: 'stay' };
  const untilMs = (sinceMs ?? nowMs) + Math.max(Math.min(...seconds), 0) * 1000;
  return untilMs <= nowMs ? { do: 'evict', tolerated: true } : { do: 'wait', untilMs };
}
