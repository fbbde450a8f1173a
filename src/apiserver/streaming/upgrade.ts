// Requests that leave HTTP: exec, attach and port-forward (API-730 … API-754). Errors before the
// switch are ordinary Status replies (API-739).
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../../api/meta/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { PortForwardResponse, ProcessResponse } from '../api-request.ts';
import type { Dispatcher, LongRunning } from '../dispatcher.ts';
import { createExchange, type Exchange } from '../exchange.ts';
import { chooseProtocol } from './channel-protocol.ts';
import { serveSpdyPortForward } from './port-forward.ts';
import { bridgeProcess, holdOutput } from './process-bridge.ts';
import { chooseSpdyProtocol, spdyChannels } from './spdy-process.ts';
import { parsePorts, serveChannelPortForward } from './websocket-port-forward.ts';
import { websocketChannels } from './websocket-process.ts';

export interface UpgraderOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Told of every stream that is open. */
  readonly track: (running: LongRunning) => void;
}

/** Takes the arguments of the server's `upgrade` event. */
export type Upgrader = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const STREAMING_PATH = /\/(exec|attach|portforward)$/;
const SPDY_TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const SPDY_PORT_FORWARD = 'portforward.k8s.io';
/** Largest WebSocket message in bytes. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const GOING_AWAY = 1001;
/** Time between pings to clients, and for the answer, in milliseconds (API-735). */
const PING_MS = 30_000;

interface Connection {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly exchange: Exchange;
  /** Gives the socket free from the HTTP reply. */
  readonly release: () => void;
}

const listOf = (header: string | string[] | undefined): Set<string> =>
  new Set(
    String(header ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

/** Ends connections whose client no longer answers. */
function keepAlive(socket: WebSocket, clock: Clock): void {
  let answered = true;
  socket.on('pong', () => (answered = true));
  const beat = () => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
    timer = clock.schedule(PING_MS, beat);
  };
  let timer = clock.schedule(PING_MS, beat);
  socket.once('close', () => timer.cancel());
}

async function acceptWebSocket(
  { request, socket, head, release }: Connection,
  protocol: string,
): Promise<WebSocket> {
  const { WebSocketServer: Server } = await import('ws');
  const server: WebSocketServer = new Server({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  // Answered by us: the library takes "SPDY/3.1+portforward.k8s.io" for a malformed name.
  delete request.headers['sec-websocket-protocol'];
  server.on('headers', (lines) => {
    if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  release();
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client has gone')));
    server.handleUpgrade(request, socket, head, (webSocket) => {
      // Faults of the wire end the stream; its close event says so to whoever uses it.
      webSocket.on('error', () => {});
      resolve(webSocket);
    });
  });
}

/** Switches a raw socket to SPDY/3.1. */
function acceptSpdy({ socket, head, release }: Connection, protocol: string): Duplex {
  release();
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return socket;
}

function unsupported(offered: ReadonlySet<string>) {
  return badRequest(`unable to upgrade: unsupported subprotocols: ${[...offered].join(', ')}`);
}

/** Makes the handler of upgrades of a server. */
export function createUpgrader({ dispatcher, clock, track }: UpgraderOptions): Upgrader {
  const accept = async (connection: Connection, protocol: string) => {
    const webSocket = await acceptWebSocket(connection, protocol);
    keepAlive(webSocket, clock);
    track({ stop: () => webSocket.close(GOING_AWAY) });
    return webSocket;
  };

  const serveProcess = async (response: ProcessResponse, connection: Connection) => {
    const { headers } = connection.exchange;
    const wanted = response.request;
    if (isWebSocket(connection)) {
      const offered = listOf(headers['sec-websocket-protocol']);
      const protocol = chooseProtocol(offered);
      if (!protocol) throw unsupported(offered);
      const process = holdOutput(await response.connect());
      const webSocket = await accept(connection, protocol.name).catch((error: unknown) => {
        process.kill();
        throw error;
      });
      return bridgeProcess(process, websocketChannels(webSocket, protocol, wanted));
    }
    const offered = listOf(headers['x-stream-protocol-version']);
    const protocol = chooseSpdyProtocol(offered);
    if (!protocol) throw unsupported(offered);
    const process = holdOutput(await response.connect());
    const transport = acceptSpdy(connection, protocol.name);
    track({ stop: () => transport.end() });
    const { version } = protocol;
    const channels = await spdyChannels(transport, { wanted, version, clock });
    if (channels) await bridgeProcess(process, channels);
    else process.kill();
  };

  const servePortForward = async (response: PortForwardResponse, connection: Connection) => {
    const dial = (port: number) => response.dial(port);
    const { headers, query } = connection.exchange;
    if (!isWebSocket(connection)) {
      const offered = listOf(headers['x-stream-protocol-version']);
      if (!offered.has(SPDY_PORT_FORWARD)) throw unsupported(offered);
      const transport = acceptSpdy(connection, SPDY_PORT_FORWARD);
      track({ stop: () => transport.end() });
      return serveSpdyPortForward(transport, dial);
    }
    const offered = listOf(headers['sec-websocket-protocol']);
    if (offered.has(SPDY_TUNNEL)) {
      const { createWebSocketStream } = await import('ws');
      const webSocket = await accept(connection, SPDY_TUNNEL);
      return serveSpdyPortForward(createWebSocketStream(webSocket), dial);
    }
    const protocol = chooseProtocol(new Set([...offered].filter((name) => name.startsWith('v4.'))));
    if (!protocol || offered.size === 0) throw unsupported(offered);
    const ports = parsePorts(query);
    const webSocket = await accept(connection, protocol.name);
    return serveChannelPortForward(webSocket, { protocol, ports }, dial);
  };

  const serve = async (connection: Connection) => {
    const response = await dispatcher.ask(connection.exchange);
    if (response.kind === 'process') await serveProcess(response, connection);
    else if (response.kind === 'portforward') await servePortForward(response, connection);
    else throw badRequest('this path offers no upgrade');
  };

  return (request, socket, head) => {
    const reply = new ServerResponse(request);
    reply.shouldKeepAlive = false;
    reply.assignSocket(socket as Socket);
    reply.once('finish', () => socket.end());
    socket.on('error', () => {});
    const exchange = createExchange(request, reply);
    let released = false;
    const release = () => {
      released = true;
      reply.detachSocket(socket as Socket);
    };
    if (!STREAMING_PATH.test(exchange.path)) {
      void dispatcher.handle(exchange, track);
      return;
    }
    serve({ request, socket, head, exchange, release }).catch((error: unknown) => {
      if (released) socket.destroy();
      else void dispatcher.fail(exchange, error);
    });
  };
}

function isWebSocket({ exchange }: Connection): boolean {
  return exchange.headers.upgrade?.toLowerCase() === 'websocket';
}
