// Requests that leave HTTP: exec, attach and port-forward (API-730 … API-754). Errors before the
// switch are ordinary Status replies (API-739).
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest } from '../../api/meta/status-error.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { createExchange } from '../exchange.ts';
import type { Connection, StreamingContext } from './connection.ts';
import { servePortForward } from './serve-port-forward.ts';
import { serveProcess } from './serve-process.ts';

/** What the server's `upgrade` event brings. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent beyond its request already. */
  readonly head: Buffer;
}

const STREAMING_PATH = /\/(exec|attach|portforward)$/;

async function serve(
  dispatcher: Dispatcher,
  connection: Connection,
  context: StreamingContext,
): Promise<void> {
  const response = await dispatcher.ask(connection.exchange);
  if (response.kind === 'process') return serveProcess(response, connection, context);
  if (response.kind === 'portforward') return servePortForward(response, connection, context);
  throw badRequest('this path offers no upgrade');
}

/**
 * Answers an upgrade; on paths that offer none, the request is served as if it had asked for none.
 */
export function handleUpgrade(
  { request, socket, head }: UpgradeRequest,
  { dispatcher, ...context }: StreamingContext & { readonly dispatcher: Dispatcher },
): void {
  const reply = new ServerResponse(request);
  reply.shouldKeepAlive = false;
  reply.assignSocket(socket as Socket);
  reply.once('finish', () => socket.end());
  // The socket's close event says the rest.
  socket.on('error', () => {});
  const exchange = createExchange(request, reply);
  if (!STREAMING_PATH.test(exchange.path)) {
    void dispatcher.handle(exchange, context.track);
    return;
  }
  let released = false;
  const release = () => {
    released = true;
    reply.detachSocket(socket as Socket);
  };
  const connection = { request, socket, head, exchange, release };
  serve(dispatcher, connection, context).catch((error: unknown) => {
    if (released) socket.destroy();
    else void dispatcher.fail(exchange, error);
  });
}
