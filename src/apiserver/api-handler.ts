// The core of the API server: from a request to the handler of its verb and (sub)resource.
import { formConversion } from '../api/form-conversion.ts';
import { rulesFor } from '../api/kind-rules.ts';
import type { RuleContext } from '../api/kind-rules.ts';
import { podMetrics } from '../api/metrics/metrics-resources.ts';
import { bindings } from '../api/other-resources.ts';
import type { ResourceDefinition, Verb } from '../api/resources.ts';
import { assert, present } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Store } from '../storage/store.ts';
import type { ApiHandler, ApiRequest, ApiResponse } from './api-request.ts';
import type { TokenReviewer } from './authentication.ts';
import { requestAttributes } from './authorization/attributes.ts';
import { createAuthorizer, requireAllowed, type Authorizer } from './authorization/authorizer.ts';
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
import type { NodeDialer } from './node-connection.ts';
import { createConvertingStore } from './registry/converting-store.ts';
import { builtinTable } from './registry/resource-table.ts';
import { createServiceAllocator } from './registry/service-allocator.ts';
import { methodNotAllowed, parseRequestInfo, resourceNotServed } from './request-info.ts';
import type { RequestInfo } from './request-info.ts';

export interface ApiHandlerOptions {
  /** Started. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dialNode: NodeDialer;
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
  const context: HandlerContext = {
    store,
    clock,
    random,
    logger,
    dialNode,
    tokenIssuer,
    authorizer: options.authorizer ?? createAuthorizer(store),
    reviewToken: options.reviewToken ?? (() => ({ error: 'invalid bearer token' })),
    ruleSettings: {
      featureGates: options.featureGates ?? new Map(),
      emulatedVersion: options.emulatedVersion ?? '1.36',
    },
    serviceAllocator: createServiceAllocator({ store, random, clusterIpRange }),
  };
  const resourceMetrics = options.nodesHaveMetrics === true;
  return async (request) => handle(context, request, { resourceMetrics });
}

async function handle(
  context: HandlerContext,
  request: ApiRequest,
  { resourceMetrics }: { resourceMetrics: boolean },
): Promise<ApiResponse> {
  const info = parseRequestInfo(request);
  assert(info !== undefined, `${request.path} is the path of a resource`);
  authorize(context, request, info);
  if (resourceMetrics && info.group === podMetrics.group && info.version === podMetrics.version) {
    return handleMetrics(context, request, info);
  }
  if (!builtinTable.hasGroupVersion(info)) return unknownPath();
  const resource = findResource(info);
  const rules = present(rulesFor(resource), `rules of ${resource.resource}`);
  const target: ResourceRequest = { request, info, resource, rules };
  const conversion = formConversion(resource);
  const handler = handlerOf(target);
  if (!conversion) return handler(context, target);
  const store = createConvertingStore(context.store, resource, conversion);
  return handler({ ...context, store }, target);
}

/** Throws 403. Connecting to a container is always a matter of creating, too (API-1105). */
function authorize({ authorizer }: HandlerContext, request: ApiRequest, info: RequestInfo): void {
  const attributes = requestAttributes(info, request.query);
  requireAllowed(authorizer, request.user, attributes);
  const connects = CONNECTIONS.includes(info.subresource) && info.resource === 'pods';
  if (!connects || attributes.verb === 'create') return;
  requireAllowed(authorizer, request.user, { ...attributes, verb: 'create' });
}

/** API-116: groups and versions that are not served. */
function unknownPath(): ApiResponse {
  const body = '404 page not found\n';
  return { kind: 'plain', code: 404, contentType: 'text/plain; charset=utf-8', body };
}

/** Throws 404 also for a cluster-scoped resource below a namespace and the reverse. */
function findResource(info: RequestInfo): ResourceDefinition {
  const resource = builtinTable.find(info);
  if (!resource) throw resourceNotServed();
  if (!resource.namespaced && info.namespace !== '') throw resourceNotServed();
  if (resource.namespaced && info.namespace === '' && info.name !== '') throw resourceNotServed();
  return resource;
}

function handlerOf(target: ResourceRequest): Handler {
  const { resource, info } = target;
  if (info.subresource === '') {
    if (!resource.verbs.includes(info.verb)) throw methodNotAllowed();
    if (resource === bindings) return handleBindings;
    return reviewHandler(resource) ?? verbHandlers[info.verb];
  }
  if (!resource.subresources.includes(info.subresource)) throw resourceNotServed();
  const handlers = findSubresource(resource, info.subresource);
  if (!handlers) throw resourceNotServed();
  const handler = handlers[info.verb];
  if (!handler) throw methodNotAllowed();
  return handler;
}
