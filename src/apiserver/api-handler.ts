// The core of the API server: from a request to the handler of its verb and (sub)resource.
import { isCustom } from '../api/apiextensions/custom-kind.ts';
import { formConversion } from '../api/form-conversion.ts';
import { rulesFor } from '../api/kind-rules.ts';
import type { RuleContext } from '../api/kind-rules.ts';
import { goQuote } from '../api/meta/go-quote.ts';
import { validatePathSegmentName } from '../api/meta/names.ts';
import { badRequest, notFound, statusError, type StatusError } from '../api/meta/status-error.ts';
import { podMetrics } from '../api/metrics/metrics-resources.ts';
import { bindings, apiServices, customResourceDefinitions } from '../api/other-resources.ts';
import { builtinResources, resourcePath } from '../api/resources.ts';
import type { ResourceDefinition, Verb } from '../api/resources.ts';
import { assert, present } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Store } from '../storage/store.ts';
import { MASTERS_GROUP } from './api-request.ts';
import { admitConnect } from './admission/admit-part.ts';
import type { ApiHandler, ApiRequest, ApiResponse } from './api-request.ts';
import type { TokenReviewer } from './authentication.ts';
import { requestAttributes } from './authorization/attributes.ts';
import { createAuthorizer, requireAllowed, type Authorizer } from './authorization/authorizer.ts';
import { createCustomResources, type CustomResources } from './custom-resources/custom-registry.ts';
import { loadEngines } from './custom-resources/load-engines.ts';
import { untilConverted } from './custom-resources/webhook-store.ts';
import { createSettling, type SettleDefinitions } from './custom-resources/settle-definitions.ts';
import { handleCreate } from './handlers/create.ts';
import { handleDelete, handleDeleteCollection } from './handlers/delete.ts';
import { handleGet } from './handlers/get.ts';
import type {
  Handler,
  HandlerContext,
  ResourceRequest,
  TokenIssuer,
} from './handlers/handler-context.ts';
import { handleList } from './handlers/list.ts';
import { handleMetrics } from './handlers/metrics/metrics.ts';
import { handlePatch } from './handlers/patch.ts';
import { reviewHandler } from './handlers/reviews/review-table.ts';
import { handleBindings } from './handlers/subresources/binding.ts';
import { findSubresource } from './handlers/subresources/subresource-table.ts';
import { handleUpdate } from './handlers/update.ts';
import { handleWatch } from './handlers/watch.ts';
import type { NodeDialer, OutsideDialer } from './node-connection.ts';
import { createConvertingStore } from './registry/converting-store.ts';
import { collectionPrefix } from './registry/object-keys.ts';
import { builtinTable, type ResourceTable } from './registry/resource-table.ts';
import { createServiceAllocator } from './registry/service-allocator.ts';
import { createWebhookClient } from './webhooks/webhook-client.ts';
import { warned } from './handlers/warned.ts';
import { methodNotAllowed, parseRequestInfo, resourceNotServed } from './request-info.ts';
import type { RequestInfo } from './request-info.ts';

export interface ApiHandlerOptions {
  /** Started. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dialNode: NodeDialer;
  /** To webhooks outside of the cluster; default: directly. */
  readonly dialOutside?: OutsideDialer | undefined;
  /** Default `10.96.0.0/12`. */
  readonly clusterIpRange?: string;
  readonly featureGates?: RuleContext['featureGates'];
  readonly emulatedVersion?: RuleContext['emulatedVersion'];
  /** Without one, `serviceaccounts/token` answers 503. */
  readonly tokenIssuer?: TokenIssuer;
  /** Default: one over the roles in the store. */
  readonly authorizer?: Authorizer;
  /** For TokenReviews; default: no token is known. */
  readonly reviewToken?: TokenReviewer;
  /** Serves metrics.k8s.io from what the agents of the nodes say; default: it is not served. */
  readonly nodesHaveMetrics?: boolean;
  /** Default: those of the definitions in the store. */
  readonly customResources?: CustomResources;
}

export const DEFAULT_CLUSTER_IP_RANGE = '10.96.0.0/12';

const CONNECTIONS: readonly string[] = ['exec', 'attach', 'portforward'];

const verbHandlers: Readonly<Record<Verb, Handler>> = {
  get: handleGet,
  list: handleList,
  watch: handleWatch,
  create: handleCreate,
  update: handleUpdate,
  patch: handlePatch,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};

