// Informers of custom resources, which come and go with their definitions: the garbage collector
// watches all of them.
import { isEstablished, namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResourceDefinition } from '../../api/generated/types.ts';
import { nameOf, type KubernetesObject } from '../../api/meta/object.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import type { Informer } from '../../client/informer.ts';
import { SharedInformer } from '../../client/shared-informer.ts';
import type { OwnerGraph } from './owner-graph.ts';

interface Followed {
  readonly informer: Informer<KubernetesObject>;
  /** What the definition said of its names and versions. */
  readonly said: string;
  readonly unsubscribe: () => void;
}

/** Adds to the graph what the definitions in the cluster serve, and takes away what they don't. */
export function followDefinitions(
  context: ControllerContext,
  graph: OwnerGraph,
  subscribe: (informer: Informer<KubernetesObject>) => () => void,
): Runnable {
  const followed = new Map<string, Followed>();
  const forget = async (name: string) => {
    const known = followed.get(name);
    if (!known) return;
    followed.delete(name);
    graph.remove(known.informer);
    known.unsubscribe();
    await known.informer.stop();
  };
  const follow = async (definition: CustomResourceDefinition) => {
    const versions = isEstablished(definition) ? namesOfDefinition(definition) : [];
    const [resource] = versions;
    const said = JSON.stringify(versions);
    const name = nameOf(definition);
    if (followed.get(name)?.said === said) return;
    await forget(name);
    if (!resource) return;
    const informer = new SharedInformer<KubernetesObject>({ ...context, resource, selection: {} });
    graph.add(informer, versions);
    followed.set(name, { informer, said, unsubscribe: subscribe(informer) });
    await informer.start();
  };
  let unsubscribe = () => {};
  // One after the other: a definition may go and come again.
  let last: Promise<void> = Promise.resolve();
  const queue = (step: () => Promise<void>) => (last = last.then(step, step));
  return {
    async start() {
      const definitions = context.informers.informer(customResourceDefinitions);
      unsubscribe = definitions.addEventHandler({
        add: (definition) => void queue(() => follow(definition)),
        update: (_previous, definition) => void queue(() => follow(definition)),
        delete: (definition) => void queue(() => forget(nameOf(definition))),
      });
    },
    async stop() {
      unsubscribe();
      await queue(async () => {
        for (const name of followed.keys()) await forget(name);
      });
    },
  };
}
