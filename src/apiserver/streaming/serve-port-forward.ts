// Serves port-forwarding on a connection: SPDY on the socket, SPDY inside WebSocket messages, or
// channels (API-750, API-754).
import type { PortForwardResponse } from '../api-request.ts';
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
import { serveSpdyPortForward } from './port-forward.ts';
import { parsePorts, serveChannelPortForward } from './websocket-port-forward.ts';

const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const SPDY_PROTOCOL = 'portforward.k8s.io';

async function overWebSocket(
  response: PortForwardResponse,
  connection: Connection,
  context: StreamingContext,
): Promise<void> {
  const { headers, query } = connection.exchange;
  const dial = (port: number) => response.dial(port);
  const offered = listOf(headers['sec-websocket-protocol']);
  if (offered.has(TUNNEL)) {
    const { createWebSocketStream } = await import('ws');
    const webSocket = await acceptWebSocket(connection, TUNNEL, context);
    return serveSpdyPortForward(createWebSocketStream(webSocket), dial);
  }
  const byChannels = new Set([...offered].filter((name) => name.startsWith('v4.')));
  const protocol = byChannels.size === 0 ? undefined : chooseProtocol(byChannels);
  if (!protocol) throw unsupportedProtocols(offered);
  const ports = parsePorts(query);
  const webSocket = await acceptWebSocket(connection, protocol.name, context);
  return serveChannelPortForward(webSocket, { protocol, ports }, dial);
}

/** Serves until the client goes. Throws StatusError before the switch. */
export function servePortForward(
  response: PortForwardResponse,
  connection: Connection,
  context: StreamingContext,
): Promise<void> {
  if (isWebSocket(connection)) return overWebSocket(response, connection, context);
  const offered = listOf(connection.exchange.headers['x-stream-protocol-version']);
  if (!offered.has(SPDY_PROTOCOL)) throw unsupportedProtocols(offered);
  const transport = acceptSpdy(connection, SPDY_PROTOCOL);
  context.track({ stop: () => transport.end() });
  return serveSpdyPortForward(transport, (port) => response.dial(port));
}