/**
 * Handles requests on resource paths (`isResourcePath`), for authenticated users; it starts no
 * timers of its own and needs no stopping. Other paths are the caller's.
 */
export function createApiHandler(options: ApiHandlerOptions): ApiHandler {
  const { store, clock, random, logger, dialNode, tokenIssuer } = options;
  const clusterIpRange = options.clusterIpRange ?? DEFAULT_CLUSTER_IP_RANGE;
  const customResources = options.customResources ?? createCustomResources(store);
  const context: HandlerContext = {
    store,
    customResources,
    clock,
    random,
    logger,
    dialNode,
    tokenIssuer,
    authorizer: options.authorizer ?? createAuthorizer(store),
    webhooks: createWebhookClient({
      store,
      clock,
      dialNode,
      dialOutside: options.dialOutside,
    }),
    reviewToken: options.reviewToken ?? (() => ({ error: 'invalid bearer token' })),
    ruleSettings: {
      featureGates: options.featureGates ?? new Map(),
      emulatedVersion: options.emulatedVersion ?? '1.36',
    },
    serviceAllocator: createServiceAllocator({ store, random, clusterIpRange }),
  };
  const resourceMetrics = options.nodesHaveMetrics === true;
  const handler: ApiHandler = (request) =>
    handle(context, request, { resourceMetrics, customResources, settle });
  const deleteAll = async (resource: ResourceDefinition, namespace: string) => {
    await handler(deleteRequest(resource, namespace));
  };
  const settle = createSettling({ store, clock, random, logger, deleteAll });
  return handler;
}

/** The server's own request to delete a collection. */
function deleteRequest(resource: ResourceDefinition, namespace: string): ApiRequest {
  return {
    method: 'DELETE',
    path: resourcePath(resource, { namespace }),
    query: new URLSearchParams(),
    user: { name: 'system:apiserver', uid: '', groups: [MASTERS_GROUP] },
    body: undefined,
    contentType: '',
    userAgent: 'apiserver',
    signal: () => new AbortController().signal,
  };
}

interface Serving {
  readonly resourceMetrics: boolean;
  readonly customResources: CustomResources;
  readonly settle: SettleDefinitions;
}

async function handle(
  context: HandlerContext,
  request: ApiRequest,
  serving: Serving,
): Promise<ApiResponse> {
  const { resourceMetrics, customResources } = serving;
  const info = request.info ?? parseRequestInfo(request);
  assert(info !== undefined, `${request.path} is the path of a resource`);
  authorize(context, request, info);
  if (resourceMetrics && info.group === podMetrics.group && info.version === podMetrics.version) {
    return handleMetrics(context, request, info);
  }
  const isBuiltin = builtinTable.hasGroupVersion(info);
  if (!isBuiltin && !customResources.hasGroupVersion(info)) return unknownVersion(info);
  const table = isBuiltin ? builtinTable : customResources;
  // Where definitions are served, what is not there is no path at all.
  if (!isBuiltin && !isServed(info, table)) return unknownPath();
  const resource = findResource(info, table);
  if (!isBuiltin || resource === customResourceDefinitions) await loadEngines();
  requireName(info);
  const rules = present(rulesFor(resource), `rules of ${resource.resource}`);
  const target: ResourceRequest = { request, info, resource, rules };
  const handler = handlerOf(target);
  const admitted = admitConnect(context, target);
  if (admitted) await admitted;
  const response = await warned(
    () => (resource.deprecation === undefined ? [] : [resource.deprecation]),
    () => runHandler(context, target, handler),
  );
  await afterWrite(target, serving);
  return response;
}

/** Runs a handler over a store in which objects have the form of the resource. */
async function runHandler(
  context: HandlerContext,
  target: ResourceRequest,
  handler: Handler,
): Promise<ApiResponse> {
  const { store, customResources, webhooks: client, random } = context;
  const { resource, info } = target;
  if (!isCustom(resource)) {
    const conversion = formConversion(resource);
    if (!conversion) return handler(context, target);
    const form = createConvertingStore(store, resource, conversion);
    return handler({ ...context, store: form }, target);
  }
  const { store: shown, webhookStore } = customResources.access(resource, { client, random });
  const run = () => handler({ ...context, store: shown }, target);
  if (!webhookStore) return run();
  if (info.verb === 'watch') {
    // It lists what is there when it is opened, and can't be run again then.
    const prefix = collectionPrefix(resource, info.namespace);
    await untilConverted(webhookStore, () => webhookStore.list(prefix));
  }
  return untilConverted(webhookStore, run);
}

