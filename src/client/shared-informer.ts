// An informer: reflector in front, cache behind, handlers beside. Everything after the transport
// is synchronous: when a handler runs, the cache shows at least what the handler is told.
import type { KubernetesObject } from '../api/meta/object.ts';
import { deepFreeze, keyOf, uidOf } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { EventHandler, Informer, Lister } from './informer.ts';
import { ObjectCache } from './object-cache.ts';
import type { ReflectorOptions } from './reflector.ts';
import { Reflector } from './reflector.ts';

type Change<T> = (handler: EventHandler<T>) => void;

/** See Informer. `start()` resolves at once: wait with `synced()`. Not to be started again. */
export class SharedInformer<T extends KubernetesObject> implements Informer<T> {
  readonly resource: ResourceDefinition<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<EventHandler<T>>();
  readonly #reflector: Reflector<T>;
  readonly #logger: Logger;
  readonly #synced: Promise<void>;
  #resolveSynced: () => void = () => {};
  #hasSynced = false;
  #resourceVersion = '';

  constructor(options: Omit<ReflectorOptions<T>, 'sink'>) {
    this.resource = options.resource;
    this.#logger = options.logger;
    this.#synced = new Promise((resolve) => (this.#resolveSynced = resolve));
    this.#reflector = new Reflector<T>({
      ...options,
      sink: {
        replace: (objects, version) => this.#replace(objects, version),
        apply: (type, object) => this.#apply(type, object),
        progress: (version) => (this.#resourceVersion = version),
      },
    });
  }

  get lister(): Lister<T> {
    return this.#cache.lister;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  synced(): Promise<void> {
    return this.#synced;
  }

  addIndex(index: string, values: (object: T) => readonly string[]): void {
    this.#cache.addIndex(index, values);
  }

  addEventHandler(handler: EventHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#cache.lister.list()) {
      this.#call(handler, (added) => added.add?.(object));
    }
    return () => void this.#handlers.delete(handler);
  }

  start(): Promise<void> {
    return this.#reflector.start();
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  /** Brings the cache to the new state first, then tells what that changed. */
  #replace(objects: readonly T[], version: string): void {
    const gone = new Set(this.#cache.keys());
    const changes: Change<T>[] = [];
    for (const object of objects) {
      gone.delete(keyOf(object));
      changes.push(...this.#store(object));
    }
    const deletions = [...gone].flatMap((key) => this.#remove(key));
    this.#resourceVersion = version;
    this.#tell([...deletions, ...changes]);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#resolveSynced();
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (type !== 'DELETED') return this.#tell(this.#store(object));
    this.#tell(this.#remove(keyOf(object), deepFreeze(object)));
  }

  /** Nothing for a state that is known already; a successor of the same name is delete and add. */
  #store(object: T): Change<T>[] {
    const known = this.#cache.get(keyOf(object));
    if (known !== undefined && isSameState(known, object)) return [];
    const current = deepFreeze(object);
    const previous = this.#cache.set(current);
    if (previous === undefined) return [(handler) => handler.add?.(current)];
    if (uidOf(previous) === uidOf(current))
      return [(handler) => handler.update?.(previous, current)];
    return [(handler) => handler.delete?.(previous), (handler) => handler.add?.(current)];
  }

  #remove(key: string, last?: T): Change<T>[] {
    const previous = this.#cache.delete(key);
    if (previous === undefined) return [];
    return [(handler) => handler.delete?.(last ?? previous)];
  }

  #tell(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      // A copy: a handler added meanwhile was given the cache, which has this change already.
      const handlers = Array.from(this.#handlers);
      for (const handler of handlers) this.#call(handler, change);
    }
  }

  #call(handler: EventHandler<T>, change: Change<T>): void {
    try {
      change(handler);
    } catch (error) {
      const fields = { resource: this.resource.resource, error: errorMessage(error) };
      this.#logger.error('event handler failed', fields);
    }
  }
}

function isSameState(a: KubernetesObject, b: KubernetesObject): boolean {
  const same = a.metadata.resourceVersion === b.metadata.resourceVersion;
  return same && uidOf(a) === uidOf(b);
}
