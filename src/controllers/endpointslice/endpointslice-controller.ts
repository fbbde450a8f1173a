// Keeps the EndpointSlices of every Service with a selector. DNS follows them, so changes are
// written at once, without gathering.
import type { EndpointSlice, Service } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf, splitKey, uidOf } from '../../api/meta/object.ts';
import { isNamespaceTerminating, isNotFound } from '../../api/meta/status-error.ts';
import { endpointSlices, nodes } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext, ReconcileResult } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL, planSlices } from './plan/plan-slices.ts';
import { groupEndpoints } from './plan/service-endpoints.ts';
import { createServicePods, hasSelector } from './service-pods.ts';

const BY_SERVICE = 'service';
/** How soon to look whether the cache shows our own slices. */
const CACHE_LAG_MS = 2;

function serviceKey(slice: EndpointSlice): string {
  return `${namespaceOf(slice)}/${slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? ''}`;
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
}

/** Slices created lately, so that a cache that does not show them yet leads to no second ones. */
class CreatedSlices {
  readonly #created = new Map<string, Map<string, string>>();

  add(key: string, slice: EndpointSlice): void {
    const slices = this.#created.get(key) ?? new Map<string, string>();
    this.#created.set(key, slices.set(uidOf(slice), nameOf(slice)));
  }

  /** True while a slice that was created is not in the cache. */
  unseen(key: string, lister: Lister<EndpointSlice>): boolean {
    const slices = this.#created.get(key);
    const { namespace } = splitKey(key);
    for (const [uid, name] of slices ?? []) {
      if (lister.get({ namespace, name })) slices?.delete(uid);
    }
    if (slices?.size === 0) this.#created.delete(key);
    return this.#created.has(key);
  }

  forget(key: string, slice: EndpointSlice): void {
    this.#created.get(key)?.delete(uidOf(slice));
  }
}

export function createEndpointSliceController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const servicePods = createServicePods(informers);
  const slices = informers.informer(endpointSlices);
  const nodeInformer = informers.informer(nodes);
  slices.addIndex(BY_SERVICE, (slice) => (isOurs(slice) ? [serviceKey(slice)] : []));
  const created = new CreatedSlices();

  const reconcile = async (key: string): Promise<ReconcileResult | void> => {
    const service = servicePods.services.lister.get(splitKey(key));
    if (!service || !hasSelector(service)) return;
    if (created.unseen(key, slices.lister)) return { requeueAfterMs: CACHE_LAG_MS };
    try {
      await write(key, service);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  };

  const write = async (key: string, service: Service) => {
    const nodeExists = (name: string) => nodeInformer.lister.get({ name }) !== undefined;
    const groups = groupEndpoints(service, servicePods.selected(service), nodeExists);
    const plan = planSlices(service, groups, slices.lister.byIndex(BY_SERVICE, key));
    const api = client.resource(endpointSlices);
    for (const slice of plan.update) await api.update(slice);
    for (const slice of plan.create) created.add(key, await api.create(slice));
    for (const slice of plan.delete) {
      await api
        .delete({ namespace: namespaceOf(slice), name: nameOf(slice) })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  };

  const controller = createController({
    name: 'endpointslice',
    reconcile,
    informers: [servicePods.services, servicePods.pods, slices, nodeInformer],
    clock,
    logger,
  });
  const unsubscribe = [
    servicePods.onChange((key) => controller.enqueue(key)),
    slices.addEventHandler({
      update: (_previous, slice) => isOurs(slice) && controller.enqueue(serviceKey(slice)),
      delete(slice) {
        created.forget(serviceKey(slice), slice);
        if (isOurs(slice)) controller.enqueue(serviceKey(slice));
      },
    }),
    nodeInformer.addEventHandler({ add: enqueueAll, delete: enqueueAll }),
  ];
  return {
    start: () => controller.start(),
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
    },
  };

  /** A node that comes or goes changes which pods count (SS-915). */
  function enqueueAll(): void {
    for (const service of servicePods.services.lister.list()) controller.enqueue(keyOf(service));
  }
}
