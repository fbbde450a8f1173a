// An informer's cache must always be a state that the API has held: the one of its resourceVersion.
import type { KubernetesObject } from '../../src/api/meta/object.ts';
import { keyOf } from '../../src/api/meta/object.ts';
import type { Informer } from '../../src/client/informer.ts';
import { fingerprint } from './fingerprint.ts';
import type { History } from './history.ts';
import type { World } from './world.ts';

/** Follows the informer; returns the check to run between events. */
export function followCache<T extends KubernetesObject>(
  who: string,
  informer: Informer<T>,
  { world, history }: { world: World; history: History },
): () => void {
  let sum = 0;
  let checked = '';
  const of = (object: T) => fingerprint(keyOf(object), object.metadata.resourceVersion ?? '');
  const cached = new Map<string, number>();
  const put = (object: T) => {
    const key = keyOf(object);
    sum = (sum - (cached.get(key) ?? 0) + of(object)) >>> 0;
    cached.set(key, of(object));
  };
  informer.addEventHandler({
    add: put,
    update: (_previous, object) => put(object),
    delete(object) {
      const key = keyOf(object);
      sum = (sum - (cached.get(key) ?? 0)) >>> 0;
      cached.delete(key);
    },
  });
  const { resource } = informer.resource;
  return () => {
    const version = informer.resourceVersion;
    if (!informer.hasSynced || version === checked) return;
    if (Number(version) < Number(checked || 0)) {
      world.fail('cachesAreStates', `${who}: ${resource} went back from ${checked} to ${version}`);
    }
    checked = version;
    if (history.fingerprintAt(informer.resource, Number(version)) === sum) return;
    world.fail(
      'cachesAreStates',
      `${who}: the cache of ${resource} is not the state at ${version}`,
    );
  };
}
