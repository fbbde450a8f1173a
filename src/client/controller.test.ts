import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogFields, Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import type { Controller, ControllerOptions } from './controller-context.ts';
import { TerminalError, TransientError } from './controller-context.ts';
import { createController } from './controller.ts';
import { settle } from './testing/settle.ts';

let clock: ManualClock;
let controller: Controller | undefined;

const create = (options: Pick<ControllerOptions, 'reconcile'> & Partial<ControllerOptions>) =>
  (controller = createController({
    name: 'test',
    informers: [],
    clock,
    logger: silentLogger,
    ...options,
  }));

beforeEach(() => {
  clock = new ManualClock();
  controller = undefined;
});
afterEach(async () => {
  await controller?.stop();
  expect(clock.nextDueMs()).toBeUndefined();
});

test('SS-811: nothing runs before the informers have synced; early keys are kept', async () => {
  const calls: string[] = [];
  let sync = () => {};
  const informer = { synced: () => new Promise<void>((resolve) => (sync = resolve)) };
  create({ informers: [informer], reconcile: async (key) => void calls.push(key) });
  controller?.enqueue('a/b');
  const started = controller?.start();
  await settle();
  expect(calls).toEqual([]);
  sync();
  await started;
  await settle();
  expect(calls).toEqual(['a/b']);
});

test('stop before the informers have synced', async () => {
  create({
    informers: [{ synced: () => new Promise(() => {}) }],
    reconcile: () => Promise.reject(new Error('never called')),
  });
  const started = controller?.start();
  await controller?.stop();
  await started;
});

test('SS-806: workers run different keys at once, one key never twice', async () => {
  const open = new Map<string, () => void>();
  const calls: string[] = [];
  create({
    workers: 2,
    reconcile: (key) => {
      calls.push(key);
      return new Promise((resolve) => open.set(key, resolve));
    },
  });
  await controller?.start();
  for (const key of ['a', 'b', 'c', 'a']) controller?.enqueue(key);
  await settle();
  expect(calls).toEqual(['a', 'b']);
  controller?.enqueue('a');
  open.get('b')?.();
  await settle();
  expect(calls).toEqual(['a', 'b', 'c']);
  open.get('a')?.();
  await settle();
  expect(calls).toEqual(['a', 'b', 'c', 'a']);
  for (const release of open.values()) release();
});

test('SS-837: failures are retried with back-off, success resets it', async () => {
  const times: number[] = [];
  const startMs = clock.now();
  let failing = true;
  create({
    reconcile: async () => {
      times.push(clock.now() - startMs);
      if (failing) throw new Error('no');
    },
  });
  await controller?.start();
  controller?.enqueue('a');
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      await settle();
      clock.advance(5);
    }
    await settle();
  };
  await run(40);
  expect(times).toEqual([0, 5, 15, 35]);
  failing = false;
  await run(60);
  expect(times.length).toBe(5);
  failing = true;
  controller?.enqueue('a');
  await run(5);
  expect(times.length).toBe(7);
});

test('TerminalError: no retry before the next event', async () => {
  let calls = 0;
  create({
    reconcile: () => {
      calls++;
      throw new TerminalError('bad selector');
    },
  });
  await controller?.start();
  controller?.enqueue('a');
  await settle();
  expect(clock.nextDueMs()).toBeUndefined();
  controller?.enqueue('a');
  await settle();
  expect(calls).toBe(2);
});

test('TransientError: retried with back-off, without a warning', async () => {
  let calls = 0;
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message) => void warnings.push(message),
    child: () => logger,
  };
  create({
    logger,
    reconcile: async () => {
      if (++calls < 3) throw new TransientError('not yet');
    },
  });
  await controller?.start();
  controller?.enqueue('a');
  for (const delayMs of [5, 10]) {
    await settle();
    expect(clock.nextDueMs()).toBe(clock.now() + delayMs);
    clock.advance(delayMs);
  }
  await settle();
  expect(calls).toBe(3);
  expect(warnings).toEqual([]);
});

test('requeueAfterMs calls again without an event', async () => {
  let calls = 0;
  create({ reconcile: async () => (++calls < 3 ? { requeueAfterMs: 1000 } : undefined) });
  await controller?.start();
  controller?.enqueue('a');
  for (const expected of [1, 2, 3, 3]) {
    await settle();
    expect(calls).toBe(expected);
    clock.advance(1000);
  }
});

test('enqueueAfter', async () => {
  const calls: string[] = [];
  create({ reconcile: async (key) => void calls.push(key) });
  await controller?.start();
  controller?.enqueueAfter('a', 100);
  clock.advance(100);
  await settle();
  expect(calls).toEqual(['a']);
});

test('stop aborts the signal, waits for the running call, starts no other', async () => {
  const calls: string[] = [];
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message: string, fields?: LogFields) => warnings.push(message + JSON.stringify(fields)),
    child: () => logger,
  };
  create({
    workers: 1,
    logger,
    reconcile: (key, signal) => {
      calls.push(key);
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    },
  });
  await controller?.start();
  controller?.enqueue('a');
  controller?.enqueue('b');
  await settle();
  await controller?.stop();
  await controller?.stop();
  controller?.enqueue('c');
  await settle();
  expect(calls).toEqual(['a']);
  expect(warnings).toEqual([]);
});
