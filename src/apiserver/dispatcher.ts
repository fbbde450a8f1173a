// What happens to one request: authentication, then the core for resources or a system path, then
// the reply. Whatever goes wrong becomes a Status (API-310 ff.); nothing escapes.
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { internalError, statusError, StatusError } from '../api/meta/status-error.ts';
import { builtinResources, type ResourceDefinition } from '../api/resources.ts';
import type { ApiHandler, ApiRequest, ApiResponse, UserInfo } from './api-request.ts';
import { createAuditor, type AuditedRequest, type Auditor, type AuditLog } from './audit.ts';
import type { Authenticator } from './authentication.ts';
import { requestAttributes, type Attributes } from './authorization/attributes.ts';
import type { Exchange } from './exchange.ts';
import { impersonated } from './impersonation.ts';
import type { RequestLabels } from './metrics.ts';
import { errorFormat, mediaType, negotiate, requireBodyType } from './negotiation.ts';
import type { Route } from './negotiation.ts';
import { builtinTable } from './registry/resource-table.ts';
import { sendStatus } from './reply.ts';
import { readBody } from './request-body.ts';
import { requestLimit } from './request-limit.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';
import { wantsPretty, writeResponse } from './response-writer.ts';
import { serveSystemPath, type SystemPathsOptions } from './system-paths.ts';

export interface DispatcherOptions extends SystemPathsOptions {
  readonly handler: ApiHandler;
  readonly authenticator: Authenticator;
  readonly resources: readonly ResourceDefinition[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** Absent: nothing is logged. */
  readonly audit?: AuditLog | undefined;
}

/** Something that goes on after the reply's head: a watch, a log. `stop` ends it in good order. */
export interface LongRunning {
  stop(): void;
}

export interface Dispatcher {
  /** Answers a request. Never throws. `track` is told of replies that go on. */
  handle(exchange: Exchange, track: (running: LongRunning) => void): Promise<void>;
  /** Authenticates and asks the core, for upgrades. Throws StatusError. */
  ask(exchange: Exchange): Promise<ApiResponse>;
  /** Sends whatever was thrown as a Status. */
  fail(exchange: Exchange, error: unknown): Promise<void>;
}

const SWITCHING_PROTOCOLS = 101;
const LONG_SUBRESOURCES = ['log', 'exec', 'attach', 'portforward', 'proxy'];

function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || LONG_SUBRESOURCES.includes(info.subresource);
}

/** Throws 504 when `work` takes longer than `limitMs`; its late result is dropped. */
function withinLimit<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(limitMs, () => {
      const message = 'Timeout: request did not complete within the allotted timeout';
      reject(statusError('Timeout', message));
    });
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** Logs and what is behind a proxy have forms of their own. */
const isOpaque = ({ subresource }: RequestInfo) => subresource === 'log' || subresource === 'proxy';

async function apiRequest(
  exchange: Exchange,
  user: UserInfo,
  { audited, info }: { audited: AuditedRequest; info?: RequestInfo },
): Promise<ApiRequest> {
  const { method, path, query, headers } = exchange;
  // What follows an upgrade isn't a body.
  const body =
    exchange.hasBody && !headers.upgrade
      ? await readBody(exchange.body, headers['content-length'])
      : undefined;
  const contentType = mediaType(headers['content-type']);
  if (body !== undefined && !(info && isOpaque(info))) requireBodyType(method, contentType);
  const userAgent = headers['user-agent'] ?? '';
  const annotate = (key: string, value: string) => {
    audited.annotations = { [key]: value, ...audited.annotations };
  };
  const signal = () => exchange.signal();
  const common = { method, path, query, info, user, body, contentType };
  const request = { ...common, userAgent, signal, annotate };
  audited.request = request;
  if (info?.subresource !== 'proxy') return request;
  return { ...request, forwarded: { headers, sourceIP: audited.sourceIP } };
}

const SUBRESOURCES = new Set(builtinResources.flatMap(({ subresources }) => subresources));

/** Metrics name only resources that exist, so that bad paths can't make new counters. */
function labelsOf(info: RequestInfo | undefined, known: ReadonlySet<string>): RequestLabels {
  if (!info || !known.has(`${info.group}/${info.version}/${info.resource}`)) {
    return { verb: '', group: '', version: '', resource: '', subresource: '' };
  }
  const { verb, group, version, resource } = info;
  const [first = ''] = info.subresource.split('/', 1);
  const subresource = SUBRESOURCES.has(first) ? first : '';
  return { verb, group, version, resource, subresource };
}

function toStatusError(
  error: unknown,
  { exchange, logger }: { exchange: Exchange; logger: Logger },
) {
  if (error instanceof StatusError) return error;
  const { method, path } = exchange;
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error('request failed', { method, path, error: errorMessage(error), stack });
  return internalError(errorMessage(error));
}

/** The Status in YAML for callers who want that. */
async function yamlOf({ headers }: Exchange, { status }: StatusError) {
  if (errorFormat(headers.accept) !== 'yaml') return undefined;
  const { encodeYaml } = await import('./yaml-writer.ts');
  return encodeYaml(status);
}

type Tools = DispatcherOptions & { readonly auditor: Auditor | undefined };

interface ResourceCall {
  readonly user: UserInfo;
  readonly info: RequestInfo;
  readonly audited: AuditedRequest;
  readonly track: (running: LongRunning) => void;
}

