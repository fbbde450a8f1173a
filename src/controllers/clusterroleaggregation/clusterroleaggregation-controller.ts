// Keeps the rules of cluster roles that gather others (admin, edit, view) up to date.
import type { ClusterRole } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { clusterRoles } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { gatherRules } from './plan/gather-rules.ts';

/** Upstream's clusterrole-aggregation-controller. */
export function createClusterRoleAggregationController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const informer = informers.informer(clusterRoles);
  const api = client.resource(clusterRoles);

  const controller = createController({
    name: 'clusterrole-aggregation',
    informers: [informer],
    clock,
    logger,
    async reconcile(name) {
      const role = informer.lister.get({ name });
      const rules = role && gatherRules(role, informer.lister.list());
      if (!role || !rules) return;
      try {
        await api.update({ ...role, rules });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
  // Any role may be gathered by any other, and there are few: every change concerns them all.
  const enqueueAll = () => {
    for (const role of informer.lister.list()) if (role.aggregationRule) enqueue(role);
  };
  const enqueue = (role: ClusterRole) => controller.enqueue(nameOf(role));
  const unsubscribe = informer.addEventHandler({
    add: enqueueAll,
    update: enqueueAll,
    delete: enqueueAll,
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}
