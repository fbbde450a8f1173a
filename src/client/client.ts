// The typed client: one object a resource, the verbs of the API, nothing cached.
// Controllers, the node agent and DNS change the world through this and see it through informers.
import type { DeleteOptions, Status } from '../api/generated/types.ts';
import type { KubernetesList, KubernetesObject } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import type { Transport, WatchHandler, WatchStream } from './transport.ts';

/** `json`: RFC 6902, `merge`: RFC 7386, `strategic`: API-620, `apply`: server-side apply. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface ObjectName {
  /** Absent for cluster-scoped objects. */
  namespace?: string;
  name: string;
}

export interface ListSelection {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: string;
  limit?: number;
  continue?: string;
}

export interface WatchSelection extends ListSelection {
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
}

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  /** With `apply`: take over fields of others. */
  force?: boolean;
  signal?: AbortSignal;
}

export interface ReadOptions {
  /** Aborts the request; a watch that is open already is stopped. */
  signal?: AbortSignal;
}

/**
 * All methods throw StatusError as the server answers, or the transport's own error. Returned
 * objects may be frozen.
 */
export interface ResourceClient<T extends KubernetesObject> {
  readonly resource: ResourceDefinition<T>;
  get(name: ObjectName, options?: ReadOptions & { resourceVersion?: string }): Promise<T>;
  /** Items carry apiVersion and kind, also when the server leaves them out. */
  list(selection?: ListSelection, options?: ReadOptions): Promise<KubernetesList<T>>;
  /** See Transport.watch: events may come before the promise resolves. */
  watch(
    selection: WatchSelection,
    handler: WatchHandler,
    options?: ReadOptions,
  ): Promise<WatchStream>;
  /** Namespace and name are those of the object's metadata. */
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(
    name: ObjectName & { subresource?: string },
    patch: { type: PatchType; body: object },
    options?: WriteOptions,
  ): Promise<T>;
  /** The deleted object or a Status, as the server answers. */
  delete(name: ObjectName, options?: DeleteOptions): Promise<T | Status>;
  deleteCollection(selection: ListSelection, options?: DeleteOptions): Promise<void>;
  /** POSTs to a subresource (`binding`, `eviction`); returns the reply. */
  createSubresource(name: ObjectName & { subresource: string }, body: object): Promise<object>;
}

export interface Client {
  readonly transport: Transport;
  resource<T extends KubernetesObject>(definition: ResourceDefinition<T>): ResourceClient<T>;
}
