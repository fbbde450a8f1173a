// Eviction: a deletion that disruption budgets may refuse (API-703, SS-961 … SS-967).
import type {
  Eviction,
  Pod,
  PodCondition,
  PodDisruptionBudget,
} from '../../../api/generated/types.ts';
import { isConditionTrue, setCondition } from '../../../api/meta/conditions.ts';
import { matches, selectorFromObject } from '../../../api/meta/labels.ts';
import type { JsonObject, KubernetesObject } from '../../../api/meta/object.ts';
import { badRequest, isConflict, statusError } from '../../../api/meta/status-error.ts';
import type { StatusError } from '../../../api/meta/status-error.ts';
import { podDisruptionBudgets } from '../../../api/resources.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { admitPart } from '../../admission/admit-part.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { changeObject, listObjects, requireObject } from '../../registry/object-store.ts';
import { decodeBody, matchNamespace } from '../body.ts';
import { deleteObject } from '../delete-object.ts';
import { checkDeletePreconditions, parseDeleteOptions } from '../delete-options.ts';
import type { DeleteOptions } from '../delete-options.ts';
import { targetOf } from '../get.ts';
import { ruleContextAt } from '../handler-context.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { parseWriteOptions } from '../write-options.ts';
import { takeDisruption, tooManyRequests } from './disruption.ts';
import { createdStatus } from './status-reply.ts';

const evictionResource: ResourceDefinition = {
  group: 'policy',
  version: 'v1',
  resource: 'evictions',
  singular: 'eviction',
  kind: 'Eviction',
  model: 'Eviction',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: [],
};

/** Throws 404, 409, 429 when a budget says no, and 500 when there are several budgets. */
export async function handleEviction(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'CreateOptions');
  const resource = { ...evictionResource, version: versionOf(target.request.body) };
  const { object, warnings } = await decodeBody(target.request, resource, fieldValidation);
  const eviction = object as Eviction & KubernetesObject;
  matchNamespace(eviction, target);
  if ((eviction.metadata.name ?? '') !== target.info.name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const part = { operation: 'create', kind: evictionResource, object: eviction, dryRun } as const;
  const admitted = admitPart(context, target, part);
  if (admitted) await admitted;
  const asked = parseDeleteOptions((eviction.deleteOptions ?? {}) as JsonObject);
  const options = { ...asked, dryRun: asked.dryRun || dryRun };
  const pod = requireObject<Pod>(context.store, targetOf(target)).object;
  if (needsNoBudget(pod)) {
    const guarded = pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined;
    await evict(context, target, guarded ? guardedBy(pod, options) : options);
    return createdStatus(warnings);
  }
  await evictWithin(context, target, { pod, options });
  return createdStatus(warnings);
}

/** Evictions of the old version, which old clients send, are the same (in any encoding). */
function versionOf(body: ResourceRequest['request']['body']): string {
  return Buffer.isBuffer(body) && body.includes('policy/v1beta1') ? 'v1beta1' : 'v1';
}

/** SS-962. */
function needsNoBudget({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return true;
  return ['Pending', 'Succeeded', 'Failed'].includes(status?.phase ?? '');
}

/** SS-963 … SS-965. */
async function evictWithin(
  context: HandlerContext,
  target: ResourceRequest,
  { pod, options }: { pod: Pod; options: DeleteOptions },
): Promise<void> {
  const [budget, ...others] = budgetsOf(context, pod);
  if (others.length > 0) throw severalBudgets();
  if (!budget) return evict(context, target, options);
  if (isBeyondBudget(pod, budget)) {
    try {
      return await evict(context, target, guardedBy(pod, options));
    } catch (error) {
      // It became ready meanwhile: the client is to try again, now under the budget.
      const isOurs = options.preconditions.resourceVersion === undefined;
      throw isOurs && isConflict(error) ? tooManyRequests(budget) : error;
    }
  }
  await takeDisruption(context, { budget, pod, dryRun: options.dryRun });
  return evict(context, target, options);
}

function budgetsOf({ store }: HandlerContext, { metadata }: Pod): PodDisruptionBudget[] {
  const { labels = {}, namespace = '' } = metadata;
  const budgets = listObjects<PodDisruptionBudget>(store, podDisruptionBudgets, namespace);
  return budgets.filter(({ spec }) => matches(selectorFromObject(spec?.selector), labels));
}

/** SS-964: an unready pod that may go without using the budget. */
function isBeyondBudget({ status }: Pod, budget: PodDisruptionBudget): boolean {
  if (isConditionTrue(status?.conditions, 'Ready')) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function severalBudgets(): StatusError {
  const message =
    'This pod has more than one PodDisruptionBudget, ' +
    'which the eviction subresource does not support.';
  return statusError('', message);
}

/** The pod must still be as it was seen, unless the client gave its own version. */
function guardedBy({ metadata }: Pod, options: DeleteOptions): DeleteOptions {
  const { uid, resourceVersion } = options.preconditions;
  const version = resourceVersion ?? metadata.resourceVersion;
  return { ...options, preconditions: { uid, resourceVersion: version } };
}

/** SS-966: marks the pod, then deletes it. */
async function evict(
  context: HandlerContext,
  target: ResourceRequest,
  options: DeleteOptions,
): Promise<void> {
  const { preconditions, dryRun } = options;
  const { now } = ruleContextAt(context);
  const { stored } = await changeObject(context.store, targetOf(target), {
    dryRun,
    decide: (current) => {
      checkDeletePreconditions(preconditions, current);
      return { action: 'put', object: marked(current as Pod, now) };
    },
  });
  const version = stored.object.metadata.resourceVersion;
  const resourceVersion = preconditions.resourceVersion === undefined ? undefined : version;
  const after = { ...options, preconditions: { uid: preconditions.uid, resourceVersion } };
  const pod = { ...target, info: { ...target.info, verb: 'delete' as const, subresource: '' } };
  await deleteObject(context, pod, after);
}

function marked(pod: Pod, now: string): Pod {
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastProbeTime: null as never,
  };
  const conditions = setCondition(pod.status?.conditions, condition, now);
  return { ...pod, status: { ...pod.status, conditions: [...conditions] } };
}
