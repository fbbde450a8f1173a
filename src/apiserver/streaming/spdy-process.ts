// exec and attach over SPDY/3.1, as kubectl up to 1.29 speaks (API-730): one stream a channel.
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Clock } from '../../base/clock.ts';
import type { Status } from '../../api/generated/types.ts';
import type { ProcessResponse } from '../api-request.ts';
import type { ProcessChannels } from './process-bridge.ts';
import { parseResize } from './channel-protocol.ts';
import { statusText } from './process-status.ts';
import { openSpdyConnection, type SpdyConnection, type SpdyStream } from './spdy-connection.ts';

/** Best first; the number is the version that decides about status and resize. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['v4.channel.k8s.io', 4],
  ['v3.channel.k8s.io', 3],
  ['v2.channel.k8s.io', 2],
  ['channel.k8s.io', 1],
]);

/** Of one terminal size at most; more is nonsense and would be kept for its end. */
const RESIZE_CHARS_MAX = 1024;
/** How long a client may take to open its streams, in milliseconds. */
const STREAMS_MS_MAX = 30_000;

export interface SpdyProtocol {
  readonly name: string;
  readonly version: number;
}

/** The best of the protocols in X-Stream-Protocol-Version, undefined when none is known. */
export function chooseSpdyProtocol(offered: ReadonlySet<string>): SpdyProtocol | undefined {
  for (const [name, version] of PROTOCOLS) if (offered.has(name)) return { name, version };
  return undefined;
}

function expectedTypes(wanted: ProcessResponse['request'], version: number): Set<string> {
  const types = new Set(['error']);
  if (wanted.stdin) types.add('stdin');
  if (wanted.stdout) types.add('stdout');
  if (wanted.stderr && !wanted.tty) types.add('stderr');
  if (wanted.tty && version >= 3) types.add('resize');
  return types;
}

/** Terminal sizes come as one JSON object after another. */
function readResizes(stream: SpdyStream, resize: (width: number, height: number) => void): void {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (text + chunk).split('}');
    text = parts.pop()?.slice(0, RESIZE_CHARS_MAX) ?? '';
    for (const part of parts) {
      const size = parseResize(Buffer.from(`${part.trim()}}`));
      if (size) resize(size.width, size.height);
    }
  });
}

async function endStream(stream: SpdyStream | undefined, text = ''): Promise<void> {
  if (!stream || stream.destroyed) return;
  if (!stream.writableEnded) stream.end(text);
  await finished(stream, { readable: false }).catch(() => {});
}

function channelsOf(
  streams: ReadonlyMap<string, SpdyStream>,
  { connection, version }: { connection: SpdyConnection; version: number },
): ProcessChannels {
  const resizes = streams.get('resize');
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    onResize(resize) {
      if (resizes) readResizes(resizes, resize);
    },
    onGone: (gone) => void connection.ended.then(gone),
    async finish(status: Partial<Status>) {
      await endStream(streams.get('error'), statusText(status, version));
      for (const stream of streams.values()) await endStream(stream);
      connection.close();
    },
  };
}

export interface SpdyProcessOptions {
  readonly wanted: ProcessResponse['request'];
  readonly version: number;
  readonly clock: Clock;
}

/** Waits for the client's streams; undefined when they don't come in time. */
export function spdyChannels(
  transport: Duplex,
  { wanted, version, clock }: SpdyProcessOptions,
): Promise<ProcessChannels | undefined> {
  const missing = expectedTypes(wanted, version);
  const streams = new Map<string, SpdyStream>();
  return new Promise((resolve) => {
    const timer = clock.schedule(STREAMS_MS_MAX, () => transport.destroy());
    const settle = (channels?: ProcessChannels) => {
      timer.cancel();
      resolve(channels);
    };
    const connection = openSpdyConnection(transport, (stream) => {
      const type = stream.headers.get('streamtype') ?? '';
      if (!missing.delete(type)) return stream.destroy();
      streams.set(type, stream);
      if (missing.size === 0) settle(channelsOf(streams, { connection, version }));
    });
    void connection.ended.then(() => settle());
  });
}
