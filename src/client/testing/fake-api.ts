// A tiny API server in memory for unit tests of informers, controllers and the node agent:
// list, watch (bookmarks, initial events, selectors), create, update, patch, delete, binding, with
// faults on demand. No validation, defaulting or admission: for those use the real server.
import type { DeleteOptions } from '../../api/generated/types.ts';
import type { Json, JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import { nameOf } from '../../api/meta/object.ts';
import { applyJsonPatch } from '../../api/meta/patch/json-patch.ts';
import { applyMergePatch } from '../../api/meta/patch/merge-patch.ts';
import { applyStrategicMerge } from '../../api/meta/patch/strategic-merge.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import { alreadyExists, notFound, statusError } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { builtinResources, groupVersion } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { unlessAborted } from '../abort.ts';
import type { Transport, TransportRequest } from '../transport.ts';
import type { FakeObject } from './fake-objects.ts';
import { birth, changed, doomed, isRemovable, isSameObject } from './fake-objects.ts';
import { withVersion } from './fake-objects.ts';
import type { FakeRoute } from './fake-route.ts';
import { parseRoute, selects } from './fake-route.ts';
import { FakeWatches } from './fake-watches.ts';

export interface FakeApi {
  readonly transport: Transport;
  /** Every request so far, watches included, in order of arrival. */
  readonly requests: TransportRequest[];
  /** Called before a request is carried out; what it throws is the answer. May delay. */
  beforeRequest: ((request: TransportRequest) => void | Promise<void>) | undefined;
  /** Called after a request was carried out; what it throws is the answer: a lost reply. */
  beforeReply: ((request: TransportRequest) => void | Promise<void>) | undefined;
  /** Ends all watches, as if connections were reset (with `error`) or timed out (without). */
  endWatches(error?: Error): void;
  /** Keeps events back until resumed: caches get stale. Connections stay open. */
  pauseWatches(): void;
  resumeWatches(): void;
  /** Sends a bookmark with the newest resourceVersion to all watches that asked for some. */
  sendBookmarks(): void;
  /** Sends anything to all open watches. */
  sendToWatches(event: { type: string; object?: unknown }): void;
  /** Number of open watches. */
  readonly watchCount: number;
  /** Forgets the history: watches from before now get 410. */
  compact(): void;
  /** Stored objects, without a request; frozen, in key order. */
  list<T extends KubernetesObject>(resource: ResourceDefinition<T>, namespace?: string): T[];
  get<T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    name: { namespace?: string; name: string },
  ): T | undefined;
}

export interface FakeApiOptions {
  clock: Clock;
  random: Random;
  /** Default: builtinResources. */
  resources?: readonly ResourceDefinition[];
  /** False: answers 422 to sendInitialEvents, as servers without WatchList do (API-511). */
  watchList?: boolean;
}

