// Every namespace has the ConfigMap `kube-root-ca.crt`, with which pods verify the API server.
import type { ConfigMap } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { isTerminating, namespaceOf, nameOf } from '../../api/meta/object.ts';
import {
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
} from '../../api/meta/status-error.ts';
import { configMaps, namespaces } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal ' +
  'endpoints such as the internal service IP or kubernetes.default.svc. No other usage is ' +
  'guaranteed across distributions of Kubernetes clusters.';

/** `rootCa`: PEM. */
export function createRootCaController(
  context: ControllerContext,
  { rootCa }: { rootCa: string },
): Runnable {
  const { client, informers, clock, logger } = context;
  const namespaceInformer = informers.informer(namespaces);
  const mapInformer = informers.informer(configMaps);
  const api = client.resource(configMaps);
  const data = { 'ca.crt': rootCa };

  const wanted = (namespace: string): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: NAME,
      namespace,
      annotations: { 'kubernetes.io/description': DESCRIPTION },
    },
    data,
  });

  const controller = createController({
    name: 'root-ca-certificate-publisher',
    informers: [namespaceInformer, mapInformer],
    clock,
    logger,
    async reconcile(name) {
      const namespace = namespaceInformer.lister.get({ name });
      if (!namespace || isTerminating(namespace)) return;
      const stored = mapInformer.lister.get({ namespace: name, name: NAME });
      try {
        if (!stored) await api.create(wanted(name));
        else if (!semanticEqual(stored.data, data)) await api.update({ ...stored, data });
      } catch (error) {
        const gone = isNotFound(error) || isNamespaceTerminating(error);
        if (!isAlreadyExists(error) && !gone) throw error;
      }
    },
  });
  const onMap = (map: ConfigMap) => {
    if (nameOf(map) === NAME) controller.enqueue(namespaceOf(map));
  };
  const unsubscribe = [
    namespaceInformer.addEventHandler({
      add: (namespace) => controller.enqueue(nameOf(namespace)),
      update: (_previous, namespace) => controller.enqueue(nameOf(namespace)),
    }),
    mapInformer.addEventHandler({ update: (_previous, map) => onMap(map), delete: onMap }),
  ];
  return {
    start: () => controller.start(),
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
    },
  };
}
