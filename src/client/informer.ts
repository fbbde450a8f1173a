// What an informer promises; shared-informer.ts keeps the promise.
import type { KubernetesObject } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import type { Runnable } from '../base/runnable.ts';
import type { ListSelection } from './client.ts';

export interface EventHandler<T> {
  /** Also called for every object already in the cache when the handler is added. */
  add?(object: T): void;
  update?(previous: T, object: T): void;
  /** `object` is the last state known (after a re-list possibly not the very last one). */
  delete?(object: T): void;
}

/** Reads from an informer's cache. Objects are deeply frozen. */
export interface Lister<T> {
  get(name: { namespace?: string; name: string }): T | undefined;
  /** All objects, of one namespace if given, in no particular order. */
  list(namespace?: string): T[];
  /** Objects whose index function gave `value`; see Informer.addIndex. */
  byIndex(index: string, value: string): T[];
}

/**
 * Keeps a cache of one resource in step with the server; survives resets, 410, silence. `start()`
 * resolves at once, also when there is no server yet: wait with `synced()`.
 */
export interface Informer<T extends KubernetesObject> extends Runnable {
  readonly resource: ResourceDefinition<T>;
  readonly lister: Lister<T>;
  /** True once the first complete list is in the cache and was handed to the handlers. */
  readonly hasSynced: boolean;
  /** Newest resourceVersion that the cache is known to include (bookmarks count). */
  readonly resourceVersion: string;
  /** Resolves when hasSynced turns true. */
  synced(): Promise<void>;
  /** Handlers run synchronously, in order; what they throw is logged. Returns the unsubscriber. */
  addEventHandler(handler: EventHandler<T>): () => void;
  /**
   * Adds an index; `values` gives the index values of an object. Existing objects are indexed at
   * once. The first index of a name stays: name an index after what it does.
   */
  addIndex(index: string, values: (object: T) => readonly string[]): void;
}

/**
 * One informer a resource and selection, shared by all controllers of a process. Informers asked
 * for after start() start by themselves.
 */
export interface InformerFactory extends Runnable {
  informer<T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    selection?: Pick<ListSelection, 'namespace' | 'labelSelector' | 'fieldSelector'>,
  ): Informer<T>;
}
