// Keeps the legacy Endpoints object of every Service with a selector.
import type { Endpoints } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { keyOf, splitKey } from '../../api/meta/object.ts';
import { isNamespaceTerminating, isNotFound } from '../../api/meta/status-error.ts';
import { endpoints } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { buildEndpoints } from './plan/plan-endpoints.ts';
import { createServicePods, hasSelector } from './service-pods.ts';

export function createEndpointsController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const servicePods = createServicePods(informers);
  const endpointsInformer = informers.informer(endpoints);
  const api = client.resource(endpoints);

  const reconcile = async (key: string) => {
    const name = splitKey(key);
    const service = servicePods.services.lister.get(name);
    if (!service) {
      await api.delete(name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return;
    }
    if (!hasSelector(service)) return;
    const wanted = buildEndpoints(service, servicePods.selected(service));
    const stored = endpointsInformer.lister.get(name);
    if (!stored) {
      await api.create(wanted).catch((error: unknown) => {
        if (!isNamespaceTerminating(error)) throw error;
      });
      return;
    }
    const same =
      semanticEqual(stored.subsets, wanted.subsets) &&
      semanticEqual(stored.metadata.labels, wanted.metadata.labels);
    if (same) return;
    const metadata = { ...stored.metadata, labels: wanted.metadata.labels };
    await api.update({ ...wanted, metadata });
  };

  const controller = createController({
    name: 'endpoints',
    reconcile,
    informers: [servicePods.services, servicePods.pods, endpointsInformer],
    clock,
    logger,
  });
  /** Endpoints without a Service are of somebody else's making. */
  const onEndpoints = (object: Endpoints) => {
    const key = keyOf(object);
    if (servicePods.services.lister.get(splitKey(key))) controller.enqueue(key);
  };
  const unsubscribe = [
    servicePods.onChange((key) => controller.enqueue(key)),
    endpointsInformer.addEventHandler({
      update: (_previous, object) => onEndpoints(object),
      delete: onEndpoints,
    }),
  ];
  return {
    start: () => controller.start(),
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
    },
  };
}
