import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import type { WatchHandler, WatchStream } from './transport.ts';
import type { WatchEnd } from './watch-session.ts';
import { runWatch } from './watch-session.ts';
import { settle } from './testing/settle.ts';

const bookmark = { type: 'BOOKMARK' as const, object: {} };
let clock: ManualClock;
let stopped: number;
let handler: WatchHandler;
let openSignal: AbortSignal;
let accept: (stream: WatchStream) => void;
let stopping: AbortController;

const run = (event = () => {}): Promise<WatchEnd> =>
  runWatch({
    open: (given, signal) => {
      handler = given;
      openSignal = signal;
      return new Promise((resolve) => (accept = resolve));
    },
    event,
    silenceMs: () => 1000,
    clock,
    signal: stopping.signal,
  });
const stream = { stop: () => void stopped++ };

beforeEach(() => {
  clock = new ManualClock();
  stopping = new AbortController();
  stopped = 0;
});

test('ends as the server ends it', async () => {
  const end = run();
  accept(stream);
  handler.end();
  expect(await end).toBe('ended');
  const failing = run();
  handler.end(new Error('reset'));
  await expect(failing).rejects.toThrow('reset');
  expect(clock.nextDueMs()).toBeUndefined();
});

test('silence, measured from the last event', async () => {
  const end = run();
  accept(stream);
  await settle();
  clock.advance(900);
  handler.event(bookmark);
  clock.advance(900);
  expect(stopped).toBe(0);
  clock.advance(100);
  expect(await end).toBe('silent');
  expect(stopped).toBe(1);
});

test('an opening that takes too long is aborted; what it brings later is stopped', async () => {
  const end = run();
  clock.advance(1000);
  expect(await end).toBe('silent');
  expect(openSignal.aborted).toBe(true);
  accept(stream);
  await settle();
  expect(stopped).toBe(1);
});

test('stop by signal, before and while running', async () => {
  const end = run();
  accept(stream);
  await settle();
  stopping.abort();
  expect(await end).toBe('stopped');
  expect(stopped).toBe(1);
  expect(await run()).toBe('stopped');
  expect(clock.nextDueMs()).toBeUndefined();
});

test('an event that cannot be handled ends the session and is the last', async () => {
  let events = 0;
  const end = run(() => {
    events++;
    throw new Error('nonsense');
  });
  handler.event(bookmark);
  handler.event(bookmark);
  handler.end();
  await expect(end).rejects.toThrow('nonsense');
  expect(events).toBe(1);
  accept(stream);
  await settle();
  expect(stopped).toBe(1);
});
