// The garbage collector: which changes make which objects worth a look. Deciding is in plan/,
// doing in collect-object.ts.
import type { OwnerReference } from '../../api/generated/types.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import { isTerminating, namespaceOf, uidOf, type KubernetesObject } from '../../api/meta/object.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { collectObject, type CollectContext } from './collect-object.ts';
import { followDefinitions } from './custom-informers.ts';
import { OwnerGraph, nodeKey, type Node } from './owner-graph.ts';

const WORKERS = 20;

export function createGarbageCollector(context: ControllerContext): Runnable {
  const { client, informers, clock, random, logger } = context;
  const graph = new OwnerGraph(informers);
  const component = 'garbage-collector-controller';
  const recorder = createEventRecorder({ client, clock, random, logger, component });
  const enqueue = (node: Node) => controller.enqueue(nodeKey(node));
  const collect: CollectContext = {
    client,
    graph,
    enqueue,
    onForeignOwner: ({ object }, reference) =>
      recorder.event(object, 'Warning', {
        reason: 'OwnerRefInvalidNamespace',
        message: foreignOwnerMessage(object, reference),
      }),
  };
  const controller = createController({
    name: 'garbage-collector',
    informers: [...graph.informers.values()],
    workers: WORKERS,
    clock,
    logger,
    async reconcile(key) {
      const node = graph.find(key);
      if (node) await collectObject(node, collect);
    },
  });
  const unsubscribe = [...graph.informers.values()].map((informer) =>
    subscribe(informer, graph, enqueue),
  );
  const custom = followDefinitions(context, graph, (informer) =>
    subscribe(informer, graph, enqueue),
  );
  return {
    async start() {
      await recorder.start();
      await controller.start();
      await custom.start();
    },
    async stop() {
      for (const stop of unsubscribe) stop();
      await custom.stop();
      await controller.stop();
      await recorder.stop();
    },
  };
}

function foreignOwnerMessage(object: KubernetesObject, reference: OwnerReference): string {
  const { apiVersion, kind, name, uid } = reference;
  const namespace = namespaceOf(object);
  const coordinates = `${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}`;
  return `ownerRef [${coordinates}] does not exist in namespace "${namespace}"`;
}

function subscribe(
  informer: Informer<KubernetesObject>,
  graph: OwnerGraph,
  enqueue: (node: Node) => void,
): () => void {
  const { resource } = informer;
  const references = (object: KubernetesObject) => object.metadata.ownerReferences ?? [];
  /** Owners that may be waiting for this object. */
  const enqueueOwners = (object: KubernetesObject) => {
    for (const { uid } of references(object)) {
      for (const owner of graph.withUid(uid)) if (isTerminating(owner.object)) enqueue(owner);
    }
  };
  return informer.addEventHandler({
    add(object) {
      if (references(object).length > 0 || isTerminating(object)) enqueue({ resource, object });
    },
    update(previous, object) {
      const changed = !jsonEqual(references(previous), references(object));
      if (changed) enqueueOwners(previous);
      if (changed || isTerminating(object)) enqueue({ resource, object });
    },
    delete(object) {
      for (const dependent of graph.dependentsOf(uidOf(object))) enqueue(dependent);
      enqueueOwners(object);
    },
  });
}
