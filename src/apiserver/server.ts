// The HTTPS server: HTTP/2 with HTTP/1.1 beside it, on any number of listeners with one TLS
// context.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { OrdinalError, systemErrorCode } from '../base/errors.ts';
import type { Runnable } from '../base/runnable.ts';
import { builtinTypes } from '../api/meta/type-model.ts';
import { builtinResources, type ResourceDefinition } from '../api/resources.ts';
import { createLiveDiscovery } from './discovery/discovery.ts';
import {
  createDispatcher,
  type Dispatcher,
  type DispatcherOptions,
  type LongRunning,
} from './dispatcher.ts';
import { createExchange } from './exchange.ts';
import { endIdleConnections } from './idle-connections.ts';
import { createMetrics } from './metrics.ts';
import { createLiveOpenApi } from './openapi/openapi.ts';
import type { Reply } from './reply.ts';
import { handleUpgrade } from './streaming/upgrade.ts';

/** An address to bind, or the descriptor of a socket that somebody else has bound. */
export type ListenAddress =
  { readonly host: string; readonly port: number } | { readonly fd: number };

export type ServerOptions = Pick<
  DispatcherOptions,
  | 'handler'
  | 'authenticator'
  | 'authorizer'
  | 'version'
  | 'healthChecks'
  | 'logger'
  | 'clock'
  | 'audit'
  | 'tokenKeys'
> & {
  /** PEM; each `ca` signs client certificates. */
  readonly tls: {
    readonly key: string;
    readonly cert: string;
    readonly ca: string | string[];
  };
  readonly listen: ListenAddress;
  /** Default: all built-in ones. */
  readonly resources?: readonly ResourceDefinition[];
  /** Resources of definitions; the same list while nothing changes. Default: none. */
  readonly customResources?: () => readonly ResourceDefinition[];
  /** Figures of other components, shown with the server's own at /metrics. */
  readonly componentMetrics?: { render(): string };
};

export interface ApiServer extends Runnable {
  /** Where the first listener listens. Throws before start. */
  address(): AddressInfo;
  /** Opens one more listener. Throws OrdinalError when the address is not to be had. */
  listen(address: ListenAddress): Promise<AddressInfo>;
}

/** Streams a client may have open on one HTTP/2 connection; clients open another beyond. */
const STREAMS_MAX = 250;
/** Memory of one HTTP/2 connection in MB: replies that are queued count, and lists are large. */
const SESSION_MEMORY_MB = 256;
/** How long open requests may take to end when the server stops, in milliseconds. */
const STOP_MS_MAX = 2_000;
/** How long the first request line and its headers may take, in milliseconds, as upstream. */
const HEADERS_MS_MAX = 32_000;
/** Request line and headers, in bytes, as upstream: selectors can be long. */
const HEADERS_BYTES_MAX = 1024 * 1024;
/** Idle HTTP/1.1 connections are kept longer than clients keep theirs (90 s). */
const KEEP_ALIVE_MS = 120_000;

function createHttpServer(tls: ServerOptions['tls']): Http2SecureServer {
  const server = createSecureServer({
    ...tls,
    allowHTTP1: true,
    handshakeTimeout: HEADERS_MS_MAX,
    requestCert: true,
    // Callers without a certificate of ours may have a token.
    rejectUnauthorized: false,
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: HEADERS_BYTES_MAX },
  });
  // Of HTTP/1.1.
  Object.assign(server, { keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: HEADERS_BYTES_MAX });
  return server;
}

function listenError(address: ListenAddress, cause: Error): OrdinalError {
  const where = 'fd' in address ? `descriptor ${address.fd}` : `${address.host}:${address.port}`;
  const busy = systemErrorCode(cause) === 'EADDRINUSE';
  return new OrdinalError('ORD_LISTEN', `cannot listen on ${where}: ${cause.message}`, {
    action: busy ? 'Stop what listens there, or choose another --port.' : 'Choose another --port.',
    cause,
  });
}

/** Resolves when nothing of `replies` is open any more. */
async function emptied(replies: ReadonlySet<Reply>): Promise<void> {
  const closed = Array.from(
    replies,
    (reply) => new Promise<void>((resolve) => reply.on('close', resolve)),
  );
  await Promise.all(closed);
}

function openListener(address: ListenAddress, onSocket: (socket: Socket) => void) {
  const listener = createTcpServer({ noDelay: true }, onSocket);
  return new Promise<TcpServer>((resolve, reject) => {
    listener.once('error', (error) => reject(listenError(address, error)));
    listener.listen(address, () => resolve(listener));
  });
}

/**
 * Ends connections that say nothing, or next to nothing. Node.js would, if `http` listened itself.
 */
