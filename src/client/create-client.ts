// The client over any transport: paths from the resource table, queries from the selections.
import type { DeleteOptions, Status } from '../api/generated/types.ts';
import type { KubernetesList, KubernetesObject } from '../api/meta/object.ts';
import { nameOf, namespaceOf } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { groupVersion, resourcePath } from '../api/resources.ts';
import type {
  Client,
  ListSelection,
  PatchType,
  ResourceClient,
  WatchSelection,
  WriteOptions,
} from './client.ts';
import type { Transport, TransportRequest } from './transport.ts';

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** A client that sends everything through `transport`, which stays the caller's to close. */
export function createClient(transport: Transport): Client {
  return {
    transport,
    resource: (definition) => createResourceClient(transport, definition),
  };
}

function createResourceClient<T extends KubernetesObject>(
  transport: Transport,
  resource: ResourceDefinition<T>,
): ResourceClient<T> {
  const path = (place: { namespace?: string; name?: string; subresource?: string } = {}) =>
    resourcePath(resource, place);
  const send = async <R>(request: TransportRequest) =>
    (await transport.request(request)) as unknown as R;
  const put = (object: T, subresource: string, options?: WriteOptions) =>
    send<T>({
      method: 'PUT',
      path: path({ ...placeOf(object), subresource }),
      body: object,
      ...written(options),
    });
  return {
    resource,
    get: (name, { resourceVersion, signal } = {}) =>
      send<T>({
        method: 'GET',
        path: path(name),
        query: query({ resourceVersion }),
        ...abortable(signal),
      }),
    list: async (selection = {}, { signal } = {}) => {
      const place = selected(resource, selection);
      const list = await send<KubernetesList<T>>({ method: 'GET', ...place, ...abortable(signal) });
      return typed(resource, list);
    },
    watch: (selection, handler, { signal } = {}) =>
      transport.watch(
        { method: 'GET', ...selected(resource, selection, 'watch'), ...abortable(signal) },
        handler,
      ),
    create: (object, options) =>
      send<T>({
        method: 'POST',
        path: path({ namespace: namespaceOf(object) }),
        body: object,
        ...written(options),
      }),
    update: (object, options) => put(object, '', options),
    updateStatus: (object, options) => put(object, 'status', options),
    patch: (name, { type, body }, options) =>
      send<T>({
        method: 'PATCH',
        path: path(name),
        body,
        contentType: PATCH_CONTENT_TYPES[type],
        ...written(options),
      }),
    delete: (name, options) =>
      send<T | Status>({ method: 'DELETE', path: path(name), ...deletion(options) }),
    deleteCollection: async (selection, options) => {
      const request = { ...selected(resource, selection), ...deletion(options) };
      await send<object>({ method: 'DELETE', ...request });
    },
    createSubresource: (name, body) => send<object>({ method: 'POST', path: path(name), body }),
  };
}

function placeOf(object: KubernetesObject): { namespace: string; name: string } {
  return { namespace: namespaceOf(object), name: nameOf(object) };
}

function selected(
  resource: ResourceDefinition,
  { namespace, ...rest }: WatchSelection | ListSelection,
  verb: 'list' | 'watch' = 'list',
): { path: string; query: Record<string, string> } {
  return {
    path: resourcePath(resource, namespace === undefined ? {} : { namespace }),
    query: query({ ...rest, ...(verb === 'watch' ? { watch: true } : {}) }),
  };
}

function abortable(signal: AbortSignal | undefined): Pick<TransportRequest, 'signal'> {
  return signal === undefined ? {} : { signal };
}

/** Items of lists come without apiVersion and kind from servers in Go. */
function typed<T extends KubernetesObject>(
  resource: ResourceDefinition<T>,
  list: KubernetesList<T>,
): KubernetesList<T> {
  const items = list.items ?? [];
  if (items.every(({ kind }) => kind !== undefined)) return list;
  const type = { apiVersion: groupVersion(resource), kind: resource.kind };
  return { ...list, items: items.map((item) => ({ ...type, ...item })) };
}

function written(options: WriteOptions = {}): Pick<TransportRequest, 'query' | 'signal'> {
  const { dryRun, fieldManager, force, signal } = options;
  return {
    query: query({ dryRun: dryRun ? 'All' : undefined, fieldManager, force }),
    ...abortable(signal),
  };
}

/** The body is left out when it would say nothing. */
function deletion(options: DeleteOptions = {}): { body?: DeleteOptions } {
  const said = Object.values(options).some((value) => value !== undefined);
  return said ? { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } } : {};
}

function query(
  parameters: Record<string, string | number | boolean | undefined>,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) result[key] = String(value);
  }
  return result;
}
