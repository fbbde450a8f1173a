// Takes one disruption out of a budget, or says why not (SS-965).
import type { Pod, PodDisruptionBudget } from '../../../api/generated/types.ts';
import { setCondition } from '../../../api/meta/conditions.ts';
import { forbidden, statusError } from '../../../api/meta/status-error.ts';
import type { StatusError } from '../../../api/meta/status-error.ts';
import { podDisruptionBudgets } from '../../../api/resources.ts';
import { managedByUpdate } from '../../../api/meta/apply/field-manager.ts';
import { fieldManagement, setManagedFields } from '../field-tracking.ts';
import { changeObject } from '../../registry/object-store.ts';
import { ruleContextAt } from '../handler-context.ts';
import type { HandlerContext } from '../handler-context.ts';

/** More unconfirmed evictions than this are refused: the budget's controller seems to be away. */
const DISRUPTED_PODS_MAX = 2_000;
const NOT_OBSERVED_RETRY_SECONDS = 10;
const SERVER = 'kube-apiserver';
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";

/** Decrements disruptionsAllowed and notes the pod. Throws 429 and 403. */
export async function takeDisruption(
  context: HandlerContext,
  { budget, pod, dryRun }: { budget: PodDisruptionBudget; pod: Pod; dryRun: boolean },
): Promise<void> {
  const { name = '', namespace = '' } = budget.metadata;
  const { now } = ruleContextAt(context);
  await changeObject(
    context.store,
    { resource: podDisruptionBudgets, namespace, name },
    {
      dryRun,
      decide: (current) => {
        const old = current as PodDisruptionBudget;
        const object = decremented(old, pod.metadata.name ?? '', now);
        return { action: 'put', object: owned(context, object, old) };
      },
    },
  );
}

/** The budget with the server as owner of what it changed. */
function owned(
  context: HandlerContext,
  object: PodDisruptionBudget,
  live: PodDisruptionBudget,
): PodDisruptionBudget {
  const info = { subresource: 'status' };
  const target = { resource: podDisruptionBudgets, info, rules: { hasStatus: true } };
  const management = fieldManagement(context, target);
  const tracked = { ...object, metadata: { ...object.metadata } };
  const entries = managedByUpdate(management, { live, object: tracked, manager: SERVER });
  setManagedFields(tracked, entries);
  return tracked;
}

function decremented(
  budget: PodDisruptionBudget,
  podName: string,
  now: string,
): PodDisruptionBudget {
  const { metadata, status } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status ?? {};
  if (observedGeneration < (metadata.generation ?? 0)) throw tooManyRequests(budget);
  const name = metadata.name ?? '';
  const resource = { group: 'policy', resource: 'poddisruptionbudget' };
  if (disruptionsAllowed < 0) {
    throw forbidden(resource, name, 'pdb disruptions allowed is negative');
  }
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(resource, name, why);
  }
  if (disruptionsAllowed === 0) throw budgetExhausted(budget);
  const left = disruptionsAllowed - 1;
  return {
    ...budget,
    status: {
      ...exhaustedCondition(budget, left, now),
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [podName]: now },
    } as NonNullable<PodDisruptionBudget['status']>,
  };
}

/** The status with its condition turned when the last disruption is taken. */
function exhaustedCondition({ metadata, status }: PodDisruptionBudget, left: number, now: string) {
  if (left > 0) return status;
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: now,
  };
  return { ...status, conditions: [...setCondition(status?.conditions, condition, now)] };
}

/** The budget's controller has not caught up: try again in 10 s. */
export function tooManyRequests({ metadata }: PodDisruptionBudget): StatusError {
  const name = metadata.name ?? '';
  const message = `The disruption budget ${name} is still being processed by the server.`;
  return refusal(message, { retryAfterSeconds: NOT_OBSERVED_RETRY_SECONDS });
}

function budgetExhausted({ metadata, status }: PodDisruptionBudget): StatusError {
  const { desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  const name = metadata.name ?? '';
  return refusal(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods ` +
      `and has ${currentHealthy} currently`,
    {},
  );
}

/** API-320. */
function refusal(message: string, retry: { retryAfterSeconds?: number }): StatusError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return statusError('TooManyRequests', REFUSED, { details: { causes, ...retry } });
}