/** The groups of reviews: nothing in them is stored. */
const REVIEW_GROUPS = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/** Custom resources are served beside the routes of the built-in ones. */
function routeOf(info: RequestInfo): Route {
  if (!builtinTable.hasGroupVersion(info)) return 'custom';
  const isAnswer = info.subresource !== '' || REVIEW_GROUPS.has(info.group);
  if (info.verb === 'create' && isAnswer) return 'answer';
  return info.verb === 'list' || info.verb === 'watch' ? 'collection' : 'object';
}

async function serveResource(
  { handler, clock, metrics, auditor }: Tools,
  exchange: Exchange,
  { user, info, audited, track }: ResourceCall,
): Promise<void> {
  const { headers, query } = exchange;
  const stream = info.verb === 'watch';
  const limitMs = isLongRunning(info) ? undefined : requestLimit(query);
  const accept = isOpaque(info) ? undefined : headers.accept;
  const representation = negotiate(accept, { route: routeOf(info), stream });
  const work = apiRequest(exchange, user, { audited, info }).then(handler);
  const response = await (limitMs === undefined ? work : withinLimit(clock, limitMs, work));
  audited.response = response;
  const pretty = wantsPretty(query, headers['user-agent'] ?? '');
  const onLongRunning = (running: LongRunning) => {
    exchange.onClose(metrics.longRunning());
    auditor?.started(exchange, audited);
    track(running);
  };
  const { reply, acceptEncoding } = exchange;
  const form = { representation, pretty, query, clock, onLongRunning };
  await writeResponse(response, { reply, acceptEncoding, ...form });
}

function newAudit({ socket }: Exchange, receivedMs: number): AuditedRequest {
  return { receivedMs, sourceIP: socket?.remoteAddress ?? '' };
}

/** Who asks for what; notes it down for the audit log, too. Throws 400, 401, 403, 405. */
async function identify(
  { authenticator, authorizer, auditor }: Tools,
  exchange: Exchange,
  audited: AuditedRequest,
) {
  const { headers, socket } = exchange;
  const own = await authenticator({ headers, socket });
  audited.user = own;
  const info = parseRequestInfo(exchange);
  const attributes = attributesOf(exchange, info);
  audited.attributes = info ? { ...attributes, version: info.version } : attributes;
  auditor?.received(exchange, audited);
  const user = impersonated(own, headers, { authorizer, attributes });
  if (user !== own) audited.impersonated = user;
  return { user, info, attributes };
}

/** Whoever still sends its body, byte by byte, when its time is over would do so forever. */
function hangUpOnSender(exchange: Exchange): void {
  const { body } = exchange;
  if (!body.readableEnded) exchange.onClose(() => void body.destroy());
}

/** The dispatcher of a server. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock, logger, metrics, handler, discovery, audit } = options;
  const auditor = audit && createAuditor(audit, clock);
  const tools = { ...options, auditor };
  const known = new Set(
    options.resources.map(({ group, version, resource }) => `${group}/${version}/${resource}`),
  );

  const fail = async (exchange: Exchange, thrown: unknown) => {
    const error = toStatusError(thrown, { exchange, logger });
    if (error.code === 504) hangUpOnSender(exchange);
    if (exchange.reply.headersSent) exchange.reply.destroy();
    else await sendStatus(exchange, error, await yamlOf(exchange, error));
  };

  const route = async (
    exchange: Exchange,
    { audited, track }: { audited: AuditedRequest; track: (running: LongRunning) => void },
  ) => {
    const { user, info, attributes } = await identify(tools, exchange, audited);
    if (info && discovery.hasGroup(info.group)) {
      await serveResource(tools, exchange, { user, info, audited, track });
    } else {
      // Nothing there takes long, but what makes no sense is refused all the same.
      requestLimit(exchange.query);
      await serveSystemPath(exchange, { user, attributes, options });
    }
    return info;
  };

  return {
    fail,
    async handle(exchange, track) {
      const startMs = clock.now();
      const audited = newAudit(exchange, startMs);
      if (auditor) {
        exchange.onClose(() => auditor.complete(exchange, audited, exchange.reply.statusCode));
      }
      let info: RequestInfo | undefined;
      try {
        info = await route(exchange, { audited, track });
      } catch (error) {
        if (error instanceof StatusError) audited.error = error;
        info = infoOrNothing(exchange);
        await fail(exchange, error).catch((failure: unknown) => {
          logger.error('reply failed', { error: errorMessage(failure) });
          exchange.reply.destroy();
        });
      }
      // A body that nobody wanted would keep its HTTP/2 stream, and its share of the connection.
      exchange.body.resume();
      const seconds = (clock.now() - startMs) / 1000;
      metrics.observe(labelsOf(info, known), { code: exchange.reply.statusCode, seconds });
    },
    async ask(exchange) {
      const audited = newAudit(exchange, clock.now());
      try {
        const { user } = await identify(tools, exchange, audited);
        const response = await handler(await apiRequest(exchange, user, { audited }));
        auditor?.complete(exchange, audited, SWITCHING_PROTOCOLS);
        return response;
      } catch (error) {
        if (error instanceof StatusError) audited.error = error;
        auditor?.complete(exchange, audited, audited.error?.code ?? 500);
        throw error;
      }
    },
  };
}

function attributesOf(exchange: Exchange, info: RequestInfo | undefined): Attributes {
  if (info) return requestAttributes(info, exchange.query);
  return { verb: exchange.method.toLowerCase(), path: exchange.path };
}

function infoOrNothing(exchange: Exchange): RequestInfo | undefined {
  try {
    return parseRequestInfo(exchange);
  } catch {
    return undefined;
  }
}
