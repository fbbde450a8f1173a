// The transport over a connection: any Kubernetes API server, ours or not. undici is loaded with
// the first request, so that in-process users never pay for it.
import type { Dispatcher } from 'undici';
import type { Json, JsonObject } from '../api/meta/object.ts';
import { isJsonObject } from '../api/meta/object.ts';
import type { Status } from '../api/generated/types.ts';
import { StatusError, statusError } from '../api/meta/status-error.ts';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import { errorMessage, OrdinalError, systemErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { LineSplitter } from './line-splitter.ts';
import type { Transport, TransportRequest, WatchEvent, WatchHandler } from './transport.ts';
import type { WatchStream } from './transport.ts';

/** Where and as whom to connect; what loadKubeconfig and loadInClusterConfig return. */
export interface HttpConnection {
  /** `https://host:port`, possibly with a path prefix. */
  readonly server: string;
  /** PEM. Absent: the certificate authorities that Node trusts. */
  readonly ca?: string | Buffer;
  /** PEM of the client certificate and its key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Bearer token; a function is asked for every request, since tokens in files are renewed. */
  readonly token?: string | (() => Promise<string>);
  readonly insecureSkipTlsVerify?: boolean;
  /** Name to expect in the server's certificate, if not that of the URL. */
  readonly tlsServerName?: string;
}

export interface HttpTransportOptions extends HttpConnection {
  /** `ordinal/0.1.0 (linux/x64)`. */
  readonly userAgent: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** API-110: as client-go. */
const TRIES_MAX = 10;
const CONNECT_TIMEOUT_MS = 30_000;
/** Ordinary requests have a server-side ceiling of 60 s (API-113); a bit more for the way. */
const REPLY_TIMEOUT_MS = 90_000;

type Response = Dispatcher.ResponseData;

/**
 * Connects with the first request. Throws StatusError for answers that are not 2xx, OrdinalError
 * `ORD_CONNECTION` when there is no answer, the signal's reason when aborted.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const base = new URL(options.server);
  const prefix = base.pathname.replace(/\/$/, '');
  let agent: Promise<Dispatcher> | undefined;

  const dispatch = async (request: TransportRequest, isWatch: boolean): Promise<Response> => {
    const { method, path, query = {}, body, signal } = request;
    const search = new URLSearchParams(query).toString();
    const dispatcher = await (agent ??= createAgent(options));
    try {
      return await dispatcher.request({
        origin: base.origin,
        path: `${prefix}${path}${search === '' ? '' : `?${search}`}`,
        method,
        headers: await headersOf(request, options),
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: REPLY_TIMEOUT_MS,
        // The reader of a watch has a limit on silence of its own.
        bodyTimeout: isWatch ? 0 : REPLY_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(options.server, error);
    }
  };

  /** A 2xx response; retries what the server asks to retry (API-110) and reads off dead sockets. */
  const send = async (request: TransportRequest, isWatch = false): Promise<Response> => {
    const { signal, method, path } = request;
    for (let tries = 1; ; tries++) {
      let response: Response;
      try {
        response = await dispatch(request, isWatch);
      } catch (error) {
        if (method === 'GET' && tries === 1 && isReset(error)) continue;
        throw error;
      }
      const { statusCode } = response;
      if (statusCode >= 200 && statusCode < 300) return response;
      const waitMs = retryAfterMs(response);
      if (waitMs === undefined || tries >= TRIES_MAX) throw await failureOf(response);
      await response.body.dump();
      options.logger.debug('the server asks to retry', { method, path, statusCode, waitMs });
      await sleep(options.clock, waitMs, signal);
      signal?.throwIfAborted();
    }
  };

  return {
    async request(request) {
      const response = await send(request);
      try {
        return decode(await response.body.text(), response);
      } catch (error) {
        request.signal?.throwIfAborted();
        throw error instanceof OrdinalError ? error : connectionError(options.server, error);
      }
    },
    async watch(request, handler) {
      return readWatch(await send(request, true), handler, request.signal);
    },
    async close() {
      const dispatcher = await agent;
      await dispatcher?.destroy();
    },
  };
}

async function createAgent(options: HttpTransportOptions): Promise<Dispatcher> {
  const { Agent } = await import('undici');
  const { ca, cert, key, insecureSkipTlsVerify, tlsServerName } = options;
  return new Agent({
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      // As in Go any of these certificates is an anchor, be it the server's own.
      ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    },
  });
}

async function headersOf(
  { body, contentType = 'application/json' }: TransportRequest,
  { token, userAgent }: HttpTransportOptions,
): Promise<Record<string, string>> {
  const bearer = typeof token === 'function' ? await token() : token;
  return {
    accept: 'application/json',
    'user-agent': userAgent,
    ...(body === undefined ? {} : { 'content-type': contentType }),
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
}

function isReset(error: unknown): boolean {
  const cause = error instanceof OrdinalError ? error.cause : undefined;
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(systemErrorCode(cause) ?? '');
}

function connectionError(server: string, cause: unknown): OrdinalError {
  if (cause instanceof OrdinalError) return cause;
  // An AggregateError of several addresses has no message of its own.
  const text = errorMessage(cause) || (systemErrorCode(cause) ?? 'no answer');
  return new OrdinalError('ORD_CONNECTION', `${server}: ${text}`, { cause });
}

/** Milliseconds to wait before a retry, or undefined when the answer is final (API-110). */
function retryAfterMs({ statusCode, headers }: Response): number | undefined {
  const seconds = headers['retry-after'];
  if (statusCode !== 429 && statusCode < 500) return undefined;
  return typeof seconds === 'string' && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

function isJsonResponse({ headers }: Response): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && /[/+]json\b/i.test(type);
}

/** Text that is not JSON (logs, health checks) stays text. */
function decode(text: string, response: Response): Json {
  if (!isJsonResponse(response)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const message = `the server sent malformed JSON: ${errorMessage(cause)}`;
    throw new OrdinalError('ORD_CONNECTION', message, { cause });
  }
}

/** The Status that the server sent, or one made of its code and text. */
async function failureOf(response: Response): Promise<StatusError> {
  const { statusCode } = response;
  const text = await response.body.text().catch(() => '');
  if (isJsonResponse(response)) {
    const status = parseObject(text);
    if (status?.['kind'] === 'Status') {
      return new StatusError({ ...(status as unknown as Status), code: statusCode });
    }
  }
  const message = text.trim().slice(0, 1000) || `the server answered ${statusCode}`;
  return statusError(REASONS[statusCode] ?? '', message, { code: statusCode });
}

const REASONS: Record<number, Parameters<typeof statusError>[0]> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Hands one event a line to the handler (API-508) until end, stop or abort. */
function readWatch(
  { body }: Response,
  handler: WatchHandler,
  signal: AbortSignal | undefined,
): WatchStream {
  let over = false;
  const stop = () => {
    over = true;
    body.destroy();
  };
  const finish = (error?: Error) => {
    if (over) return;
    // Aborting the request's signal destroys the body: that is a stop, not an end.
    if (!signal?.aborted) handler.end(error);
    stop();
  };
  const lines = new LineSplitter((line) => {
    if (over || line === '') return;
    const event = parseObject(line);
    if (event === undefined) finish(new Error(`malformed watch event: ${line.slice(0, 100)}`));
    else handler.event(event as unknown as WatchEvent);
  });
  body.on('data', (chunk: Buffer) => {
    if (!over) lines.push(chunk);
  });
  body.on('end', () => {
    if (!over) lines.flush();
    finish();
  });
  body.on('error', (error) => finish(error));
  body.on('close', () => finish(new Error('the connection was closed')));
  return { stop };
}
