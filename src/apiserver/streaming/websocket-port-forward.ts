// Port-forward by channels over WebSocket, for clients that have no SPDY (API-754): channel 2i
// carries the data of the i-th port, 2i+1 its errors; both start with the port in two bytes.
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { errorMessage } from '../../base/errors.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { PortForwardResponse } from '../api-request.ts';
import { decodeMessage, encodeMessage, type ChannelProtocol } from './channel-protocol.ts';
import { joinStreams } from './port-forward.ts';

/** The ports of the `ports` parameters. Throws 400. */
export function parsePorts(query: URLSearchParams): number[] {
  const ports = query
    .getAll('ports')
    .flatMap((value) => value.split(','))
    .map(Number);
  const valid = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536;
  if (ports.length === 0) throw badRequest('query parameter "ports" is required');
  const wrong = ports.find((port) => !valid(port));
  if (wrong !== undefined) throw badRequest('query parameter "ports" must be port numbers');
  return ports;
}

/** Serves the given ports on an open socket. */
export function serveChannelPortForward(
  socket: WebSocket,
  { protocol, ports }: { protocol: ChannelProtocol; ports: readonly number[] },
  dial: PortForwardResponse['dial'],
): void {
  const send = (
    channel: number,
    payload: Buffer,
    done: (error?: Error | null) => void = () => {},
  ) => socket.send(encodeMessage(protocol, { channel, payload }), done);
  const inputs = ports.map((port, index) => {
    const head = Buffer.alloc(2);
    head.writeUInt16LE(port);
    send(2 * index, head);
    send(2 * index + 1, head);
    const client = new Duplex({
      read: () => socket.resume(),
      write: (chunk: Buffer, _encoding, callback) => send(2 * index, chunk, callback),
    });
    client.on('error', () => {});
    dial(port)
      .then((pod) => joinStreams(client, pod))
      .catch((error: unknown) => {
        send(2 * index + 1, Buffer.from(`error forwarding port ${port}: ${errorMessage(error)}`));
      });
    return client;
  });
  socket.on('message', (data: Buffer) => {
    const message = decodeMessage(protocol, data);
    if (!message || message.channel % 2 === 1) return;
    const input = inputs[message.channel / 2];
    if (input && !input.destroyed && !input.push(message.payload)) socket.pause();
  });
  socket.once('close', () => {
    for (const input of inputs) input.destroy();
  });
}
