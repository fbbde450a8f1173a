// The memory of an informer: objects by key, by namespace and by index. It holds what it is given
// and tells what changed; ordering and handlers are the informer's business.
import type { KubernetesObject } from '../api/meta/object.ts';
import { keyOf, namespaceOf } from '../api/meta/object.ts';
import { assert, present } from '../base/assert.ts';
import type { Lister } from './informer.ts';

type Values<T> = (object: T) => readonly string[];

interface Index<T> {
  readonly values: Values<T>;
  readonly buckets: Map<string, Map<string, T>>;
}

export class ObjectCache<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>();
  readonly #byNamespace: Index<T> = {
    values: (object) => [namespaceOf(object)],
    buckets: new Map(),
  };
  readonly #indexes = new Map<string, Index<T>>();

  /** Reads; results are arrays of their own, objects are shared. */
  readonly lister: Lister<T> = {
    get: ({ namespace = '', name }) =>
      this.#objects.get(namespace === '' ? name : `${namespace}/${name}`),
    list: (namespace) =>
      namespace === undefined || namespace === ''
        ? [...this.#objects.values()]
        : bucket(this.#byNamespace, namespace),
    byIndex: (index, value) => bucket(present(this.#indexes.get(index), `index ${index}`), value),
  };

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** Stores the object under its key; returns what was there. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const index of this.#allIndexes()) insert(index, key, object);
    return previous;
  }

  /** Removes the key; returns what was there. */
  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#allIndexes()) remove(index, key, previous);
    return previous;
  }

  /** Adding an index of a name that exists keeps the first: several users may ask for the same. */
  addIndex(name: string, values: Values<T>): void {
    assert(name !== '', 'an index has a name');
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, key, object);
  }

  #allIndexes(): Index<T>[] {
    return [this.#byNamespace, ...this.#indexes.values()];
  }
}

function bucket<T>({ buckets }: Index<T>, value: string): T[] {
  return [...(buckets.get(value)?.values() ?? [])];
}

function insert<T>({ values, buckets }: Index<T>, key: string, object: T): void {
  for (const value of values(object)) {
    const entries = buckets.get(value) ?? new Map<string, T>();
    buckets.set(value, entries.set(key, object));
  }
}

function remove<T>({ values, buckets }: Index<T>, key: string, object: T): void {
  for (const value of values(object)) {
    const entries = buckets.get(value);
    entries?.delete(key);
    if (entries?.size === 0) buckets.delete(value);
  }
}
