// Paths that are no resources: health, version, metrics, discovery and OpenAPI.
import type { UserInfo } from './api-request.ts';
import type { Attributes } from './authorization/attributes.ts';
import { requireAllowed, type Authorizer } from './authorization/authorizer.ts';
import type { Discovery, DiscoveryDocument } from './discovery/discovery.ts';
import type { Exchange } from './exchange.ts';
import { healthReply, type HealthChecks } from './health.ts';
import type { Metrics } from './metrics.ts';
import type { OpenApi } from './openapi/openapi.ts';
import { isOpenIdPath, sendOpenId, type TokenKeys } from './openid.ts';
import { send, sendJson, sendText } from './reply.ts';
import { methodNotAllowed } from './request-info.ts';
import type { VersionInfo } from './version.ts';

export interface SystemPathsOptions {
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly version: VersionInfo;
  readonly healthChecks: HealthChecks;
  readonly metrics: Metrics;
  readonly authorizer: Authorizer;
  /** Absent: nobody issues tokens here. */
  readonly tokenKeys?: TokenKeys | undefined;
}

/** A path that exists is only to be read. Throws 405. */
function requireGet({ method }: Exchange): void {
  if (method !== 'GET') throw methodNotAllowed();
}

/** Sends a document with its hash, or 304 when the caller has it already (API-210). */
async function sendDocument(exchange: Exchange, document: DiscoveryDocument): Promise<void> {
  const headers = { etag: document.etag, vary: 'Accept', 'content-type': document.contentType };
  if (exchange.headers['if-none-match'] === document.etag) {
    exchange.reply.writeHead(304, { etag: document.etag, vary: 'Accept' });
    exchange.reply.end();
    return;
  }
  await send(exchange, 200, { body: document.body, headers });
}

async function serveHealth(exchange: Exchange, checks: HealthChecks): Promise<boolean> {
  const verbose = exchange.query.has('verbose');
  const excluded = exchange.query.getAll('exclude');
  const reply = await healthReply(exchange.path, { checks, verbose, excluded });
  if (!reply) return false;
  await sendText(exchange, reply.code, reply.text);
  return true;
}

async function serveOpenApi(exchange: Exchange, openApi: OpenApi): Promise<boolean> {
  const hash = exchange.query.get('hash');
  const reply = await openApi(exchange.path, { hash, accept: exchange.headers.accept });
  if (!reply) return false;
  requireGet(exchange);
  if (reply.kind === 'redirect') {
    exchange.reply.writeHead(301, { location: reply.location });
    exchange.reply.end();
  } else {
    const { body, headers } = reply;
    await send(exchange, 200, { body, headers });
  }
  return true;
}

/** What there is to read, for who asks at the root. */
function indexPaths({ discovery, tokenKeys }: SystemPathsOptions): string[] {
  const fixed = ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3'];
  const tokens = tokenKeys ? ['/.well-known/openid-configuration', '/openid/v1/jwks'] : [];
  return [...fixed, ...tokens, '/readyz', '/version', ...discovery.paths()].toSorted();
}

async function serve(exchange: Exchange, options: SystemPathsOptions): Promise<boolean> {
  const { path, host, headers } = exchange;
  const [, root = '', second = ''] = path.split('/', 3);
  switch (root) {
    case '':
    case 'index.html':
      if (path !== '/' && path !== '/index.html') return false;
      await sendJson(exchange, 200, { paths: indexPaths(options) });
      return true;
    case 'healthz':
    case 'livez':
    case 'readyz':
      return serveHealth(exchange, options.healthChecks);
    case 'version':
      if (second !== '') return false;
      requireGet(exchange);
      await sendJson(exchange, 200, options.version);
      return true;
    case 'metrics':
      if (second !== '') return false;
      requireGet(exchange);
      await send(exchange, 200, {
        body: options.metrics.render(),
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      });
      return true;
    case '.well-known':
    case 'openid':
      if (!options.tokenKeys || !isOpenIdPath(path)) return false;
      requireGet(exchange);
      await sendOpenId(exchange, options.tokenKeys);
      return true;
    case 'openapi':
      return serveOpenApi(exchange, options.openApi);
    case 'api':
    case 'apis': {
      const document = options.discovery.document(path, { accept: headers.accept, host });
      if (!document) return false;
      requireGet(exchange);
      await sendDocument(exchange, document);
      return true;
    }
    default:
      return false;
  }
}

/**
 * Answers a path that is no resource; unknown ones get 404 in plain text (API-116). Throws 403,
 * 405, 406.
 */
export async function serveSystemPath(
  exchange: Exchange,
  {
    user,
    attributes,
    options,
  }: { user: UserInfo; attributes: Attributes; options: SystemPathsOptions },
): Promise<void> {
  requireAllowed(options.authorizer, user, attributes);
  if (!(await serve(exchange, options))) await sendText(exchange, 404, '404 page not found\n');
}
