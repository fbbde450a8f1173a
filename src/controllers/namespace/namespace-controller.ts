// Empties namespaces that are being deleted, then lets them go.
import type { Namespace, NamespaceCondition } from '../../api/generated/types.ts';
import { setCondition } from '../../api/meta/conditions.ts';
import { isTerminating, nameOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { namespaces, resourcePath } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatTime } from '../../base/time.ts';
import type { ControllerContext, ReconcileResult } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { deleteContent, isEmpty } from './delete-content.ts';
import { deletionConditions, type RemainingContent } from './plan/deletion-conditions.ts';

const FINALIZER = 'kubernetes';
/** Nothing tells us when content has gone, so we look again. */
const LOOK_AGAIN_MS = 500;

export function createNamespaceController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const informer = informers.informer(namespaces);

  const finalize = async (namespace: Namespace) => {
    const name = nameOf(namespace);
    const finalizers = (namespace.spec?.finalizers ?? []).filter((entry) => entry !== FINALIZER);
    const path = resourcePath(namespaces, { name, subresource: 'finalize' });
    const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
    await client.transport.request({ method: 'PUT', path, body });
  };

  const tell = async (namespace: Namespace, content: RemainingContent) => {
    const now = formatTime(clock.now());
    const before = namespace.status?.conditions ?? [];
    let conditions: readonly NamespaceCondition[] = before;
    for (const condition of deletionConditions(content)) {
      conditions = setCondition(conditions, condition, now);
    }
    if (conditions === before) return;
    const status = { ...namespace.status, conditions: [...conditions] };
    await client.resource(namespaces).updateStatus({ ...namespace, status });
  };

  const reconcile = async (name: string): Promise<ReconcileResult | void> => {
    const namespace = informer.lister.get({ name });
    if (!namespace || !isTerminating(namespace)) return;
    if (!namespace.spec?.finalizers?.includes(FINALIZER)) return;
    const content = await deleteContent(client, namespace, clock.now());
    try {
      if (isEmpty(content)) await finalize(namespace);
      else await tell(namespace, content);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return isEmpty(content) ? undefined : { requeueAfterMs: LOOK_AGAIN_MS };
  };

  const controller = createController({
    name: 'namespace',
    reconcile,
    informers: [informer],
    workers: 10,
    clock,
    logger,
  });
  const unsubscribe = informer.addEventHandler({
    add: (namespace) => controller.enqueue(nameOf(namespace)),
    update: (_previous, namespace) => controller.enqueue(nameOf(namespace)),
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}