const READS: readonly Verb[] = ['get', 'list', 'watch'];
const ENDS: readonly Verb[] = ['delete', 'deletecollection', 'update', 'patch'];

/** Definitions, and the API services that are kept for them. */
const SETTLED: readonly ResourceDefinition[] = [customResourceDefinitions, apiServices];

/** Definitions take effect with the reply; the last object of a dying one ends it. */
async function afterWrite({ resource, info }: ResourceRequest, { settle }: Serving): Promise<void> {
  if (SETTLED.includes(resource) && !READS.includes(info.verb)) await settle();
  if (resource.custom?.isEnding && ENDS.includes(info.verb)) void settle();
}

/** Throws 403. Connecting to a container is always a matter of creating, too (API-1105). */
function authorize({ authorizer }: HandlerContext, request: ApiRequest, info: RequestInfo): void {
  const attributes = requestAttributes(info, request.query);
  requireAllowed(authorizer, request.user, attributes);
  const connects = CONNECTIONS.includes(info.subresource) && info.resource === 'pods';
  if (!connects || attributes.verb === 'create') return;
  requireAllowed(authorizer, request.user, { ...attributes, verb: 'create' });
}

/** Throws 400 for names that could mean another place in a path. */
function requireName({ name }: RequestInfo): void {
  if (!/^\.{1,2}$|[/%]/.test(name)) return;
  const [why] = validatePathSegmentName(name);
  if (why !== undefined) throw badRequest(`Name parameter invalid: ${goQuote(name)}: ${why}`);
}

/** How custom resources say that they can't do something. */
function notSupported({ group, resource }: ResourceDefinition, verb: Verb): StatusError {
  const message = `${verb} is not supported on resources of kind "${resource}.${group}"`;
  return statusError('MethodNotAllowed', message, { details: { group, kind: resource } });
}

const NAMED: readonly Verb[] = ['update', 'patch'];

/** Custom resources have no routes that would refuse what lacks a name. */
function checkCustom(resource: ResourceDefinition, { verb, name }: RequestInfo): void {
  if (NAMED.includes(verb) && name === '') throw badRequest('name must be provided');
  // Nothing is added to what is about to end (API-1007).
  if (resource.custom?.isEnding && verb === 'create') throw notSupported(resource, verb);
}

/** API-116: a version that a built-in group doesn't have; of other groups, nothing is known. */
function unknownVersion({ group }: RequestInfo): ApiResponse {
  if (builtinResources.some((resource) => resource.group === group)) throw resourceNotServed();
  return unknownPath();
}

/** API-116: what is no path at all. */
function unknownPath(): ApiResponse {
  const body = '404 page not found\n';
  return { kind: 'plain', code: 404, contentType: 'text/plain; charset=utf-8', body };
}

type Table = Pick<ResourceTable, 'find'>;

const ACROSS_NAMESPACES: readonly Verb[] = ['list', 'watch'];

/**
 * False also for a cluster-scoped resource below a namespace and the reverse; all namespaces
 * together are only there to be listed.
 */
function isServed(info: RequestInfo, table: Table): boolean {
  const resource = table.find(info);
  if (!resource) return false;
  if (!resource.namespaced) return info.namespace === '';
  if (info.namespace !== '') return true;
  if (resource.custom && !ACROSS_NAMESPACES.includes(info.verb)) return false;
  return info.name === '' && resource.verbs.includes('list');
}

/** Throws 404. */
function findResource(info: RequestInfo, table: Table): ResourceDefinition {
  const resource = table.find(info);
  if (!resource || !isServed(info, table)) throw resourceNotServed();
  return resource;
}

function handlerOf(target: ResourceRequest): Handler {
  const { resource, info } = target;
  if (info.subresource === '') {
    if (!resource.verbs.includes(info.verb)) throw methodNotAllowed();
    if (resource.custom) checkCustom(resource, info);
    if (resource === bindings) return handleBindings;
    return reviewHandler(resource) ?? verbHandlers[info.verb];
  }
  if (!resource.subresources.includes(info.subresource)) {
    throw resource.custom ? notFound(resource, info.name) : resourceNotServed();
  }
  const handlers = findSubresource(resource, info.subresource);
  if (!handlers) throw resourceNotServed();
  const handler = handlers[info.verb];
  if (!handler) throw resource.custom ? notSupported(resource, info.verb) : methodNotAllowed();
  return handler;
}
