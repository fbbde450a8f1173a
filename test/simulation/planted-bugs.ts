// Safeties that a test can switch off, to see that the simulation notices.
import type { KubernetesObject } from '../../src/api/meta/object.ts';
import type { Informer, InformerFactory } from '../../src/client/informer.ts';
import type { TransportRequest } from '../../src/client/transport.ts';

/**
 * `ignores-freshness`: the engine takes every cache for new enough (SS-801).
 * `deletes-without-uid`: the engine deletes whatever pod has the name (SS-807).
 * `forgets-syncs`: the disk acknowledges what it has not kept.
 * `loses-events`: now and then a watch leaves out an event and goes on.
 */
export type PlantedBug =
  'ignores-freshness' | 'deletes-without-uid' | 'forgets-syncs' | 'loses-events';

/** The informers as an engine with the bug sees them. */
export function factoryOf(factory: InformerFactory, bug: PlantedBug | undefined): InformerFactory {
  if (bug !== 'ignores-freshness') return factory;
  return {
    informer: (resource, selection) => alwaysFresh(factory.informer(resource, selection)),
    start: () => factory.start(),
    stop: () => factory.stop(),
  };
}

function alwaysFresh<T extends KubernetesObject>(informer: Informer<T>): Informer<T> {
  return new Proxy(informer, {
    get(target, property) {
      if (property === 'resourceVersion') return String(Number.MAX_SAFE_INTEGER);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A request as an engine with the bug sends it. */
export function requestOf(
  request: TransportRequest,
  bug: PlantedBug | undefined,
): TransportRequest {
  if (bug !== 'deletes-without-uid' || request.method !== 'DELETE') return request;
  const { body: _, ...rest } = request;
  return rest;
}
