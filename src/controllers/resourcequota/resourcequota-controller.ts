// Keeps the status of resource quotas: takes over their limits, and counts what is used. Admission
// charges what is created; here is found what is gone, has ended, or was charged in vain.
import { isEstablished, namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResourceDefinition, ResourceQuota } from '../../api/generated/types.ts';
import { keyOf, namespaceOf, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { customResourceDefinitions, resourceQuotas } from '../../api/other-resources.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { quotaEvaluator } from '../../api/quota/quota-evaluator.ts';
import type { CountedObjects } from '../../api/quota/sum-usage.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { listAll } from '../../client/list-all.ts';
import { planStatus, trackedResources } from './plan/plan-status.ts';
import { countedKinds, createQuotaWatches } from './quota-watches.ts';

/** As the reference: nothing that went unseen stays unseen for longer. */
const RESYNC_MS = 5 * 60_000;
/** After a charge: a write that failed later is found out, and many writes are counted once. */
const RECOUNT_MS = 1000;

/** Upstream's resource-quota-controller. */
export function createResourceQuotaController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const quotas = informers.informer(resourceQuotas);
  const definitions = informers.informer(customResourceDefinitions);

  const controller = createController({
    name: 'resourcequota',
    informers: [quotas, definitions],
    clock,
    logger,
    async reconcile(key) {
      const quota = await findQuota(client, key);
      if (!quota) return;
      const custom = definitions.lister.list().flatMap(servedBy);
      const tracked = trackedResources(quota, [...countedKinds, ...custom]);
      for (const resource of tracked) await watches.watch(resource);
      const counted = await countedObjects(client, tracked, namespaceOf(quota));
      const status = planStatus(quota, counted, clock.now());
      // The version of the quota guards against charges since it was read.
      if (status) await client.resource(resourceQuotas).updateStatus({ ...quota, status });
      return { requeueAfterMs: RESYNC_MS };
    },
  });

  const watches = createQuotaWatches(context, (quota) => controller.enqueue(keyOf(quota)));
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
      await controller.stop();
      await watches.stop();
    },
  };
}

/** The kind that a definition serves, in one of its versions. */
function servedBy(definition: CustomResourceDefinition): ResourceDefinition[] {
  return isEstablished(definition) ? namesOfDefinition(definition).slice(0, 1) : [];
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
