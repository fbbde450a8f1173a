// Port-forward over SPDY (API-750 … API-752): for each local connection the client opens an error
// and a data stream with one request id. The SPDY frames come on a raw socket or inside WebSocket
// messages.
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { errorMessage } from '../../base/errors.ts';
import type { PortForwardResponse } from '../api-request.ts';
import { openSpdyConnection, type SpdyStream } from './spdy-connection.ts';

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

/** Copies both directions until both have ended; a broken direction ends the other. */
export async function joinStreams(client: Duplex, pod: Duplex): Promise<void> {
  client.pipe(pod);
  pod.pipe(client);
  const clientDone = finished(client).catch(() => pod.destroy());
  const podDone = finished(pod).catch((error: unknown) => {
    client.end();
    throw error;
  });
  await Promise.all([clientDone, podDone]);
}

async function forward(
  { data, error }: Required<Pair>,
  dial: PortForwardResponse['dial'],
): Promise<void> {
  const port = Number(data.headers.get('port'));
  try {
    await joinStreams(data, await dial(port));
  } catch (failure) {
    error.write(`error forwarding port ${port}: ${errorMessage(failure)}`);
    data.end();
  } finally {
    error.end();
  }
}

/** Serves port-forwarding on a SPDY connection until that ends. */
export function serveSpdyPortForward(
  transport: Duplex,
  dial: PortForwardResponse['dial'],
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = openSpdyConnection(transport, (stream) => {
    const type = stream.headers.get('streamtype');
    const id = stream.headers.get('requestid') ?? '';
    if (type !== 'data' && type !== 'error') return stream.destroy();
    const pair: Pair = pairs.get(id) ?? {};
    pair[type] = stream;
    const { data, error } = pair;
    if (data && error) {
      pairs.delete(id);
      void forward({ data, error }, dial);
    } else {
      pairs.set(id, pair);
      stream.once('close', () => pairs.delete(id));
    }
  });
  return connection.ended;
}
