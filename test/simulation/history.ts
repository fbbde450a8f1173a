// Everything the store has ever published, as the simulation knows it: what caches, watches and
// restarts are compared with.
import type { KubernetesObject } from '../../src/api/meta/object.ts';
import { viewOf } from '../../src/apiserver/registry/stored-view.ts';
import { collectionPrefix } from '../../src/apiserver/registry/object-keys.ts';
import { builtinResources, type ResourceDefinition } from '../../src/api/resources.ts';
import type { Store, StoredEntry, StoreEvent } from '../../src/storage/store.ts';
import { fingerprint } from './fingerprint.ts';
import type { World } from './world.ts';

interface Point {
  readonly revision: number;
  /** Of all objects of the resource at that revision. */
  readonly fingerprint: number;
}

interface Collection {
  readonly resource: ResourceDefinition;
  readonly objects: Map<string, KubernetesObject>;
  /** Ascending revisions; one a change. */
  readonly points: Point[];
  readonly events: StoreEvent[];
}

export class History {
  readonly #world: World;
  readonly #collections = new Map<string, Collection>();
  readonly #entries = new Map<string, StoredEntry>();
  readonly #listeners: ((event: StoreEvent, resource: ResourceDefinition) => void)[] = [];
  revision = 0;

  constructor(world: World) {
    this.#world = world;
    for (const resource of builtinResources) {
      const objects = new Map<string, KubernetesObject>();
      const collection = { resource, objects, points: [], events: [] };
      this.#collections.set(collectionPrefix(resource, ''), collection);
    }
  }

  /** Follows a store that has just started, and checks that it has lost nothing. */
  attach(store: Store): void {
    if (store.revision < this.revision) {
      const text = `published ${this.revision}, but the store came back at ${store.revision}`;
      return this.#world.fail('durable', text);
    }
    store.watch('', this.revision, { events: (events) => this.#record(events), end: () => {} });
    this.#compare(store);
  }

  onEvent(listener: (event: StoreEvent, resource: ResourceDefinition) => void): void {
    this.#listeners.push(listener);
  }

  /** The published objects of a resource by `namespace/name`. */
  objects<T extends KubernetesObject>(resource: ResourceDefinition<T>): ReadonlyMap<string, T> {
    return this.#collection(resource).objects as unknown as ReadonlyMap<string, T>;
  }

  /** Events of a resource, oldest first. */
  events(resource: ResourceDefinition): readonly StoreEvent[] {
    return this.#collection(resource).events;
  }

  /** Of all objects of the resource as they were at `revision`. */
  fingerprintAt(resource: ResourceDefinition, revision: number): number {
    const { points } = this.#collection(resource);
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return points[low - 1]?.fingerprint ?? 0;
  }

  #collection(resource: ResourceDefinition): Collection {
    return this.#collections.get(collectionPrefix(resource, ''))!;
  }

  #record(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const { entry } = event;
      if (entry.revision <= this.revision) {
        this.#world.fail('ordered', `revision ${entry.revision} came after ${this.revision}`);
      }
      this.revision = entry.revision;
      if (event.type === 'put') this.#entries.set(entry.key, entry);
      else this.#entries.delete(entry.key);
      const prefix = entry.key.split('/').slice(0, 4).join('/');
      const collection = this.#collections.get(`${prefix}/`);
      this.#world.log('store', `${entry.revision} ${event.type} ${entry.key}`);
      if (collection) this.#recordIn(collection, event);
    }
  }

  #recordIn(collection: Collection, event: StoreEvent): void {
    const { entry, type, previous } = event;
    const { resource, objects, points, events } = collection;
    const key = entry.key.slice(collectionPrefix(resource, '').length);
    let sum = points.at(-1)?.fingerprint ?? 0;
    if (previous) sum = (sum - fingerprint(key, String(previous.revision))) >>> 0;
    if (type === 'put') sum = (sum + fingerprint(key, String(entry.revision))) >>> 0;
    points.push({ revision: entry.revision, fingerprint: sum });
    events.push(event);
    if (type === 'put') objects.set(key, viewOf(entry).object);
    else objects.delete(key);
    for (const listener of this.#listeners) listener(event, resource);
  }

  /** Acknowledged writes must be there, and nothing else. */
  #compare(store: Store): void {
    const { entries } = store.list('');
    if (entries.length !== this.#entries.size) {
      const text = `${this.#entries.size} objects were published, ${entries.length} came back`;
      this.#world.fail('durable', text);
    }
    for (const entry of entries) {
      const known = this.#entries.get(entry.key);
      if (known?.revision === entry.revision && known.value.equals(entry.value)) continue;
      this.#world.fail('durable', `${entry.key} came back different`);
    }
  }
}
