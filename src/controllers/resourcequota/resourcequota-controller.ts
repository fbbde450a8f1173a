// Keeps the status of resource quotas: takes over their limits, and counts what is used. Admission
// charges what is created; here is found what is gone, has ended, or was charged in vain.
import type { Pod, ResourceQuota } from '../../api/generated/types.ts';
import { keyOf, namespaceOf, splitKey } from '../../api/meta/object.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { resourceQuotas } from '../../api/other-resources.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { quotaEvaluator } from '../../api/quota/quota-evaluator.ts';
import type { CountedObjects } from '../../api/quota/sum-usage.ts';
import { builtinResources, groupVersion, pods } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { listAll } from '../../client/list-all.ts';
import { planStatus, trackedResources } from './plan/plan-status.ts';

/** As the reference: nothing that went unseen stays unseen for longer. */
const RESYNC_MS = 5 * 60_000;
/** After a charge: a write that failed later is found out, and many writes are counted once. */
const RECOUNT_MS = 1000;

/** Stored resources; other forms of the same objects are left out. */
const countable = builtinResources.filter(
  (resource) => resource.verbs.includes('list') && groupVersion(resource) !== 'autoscaling/v1',
);

/** Upstream's resource-quota-controller. */
export function createResourceQuotaController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const quotas = informers.informer(resourceQuotas);
  const watches = new Map<ResourceDefinition, () => void>();

  const controller = createController({
    name: 'resourcequota',
    informers: [quotas],
    clock,
    logger,
    async reconcile(key) {
      const quota = await findQuota(client, key);
      if (!quota) return;
      const tracked = trackedResources(quota, countable);
      for (const resource of tracked) watch(resource);
      const counted = await countedObjects(client, tracked, namespaceOf(quota));
      const status = planStatus(quota, counted, clock.now());
      // The version of the quota guards against charges since it was read.
      if (status) await client.resource(resourceQuotas).updateStatus({ ...quota, status });
      return { requeueAfterMs: RESYNC_MS };
    },
  });

  /** From now on, changes of these objects have their quotas counted again. */
  const watch = (resource: ResourceDefinition) => {
    if (watches.has(resource)) return;
    const recount = (object: KubernetesObject) => {
      for (const quota of quotas.lister.list(namespaceOf(object))) {
        if (trackedResources(quota, [resource]).length > 0) controller.enqueue(keyOf(quota));
      }
    };
    const update = (previous: KubernetesObject, object: KubernetesObject) => {
      const isCounted = quotas.lister.list(namespaceOf(object)).length > 0;
      if (isCounted && mayCountOtherwise(resource, previous, object)) recount(object);
    };
    const handler = { update, delete: recount };
    watches.set(resource, informers.informer(resource).addEventHandler(handler));
  };

  const unsubscribe = quotas.addEventHandler({
    add: (quota) => controller.enqueue(keyOf(quota)),
    update(previous, quota) {
      const sameSpec = semanticEqual(previous.spec, quota.spec);
      if (sameSpec) controller.enqueueAfter(keyOf(quota), RECOUNT_MS);
      else controller.enqueue(keyOf(quota));
    },
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      for (const stop of watches.values()) stop();
      await controller.stop();
    },
  };
}

/** Not from the cache, which may be older than what was charged. */
async function findQuota(client: Client, key: string): Promise<ResourceQuota | undefined> {
  try {
    return await client.resource(resourceQuotas).get(splitKey(key));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function countedObjects(
  client: Client,
  tracked: readonly ResourceDefinition[],
  namespace: string,
): Promise<CountedObjects[]> {
  const counts = tracked.flatMap((resource) => {
    const evaluator = quotaEvaluator(resource);
    if (!evaluator) return [];
    const listed = listAll(client.resource(resource), { namespace });
    return [listed.then(({ items }) => ({ evaluator, objects: items }))];
  });
  return Promise.all(counts);
}

/** Pods count less when they end; otherwise it is what is asked for that counts. */
function mayCountOtherwise(
  resource: ResourceDefinition,
  previous: KubernetesObject,
  object: KubernetesObject,
): boolean {
  if (resource === pods && phaseOf(previous) !== phaseOf(object)) return true;
  const specOf = ({ spec }: { spec?: unknown }) => spec;
  return !semanticEqual(specOf(previous as object), specOf(object as object));
}

function phaseOf(pod: KubernetesObject): string {
  return (pod as Pod).status?.phase ?? '';
}
