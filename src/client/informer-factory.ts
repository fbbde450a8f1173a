// One informer a resource and selection, shared by all controllers of a process.
import type { KubernetesObject } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { groupVersion } from '../api/resources.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Client } from './client.ts';
import type { Informer, InformerFactory } from './informer.ts';
import { SharedInformer } from './shared-informer.ts';

export interface InformerFactoryOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * `start()` starts all informers asked for so far and resolves at once (`synced()` of an informer
 * waits); informers asked for later start by themselves. `stop()` stops all.
 */
export function createInformerFactory(options: InformerFactoryOptions): InformerFactory {
  const informers = new Map<string, Informer<KubernetesObject>>();
  let state: 'new' | 'started' | 'stopped' = 'new';
  return {
    informer<T extends KubernetesObject>(
      resource: ResourceDefinition<T>,
      selection: Parameters<InformerFactory['informer']>[1] = {},
    ): Informer<T> {
      const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
      const type = `${groupVersion(resource)}/${resource.resource}`;
      const key = JSON.stringify([type, namespace, labelSelector, fieldSelector]);
      const existing = informers.get(key);
      if (existing !== undefined) return existing as unknown as Informer<T>;
      const informer = new SharedInformer<T>({ ...options, resource, selection });
      informers.set(key, informer as unknown as Informer<KubernetesObject>);
      if (state === 'started') void informer.start();
      return informer;
    },
    async start() {
      if (state !== 'new') return;
      state = 'started';
      await Promise.all([...informers.values()].map((informer) => informer.start()));
    },
    async stop() {
      state = 'stopped';
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
    },
  };
}