/** A new, empty fake server. */
export function createFakeApi(options: FakeApiOptions): FakeApi {
  const state = new FakeState(options);
  const { watches } = state;
  const requests: TransportRequest[] = [];
  const admit = async (request: TransportRequest) => {
    requests.push(request);
    await unlessAborted(Promise.resolve(api.beforeRequest?.(request)), request.signal);
    return parseRoute(request, options.resources ?? builtinResources);
  };
  const transport: Transport = {
    async request(request) {
      const reply = state.handle(await admit(request), request);
      await unlessAborted(Promise.resolve(api.beforeReply?.(request)), request.signal);
      return reply as unknown as Json;
    },
    async watch(request, handler) {
      const route = await admit(request);
      if (request.query?.['sendInitialEvents'] === 'true' && options.watchList === false) {
        throw statusError('Invalid', 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents');
      }
      const objects = () => state.select(route);
      return watches.open({ route, query: request.query ?? {}, handler, objects });
    },
    close: async () => watches.end(),
  };
  const api: FakeApi = {
    transport,
    requests,
    beforeRequest: undefined,
    beforeReply: undefined,
    endWatches: (error) => watches.end(error),
    pauseWatches: () => watches.pause(),
    resumeWatches: () => watches.resume(),
    sendBookmarks: () => watches.sendBookmarks(),
    sendToWatches: (event) => watches.sendRaw(event),
    get watchCount() {
      return watches.size;
    },
    compact: () => watches.compact(),
    list: <T extends KubernetesObject>(resource: ResourceDefinition<T>, namespace = '') =>
      state.select({ resource, namespace, query: {} }) as KubernetesObject[] as T[],
    get: <T extends KubernetesObject>(
      resource: ResourceDefinition<T>,
      name: { namespace?: string; name: string },
    ) => state.objects.get(keyIn(resource, name)) as KubernetesObject as T | undefined,
  };
  return api;
}

function keyIn(
  resource: ResourceDefinition,
  { namespace = '', name }: { namespace?: string; name: string },
): string {
  return [resource.group, resource.resource, resource.namespaced ? namespace : '', name].join('|');
}

class FakeState {
  readonly objects = new Map<string, FakeObject>();
  readonly watches = new FakeWatches();
  readonly #options: FakeApiOptions;

  constructor(options: FakeApiOptions) {
    this.#options = options;
  }

  select(route: Pick<FakeRoute, 'resource' | 'namespace' | 'query'>): FakeObject[] {
    const prefix = keyIn(route.resource, { namespace: route.namespace, name: '' });
    const start = route.namespace === '' ? prefix.slice(0, -1) : prefix;
    return [...this.objects.keys()]
      .filter((key) => key.startsWith(start))
      .sort()
      .map((key) => this.objects.get(key) as FakeObject)
      .filter((object) => selects(route, object));
  }

  handle(route: FakeRoute, request: TransportRequest): object {
    const { method } = request;
    const body = wireCopy(request.body) as FakeObject;
    if (method === 'GET') return route.name === '' ? this.#list(route) : this.#find(route);
    if (method === 'POST') return this.#post(route, body);
    if (method === 'PUT') return this.#change(route, body);
    if (method === 'PATCH') return this.#change(route, this.#patched(route, { ...request, body }));
    if (route.name !== '') return this.#delete(route, body as DeleteOptions);
    const items = this.select(route);
    for (const item of items) {
      this.#delete({ ...route, ...placeOf(item) }, body as DeleteOptions);
    }
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
  }

  #find(route: FakeRoute): FakeObject {
    const object = this.objects.get(keyIn(route.resource, route));
    if (object === undefined) throw notFound(route.resource, route.name);
    return object;
  }

  #list(route: FakeRoute): object {
    const metadata = { resourceVersion: String(this.watches.version) };
    const { kind } = route.resource;
    const apiVersion = groupVersion(route.resource);
    return { kind: `${kind}List`, apiVersion, metadata, items: this.select(route) };
  }

  #post(route: FakeRoute, body: FakeObject): object {
    const { resource, subresource } = route;
    if (subresource === 'eviction') {
      const { deleteOptions = {} } = body as { deleteOptions?: DeleteOptions };
      this.#delete(route, deleteOptions);
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    }
    if (subresource === 'binding') return this.#bind(route, body);
    const object = birth(route, body, this.#options);
    const key = keyIn(resource, { namespace: route.namespace, name: nameOf(object) });
    if (this.objects.has(key)) throw alreadyExists(resource, nameOf(object));
    return this.#commit(route, 'ADDED', { key, object });
  }

  #bind(route: FakeRoute, body: FakeObject): object {
    const { target } = body as { target?: { name?: string } };
    const pod = this.#find(route);
    const spec: JsonObject = { ...pod.spec, nodeName: target?.name ?? '' };
    const conditions = [{ type: 'PodScheduled', status: 'True' }];
    const object = { ...pod, spec, status: { ...pod.status, conditions } };
    this.#commit(route, 'MODIFIED', { key: keyIn(route.resource, route), object });
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  }

  #patched(route: FakeRoute, { contentType = '', body = {} }: TransportRequest): FakeObject {
    const stored = this.#find(route) as unknown as JsonObject;
    return applyPatch(route.resource, stored, { contentType, patch: body as Json }) as FakeObject;
  }

  #change(route: FakeRoute, body: FakeObject): FakeObject {
    const stored = this.#find(route);
    const object = changed(route, stored, body);
    const key = keyIn(route.resource, route);
    if (isRemovable(route.resource, object)) return this.#commit(route, 'DELETED', { key, object });
    if (isSameObject(stored, object)) return stored;
    return this.#commit(route, 'MODIFIED', { key, object });
  }

  #delete(route: FakeRoute, options: DeleteOptions): FakeObject {
    const stored = this.#find(route);
    const key = keyIn(route.resource, route);
    const object = doomed(route.resource, stored, { options, clock: this.#options.clock });
    if (object === stored) return stored;
    return object === undefined
      ? this.#commit(route, 'DELETED', { key, object: stored })
      : this.#commit(route, 'MODIFIED', { key, object });
  }

  #commit(
    { resource }: FakeRoute,
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
    { key, object }: { key: string; object: FakeObject },
  ): FakeObject {
    const previous = this.objects.get(key);
    const stored = withVersion(object, this.watches.version + 1);
    if (type === 'DELETED') this.objects.delete(key);
    else this.objects.set(key, stored);
    this.watches.publish({ resource, object: stored, previous, deleted: type === 'DELETED' });
    return stored;
  }
}

/** What arrives when a body crosses a connection: members that are undefined are absent. */
function wireCopy(body: object = {}): object {
  return JSON.parse(JSON.stringify(body)) as object;
}

function applyPatch(
  { model }: ResourceDefinition,
  target: JsonObject,
  { contentType, patch }: { contentType: string; patch: Json },
): unknown {
  if (contentType === 'application/merge-patch+json') return applyMergePatch(target, patch);
  if (contentType === 'application/json-patch+json') return applyJsonPatch(target, patch);
  if (contentType === 'application/strategic-merge-patch+json') {
    return applyStrategicMerge(target, patch as JsonObject, { model: builtinTypes, type: model });
  }
  throw statusError('UnsupportedMediaType', `the fake API server knows no ${contentType}`);
}

function placeOf(object: FakeObject): { namespace: string; name: string } {
  return { namespace: object.metadata.namespace ?? '', name: nameOf(object) };
}
