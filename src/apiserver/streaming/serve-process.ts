// Serves exec and attach on a connection, over WebSocket or SPDY (API-730 … API-739).
import type { ProcessResponse } from '../api-request.ts';
import { chooseProtocol } from './channel-protocol.ts';
import {
  acceptSpdy,
  acceptWebSocket,
  isWebSocket,
  listOf,
  unsupportedProtocols,
  type Connection,
  type StreamingContext,
} from './connection.ts';
import { bridgeProcess, holdOutput } from './process-bridge.ts';
import { chooseSpdyProtocol, spdyChannels } from './spdy-process.ts';
import { websocketChannels } from './websocket-process.ts';

async function overWebSocket(
  response: ProcessResponse,
  connection: Connection,
  context: StreamingContext,
): Promise<void> {
  const offered = listOf(connection.exchange.headers['sec-websocket-protocol']);
  const protocol = chooseProtocol(offered);
  if (!protocol) throw unsupportedProtocols(offered);
  const process = holdOutput(await response.connect());
  try {
    const webSocket = await acceptWebSocket(connection, protocol.name, context);
    const channels = websocketChannels(webSocket, protocol, response.request);
    return await bridgeProcess(process, channels);
  } catch (error) {
    process.kill();
    throw error;
  }
}

async function overSpdy(
  response: ProcessResponse,
  connection: Connection,
  { clock, track }: StreamingContext,
): Promise<void> {
  const offered = listOf(connection.exchange.headers['x-stream-protocol-version']);
  const protocol = chooseSpdyProtocol(offered);
  if (!protocol) throw unsupportedProtocols(offered);
  const process = holdOutput(await response.connect());
  const transport = acceptSpdy(connection, protocol.name);
  track({ stop: () => transport.end() });
  const { version } = protocol;
  const channels = await spdyChannels(transport, { wanted: response.request, version, clock });
  if (channels) await bridgeProcess(process, channels);
  else process.kill();
}

/** Resolves when the process or its client has gone. Throws StatusError before the switch. */
export function serveProcess(
  response: ProcessResponse,
  connection: Connection,
  context: StreamingContext,
): Promise<void> {
  const serve = isWebSocket(connection) ? overWebSocket : overSpdy;
  return serve(response, connection, context);
}
