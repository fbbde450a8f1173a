// Writes a watch: one JSON line an event (API-508), from the bytes the store holds. A caller that
// doesn't read is cut off, so that it can't make us hold an unbounded backlog.
import type { Clock } from '../base/clock.ts';
import type { ApiWatchEvent, ApiWatchSink, StoredObject, WatchResponse } from './api-request.ts';
import type { Reply } from './reply.ts';

/** Bytes that may wait for one caller, beyond the objects it gets at the start. */
export const WATCH_BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
/** How long a caller that was cut off may take to read what was sent, in milliseconds. */
const DRAIN_MS = 10_000;

/** The bytes of an event's object in the form that the caller wants. */
export type EncodeWatched = (stored: StoredObject, type: ApiWatchEvent['type']) => Buffer;

const END = Buffer.from('}\n');
const heads = new Map<string, Buffer>();

function headOf(type: string): Buffer {
  const known = heads.get(type);
  if (known) return known;
  const made = Buffer.from(`{"type":"${type}","object":`);
  heads.set(type, made);
  return made;
}

function frame(events: readonly ApiWatchEvent[], encode: EncodeWatched): Buffer {
  return Buffer.concat(
    events.flatMap(({ type, stored }) => [headOf(type), encode(stored, type), END]),
  );
}

export interface WatchWriterOptions {
  readonly reply: Reply;
  readonly encode: EncodeWatched;
  readonly clock: Clock;
}

/**
 * Sends a watch until it ends, the caller goes or `stop` is called (the result): in all cases the
 * stream is closed in good order, without an ERROR event.
 */
export function writeWatch(
  response: WatchResponse,
  { reply, encode, clock }: WatchWriterOptions,
): { stop(): void } {
  let waiting = 0;
  let allowance = Number.POSITIVE_INFINITY;
  let over = false;
  let watch: { stop(): void } | undefined;
  const release = () => {
    over = true;
    watch?.stop();
    watch = undefined;
  };
  const finish = () => {
    if (over) return;
    release();
    reply.end();
    const timer = clock.schedule(DRAIN_MS, () => reply.destroy());
    reply.on('close', () => timer.cancel());
  };
  const sink: ApiWatchSink = {
    events(events) {
      if (over) return;
      if (waiting > allowance) return finish();
      const bytes = frame(events, encode);
      waiting += bytes.length;
      reply.write(bytes, () => (waiting -= bytes.length));
    },
    end: finish,
  };
  reply.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
  });
  // Callers wait for the reply's head before they use the stream (API-508).
  reply.flushHeaders();
  reply.on('close', release);
  watch = response.open(sink);
  allowance = WATCH_BACKLOG_BYTES_MAX + waiting;
  if (over) release();
  return { stop: finish };
}
