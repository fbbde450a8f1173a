// An informer's cache with our own writes on top, until the informer shows them: one binding is
// four writes, each on the result of the one before.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { keyOf, uidOf } from '../../api/meta/object.ts';
import type { Informer } from '../../client/informer.ts';

export class LatestCache<T extends KubernetesObject> {
  readonly #informer: Informer<T>;
  readonly #written = new Map<string, T>();

  constructor(informer: Informer<T>) {
    this.#informer = informer;
  }

  /** Call once; the informer's news displace our writes. Returns the unsubscriber. */
  connect(): () => void {
    const drop = (object: T) => {
      const written = this.#written.get(keyOf(object));
      if (written && !isNewer(written, object)) this.#written.delete(keyOf(object));
    };
    return this.#informer.addEventHandler({
      add: drop,
      update: (_previous, object) => drop(object),
      delete: (object) => void this.#written.delete(keyOf(object)),
    });
  }

  get(name: { namespace?: string; name: string }): T | undefined {
    const seen = this.#informer.lister.get(name);
    return seen ? this.newest(seen) : this.#written.get(pathOf(name));
  }

  /** Our write of the object, if it is newer. */
  newest(seen: T): T {
    const written = this.#written.get(keyOf(seen));
    return written && isNewer(written, seen) ? written : seen;
  }

  /** Notes what the server answered to a write, unless the informer knows better already. */
  wrote(object: T): T {
    const included = Number(this.#informer.resourceVersion);
    if (Number(object.metadata.resourceVersion) > included)
      this.#written.set(keyOf(object), object);
    return object;
  }
}

function pathOf({ namespace = '', name }: { namespace?: string; name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function isNewer(left: KubernetesObject, right: KubernetesObject): boolean {
  if (uidOf(left) !== uidOf(right)) return false;
  return Number(left.metadata.resourceVersion) > Number(right.metadata.resourceVersion);
}
