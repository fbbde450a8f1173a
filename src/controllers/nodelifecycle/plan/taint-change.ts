// Which taints a node is to have for its conditions, and what that changes.
import { isSameTaint, TAINT } from '../../../api/core/taint.ts';
import type { Node, Taint } from '../../../api/generated/types.ts';
import { findCondition } from '../../../api/meta/conditions.ts';

export interface TaintChange {
  readonly add: readonly Taint[];
  readonly remove: readonly Taint[];
}

/** Condition → its status → the taint of that. */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: TAINT.notReady, Unknown: TAINT.unreachable },
  MemoryPressure: { True: TAINT.memoryPressure },
  DiskPressure: { True: TAINT.diskPressure },
  NetworkUnavailable: { True: TAINT.networkUnavailable },
  PIDPressure: { True: TAINT.pidPressure },
};

/** The NoSchedule taints that are ours to set and to take away. */
const OURS: ReadonlySet<string> = new Set([
  TAINT.unschedulable,
  ...Object.values(CONDITION_TAINTS).flatMap((taints) => Object.values(taints)),
]);

const NOT_READY: Taint = { key: TAINT.notReady, effect: 'NoExecute' };
const UNREACHABLE: Taint = { key: TAINT.unreachable, effect: 'NoExecute' };

/**
 * SS-941: NoSchedule taints follow conditions and `spec.unschedulable`. A node that has not said
 * yet how it is keeps the taint it was born with; the reference takes it off, and then everybody
 * who writes the first status of a node gets conflicts.
 */
export function planNoSchedule(node: Node): TaintChange {
  const hasReported = findCondition(node.status?.conditions, 'Ready') !== undefined;
  const keys = (node.status?.conditions ?? []).map(
    ({ type, status }) => CONDITION_TAINTS[type]?.[status],
  );
  if (node.spec?.unschedulable === true) keys.push(TAINT.unschedulable);
  const wanted = keys
    .filter((key) => key !== undefined)
    .map((key): Taint => ({ key, effect: 'NoSchedule' }));
  const present = (node.spec?.taints ?? []).filter(
    ({ key, effect }) =>
      effect === 'NoSchedule' && OURS.has(key) && (hasReported || key !== TAINT.notReady),
  );
  return { add: without(wanted, present), remove: without(present, wanted) };
}

/**
 * SS-941: the NoExecute taint of a node that is not ready (`not-ready`) or silent (`unreachable`),
 * one of the two or none.
 */
export function planNoExecute(node: Node): TaintChange {
  const status = findCondition(node.status?.conditions, 'Ready')?.status;
  const wanted = { False: [NOT_READY], Unknown: [UNREACHABLE] }[status ?? ''] ?? [];
  const present = (node.spec?.taints ?? []).filter(
    (taint) => isSameTaint(taint, NOT_READY) || isSameTaint(taint, UNREACHABLE),
  );
  return { add: without(wanted, present), remove: without(present, wanted) };
}

/** Takes both NoExecute taints of ours off. */
export const REACHABLE: TaintChange = { add: [], remove: [NOT_READY, UNREACHABLE] };

/** True when the node has one of the two NoExecute taints of ours. */
export function hasNoExecute(node: Node): boolean {
  const taints = node.spec?.taints ?? [];
  return REACHABLE.remove.some((ours) => taints.some((taint) => isSameTaint(taint, ours)));
}

/** The new list, or undefined when the change is there already; `now` is an RFC 3339 time. */
export function changedTaints(
  { spec }: Node,
  { add, remove }: TaintChange,
  now: string,
): Taint[] | undefined {
  const taints = spec?.taints ?? [];
  const missing = without(add, taints);
  const kept = without(taints, remove);
  if (missing.length === 0 && kept.length === taints.length) return undefined;
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded: now }))];
}

function without(taints: readonly Taint[], others: readonly Taint[]): Taint[] {
  return taints.filter((taint) => !others.some((other) => isSameTaint(taint, other)));
}
