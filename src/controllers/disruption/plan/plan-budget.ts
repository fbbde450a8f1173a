// The numbers of a disruption budget: how many of its pods are well, how many must be, and how many
// may go (SS-967).
import type { Condition, Pod, PodDisruptionBudget } from '../../../api/generated/types.ts';
import { findCondition, isConditionTrue, setCondition } from '../../../api/meta/conditions.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import { isTerminating, nameOf } from '../../../api/meta/object.ts';
import { formatTime, parseTime } from '../../../base/time.ts';

export type BudgetStatus = NonNullable<PodDisruptionBudget['status']>;

/** An eviction that was granted is forgotten when its pod is still there after so long. */
const DISRUPTION_TIMEOUT_MS = 120_000;

export interface BudgetQuestion {
  readonly budget: PodDisruptionBudget;
  /** Those that the budget selects. */
  readonly pods: readonly Pod[];
  /** Sum of the replicas of the pods' controllers; unused where `needsScale` says no. */
  readonly scale: number;
  readonly nowMs: number;
}

export interface BudgetPlan {
  /** The status as it is to be written; undefined: it says so already. */
  readonly status: BudgetStatus | undefined;
  /** Pods that were to be evicted and are still there. */
  readonly notDeleted: readonly Pod[];
  /** When the oldest granted eviction is forgotten, in milliseconds. */
  readonly recheckAtMs: number | undefined;
}

/** False for a number of available pods: that counts the pods that match. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** SS-967: the status of a budget. */
export function planBudget(question: BudgetQuestion): BudgetPlan {
  const { budget, pods, nowMs } = question;
  const { disruptedPods, notDeleted, recheckAtMs } = disruptions(question);
  const currentHealthy = pods.filter(
    (pod) => isWell(pod) && disruptedPods[nameOf(pod)] === undefined,
  ).length;
  const { expectedPods, desiredHealthy } = wanted(question);
  const spare = expectedPods > 0 ? currentHealthy - desiredHealthy : 0;
  const status: BudgetStatus = {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed: Math.max(spare, 0),
    disruptedPods,
    observedGeneration: budget.metadata.generation,
  };
  const conditions = withAllowed(budget, status, formatTime(nowMs));
  const next = { ...status, conditions };
  const isSame = semanticEqual(withDefaults(budget.status), next);
  return { status: isSame ? undefined : next, notDeleted, recheckAtMs };
}

/** The status of a budget whose numbers cannot be told: nobody is evicted until they can. */
export function failedStatus(
  { status }: PodDisruptionBudget,
  { message, nowMs }: { message: string; nowMs: number },
): BudgetStatus {
  const condition: Omit<Condition, 'lastTransitionTime'> = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message,
    observedGeneration: status?.observedGeneration,
  };
  const conditions = [...setCondition(status?.conditions, condition, formatTime(nowMs))];
  return { ...status, disruptionsAllowed: 0, conditions };
}

function isWell(pod: Pod): boolean {
  return !isTerminating(pod) && isConditionTrue(pod.status?.conditions, 'Ready');
}

function wanted({ budget, pods, scale }: BudgetQuestion): {
  expectedPods: number;
  desiredHealthy: number;
} {
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) {
    const desiredHealthy = Math.max(scale - shareOf(maxUnavailable, scale), 0);
    return { expectedPods: scale, desiredHealthy };
  }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  const expectedPods = typeof minAvailable === 'string' ? scale : pods.length;
  return { expectedPods, desiredHealthy: shareOf(minAvailable, expectedPods) };
}

/** A number as it is, a percentage of `total` rounded up. */
function shareOf(value: number | string, total: number): number {
  if (typeof value === 'number') return value;
  return Math.ceil((Number(value.replace(/%$/, '')) * total) / 100);
}

/** The granted evictions that are still to happen. */
function disruptions({ budget, pods, nowMs }: BudgetQuestion): {
  disruptedPods: Record<string, string>;
  notDeleted: Pod[];
  recheckAtMs: number | undefined;
} {
  const granted = budget.status?.disruptedPods ?? {};
  const open = pods.flatMap((pod) => {
    const grantedMs = parseTime(granted[nameOf(pod)]);
    if (grantedMs === undefined || isTerminating(pod)) return [];
    return [{ pod, timeoutMs: grantedMs + DISRUPTION_TIMEOUT_MS }];
  });
  const waiting = open.filter(({ timeoutMs }) => timeoutMs > nowMs);
  return {
    disruptedPods: Object.fromEntries(
      waiting.map(({ pod }) => [nameOf(pod), granted[nameOf(pod)] ?? '']),
    ),
    notDeleted: open.filter(({ timeoutMs }) => timeoutMs <= nowMs).map(({ pod }) => pod),
    recheckAtMs:
      waiting.length === 0 ? undefined : Math.min(...waiting.map(({ timeoutMs }) => timeoutMs)),
  };
}

function withAllowed(
  { status: previous }: PodDisruptionBudget,
  { disruptionsAllowed = 0, observedGeneration }: BudgetStatus,
  now: string,
): Condition[] {
  const isAllowed = disruptionsAllowed > 0;
  const known = findCondition(previous?.conditions, 'DisruptionAllowed');
  const condition: Omit<Condition, 'lastTransitionTime'> = {
    type: 'DisruptionAllowed',
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration,
  };
  const isSame =
    known?.status === condition.status && known.observedGeneration === observedGeneration;
  const conditions = previous?.conditions ?? [];
  return isSame ? conditions : [...setCondition(conditions, condition, now)];
}

/** The API leaves out what is empty. */
function withDefaults(status: PodDisruptionBudget['status']): object {
  return { disruptedPods: {}, ...status };
}
