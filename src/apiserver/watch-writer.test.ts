import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { configMaps } from '../api/resources.ts';
import { unstored, type ApiWatchSink } from './api-request.ts';
import type { Reply } from './reply.ts';
import { WATCH_BACKLOG_BYTES_MAX, writeWatch } from './watch-writer.ts';

/** A reply whose caller reads nothing until told to. */
class StuckReply extends EventEmitter implements Reply {
  headersSent = false;
  writableEnded = false;
  destroyed = false;
  statusCode = 200;
  bytes = 0;
  readonly #waiting: (() => void)[] = [];

  writeHead(): void {
    this.headersSent = true;
  }
  flushHeaders(): void {}
  write(chunk: Buffer | string, callback: () => void): boolean {
    this.bytes += chunk.length;
    this.#waiting.push(callback);
    return false;
  }
  read(): void {
    for (const callback of this.#waiting.splice(0)) callback();
  }
  end(): void {
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const BIG = unstored({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'big' },
  data: { a: 'x'.repeat(1024 * 1024) },
});

function watch(initial: number) {
  const reply = new StuckReply();
  const clock = new ManualClock();
  let sink: ApiWatchSink | undefined;
  let stops = 0;
  const event = { type: 'ADDED', stored: BIG } as const;
  writeWatch(
    {
      kind: 'watch',
      resource: configMaps,
      open(given) {
        sink = given;
        given.events(Array.from({ length: initial }, () => event));
        return { stop: () => (stops += 1) };
      },
    },
    { reply, clock, encode: ({ encoded }) => encoded },
  );
  return { reply, clock, send: () => sink?.events([event]), stops: () => stops };
}

describe('API-508: a caller that does not read', () => {
  it('is cut off once its backlog is too large, and dropped if it still does not read', () => {
    const { reply, clock, send, stops } = watch(1);
    let sent = 0;
    while (!reply.writableEnded && sent < 100) {
      send();
      sent += 1;
    }
    expect(reply.bytes).toBeLessThan(WATCH_BACKLOG_BYTES_MAX + 4 * 1024 * 1024);
    expect(stops()).toBe(1);
    expect(reply.destroyed).toBe(false);
    clock.advance(10_000);
    expect(reply.destroyed).toBe(true);
  });

  it('may take its time for the objects it gets at the start', () => {
    const { reply, send, stops } = watch(40);
    send();
    expect([reply.writableEnded, stops()]).toEqual([false, 0]);
    reply.read();
    for (let count = 0; count < 10; count += 1) send();
    expect(reply.writableEnded).toBe(false);
    reply.emit('close');
    expect(stops()).toBe(1);
  });
});
