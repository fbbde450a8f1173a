// The switch from HTTP to WebSocket or SPDY on a connection.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { badRequest, type StatusError } from '../../api/meta/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { LongRunning } from '../dispatcher.ts';
import type { Exchange } from '../exchange.ts';

/** Largest WebSocket message in bytes. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const GOING_AWAY = 1001;
/** Time between pings to clients, and for the answer, in milliseconds (API-735). */
const PING_MS = 30_000;

export interface StreamingContext {
  readonly clock: Clock;
  /** Told of every stream that is open. */
  readonly track: (running: LongRunning) => void;
}

/** A request that leaves HTTP, before the switch. */
export interface Connection {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly exchange: Exchange;
  /** Gives the socket free from the HTTP reply. */
  readonly release: () => void;
}

/** The members of a comma-separated header. */
export const listOf = (header: string | string[] | undefined): Set<string> =>
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

async function handshake(
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

/** Switches a raw socket to SPDY/3.1 with the given stream protocol. */
export function acceptSpdy({ socket, head, release }: Connection, protocol: string): Duplex {
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

/** Switches to WebSocket with the given subprotocol; the empty string: none. */
export async function acceptWebSocket(
  connection: Connection,
  protocol: string,
  { clock, track }: StreamingContext,
): Promise<WebSocket> {
  const webSocket = await handshake(connection, protocol);
  keepAlive(webSocket, clock);
  track({ stop: () => webSocket.close(GOING_AWAY) });
  return webSocket;
}

/** 400 for a client that offers nothing we speak. */
export function unsupportedProtocols(offered: ReadonlySet<string>): StatusError {
  return badRequest(`unable to upgrade: unsupported subprotocols: ${[...offered].join(', ')}`);
}

/** True when the client asks for WebSocket, false for SPDY. */
export function isWebSocket({ exchange }: Connection): boolean {
  return exchange.headers.upgrade?.toLowerCase() === 'websocket';
}
