// Every namespace that is not going away has a ServiceAccount `default`: pods need one to be
// admitted.
import { isTerminating, namespaceOf, nameOf } from '../../api/meta/object.ts';
import {
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
} from '../../api/meta/status-error.ts';
import { namespaces, serviceAccounts } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';

const DEFAULT_ACCOUNT = 'default';

export function createServiceAccountController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const namespaceInformer = informers.informer(namespaces);
  const accountInformer = informers.informer(serviceAccounts);

  const controller = createController({
    name: 'serviceaccount',
    informers: [namespaceInformer, accountInformer],
    clock,
    logger,
    async reconcile(name) {
      const namespace = namespaceInformer.lister.get({ name });
      if (!namespace || isTerminating(namespace)) return;
      if (accountInformer.lister.get({ namespace: name, name: DEFAULT_ACCOUNT })) return;
      try {
        await client.resource(serviceAccounts).create({
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: DEFAULT_ACCOUNT, namespace: name },
        });
      } catch (error) {
        const gone = isNotFound(error) || isNamespaceTerminating(error);
        if (!isAlreadyExists(error) && !gone) throw error;
      }
    },
  });
  const unsubscribe = [
    namespaceInformer.addEventHandler({
      add: (namespace) => controller.enqueue(nameOf(namespace)),
      update: (_previous, namespace) => controller.enqueue(nameOf(namespace)),
    }),
    accountInformer.addEventHandler({
      delete(account) {
        if (nameOf(account) === DEFAULT_ACCOUNT) controller.enqueue(namespaceOf(account));
      },
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