function limitHeaderTime(http: Http2SecureServer, clock: Clock): void {
  const timers = new WeakMap<object, { cancel(): void }>();
  http.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') return;
    const timer = clock.schedule(HEADERS_MS_MAX, () => socket.destroy());
    timers.set(socket, timer);
    socket.once('close', () => timer.cancel());
  });
  const arrived = ({ socket }: { readonly socket: object }) => timers.get(socket)?.cancel();
  http.on('request', arrived);
  http.on('upgrade', arrived);
}

/** What is open and has to be ended when the server stops. */
interface Open {
  readonly sockets: Set<TLSSocket>;
  readonly sessions: Set<ServerHttp2Session>;
  readonly running: Set<LongRunning>;
  readonly replies: Set<Reply>;
}

function trackOpen(http: Http2SecureServer): Open {
  const open: Open = {
    sockets: new Set(),
    sessions: new Set(),
    running: new Set(),
    replies: new Set(),
  };
  http.on('secureConnection', (socket: TLSSocket) => {
    open.sockets.add(socket);
    socket.once('close', () => open.sockets.delete(socket));
  });
  http.on('session', (session) => {
    open.sessions.add(session);
    session.once('close', () => open.sessions.delete(session));
  });
  return open;
}

function serveHttp(
  http: Http2SecureServer,
  { dispatcher, clock, open }: { dispatcher: Dispatcher; clock: Clock; open: Open },
): void {
  http.on('request', (request, reply) => {
    const exchange = createExchange(request, reply);
    open.replies.add(exchange.reply);
    exchange.onClose(() => open.replies.delete(exchange.reply));
    void dispatcher.handle(exchange, (long) => {
      open.running.add(long);
      exchange.onClose(() => open.running.delete(long));
    });
  });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const track = (long: LongRunning) => {
      open.running.add(long);
      socket.once('close', () => open.running.delete(long));
    };
    handleUpgrade({ request, socket, head }, { dispatcher, clock, track });
  });
}

/** Ends what is open in good order, and by force what has not ended in time. */
async function endOpen({ sockets, sessions, running, replies }: Open, clock: Clock): Promise<void> {
  for (const long of running) long.stop();
  // Tells HTTP/2 clients to go elsewhere; open streams may end.
  for (const session of sessions) session.close();
  const timer = clock.schedule(STOP_MS_MAX, () => {
    for (const socket of sockets) socket.destroy();
  });
  await emptied(replies);
  const gone = Array.from(sockets, (socket) => once(socket, 'close'));
  for (const socket of sockets) socket.destroySoon();
  await Promise.all(gone);
  timer.cancel();
}

type Listed = () => readonly ResourceDefinition[];

/** Fixed resources and those that come and go; the same list while none does. */
function joined(fixed: readonly ResourceDefinition[], others: Listed = () => []): Listed {
  let shown: readonly ResourceDefinition[] | undefined;
  let all: readonly ResourceDefinition[] = fixed;
  return () => {
    const now = others();
    if (now !== shown && (now.length > 0 || shown)) all = [...fixed, ...now];
    shown = now;
    return all;
  };
}

/** Makes a server; nothing listens before `start`. */
export function createServer(options: ServerOptions): ApiServer {
  const { clock, logger } = options;
  const resources = options.resources ?? builtinResources;
  const dispatcher = createDispatcher({
    ...options,
    resources,
    discovery: createLiveDiscovery(joined(resources, options.customResources)),
    // Only stored types have a schema.
    openApi: createLiveOpenApi(
      joined(
        resources.filter(({ model }) => builtinTypes.type(model)),
        options.customResources,
      ),
      options.version.gitVersion,
    ),
    metrics: createMetrics(options.componentMetrics),
  });
  const http = createHttpServer(options.tls);
  const listeners: TcpServer[] = [];
  const open = trackOpen(http);
  limitHeaderTime(http, clock);
  endIdleConnections(http, clock);
  serveHttp(http, { dispatcher, clock, open });

  const listen = async (address: ListenAddress) => {
    const listener = await openListener(address, (socket) => {
      socket.on('error', (error) => logger.debug('connection lost', { error: error.message }));
      http.emit('connection', socket);
    });
    listeners.push(listener);
    return listener.address() as AddressInfo;
  };

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    for (const listener of listeners) listener.close();
    await endOpen(open, clock);
  };

  return {
    listen,
    start: async () => void (await listen(options.listen)),
    stop: () => (stopping ??= stop()),
    address() {
      const [first] = listeners;
      if (!first) throw new Error('the server has not been started');
      return first.address() as AddressInfo;
    },
  };
}
