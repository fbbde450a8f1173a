import { beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ManualClock } from '../base/manual-clock.ts';
import { WorkQueue } from './workqueue.ts';

let clock: ManualClock;
let queue: WorkQueue;

beforeEach(() => {
  clock = new ManualClock();
  queue = new WorkQueue({ clock });
});

/** All keys that can be taken now; they stay in processing. */
const drain = async () => {
  const keys: (string | undefined)[] = [];
  while (queue.length > 0) keys.push(await queue.take());
  return keys;
};

describe('keys', () => {
  test('SS-836: waiting keys are de-duplicated and come in order', async () => {
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(await drain()).toEqual(['b', 'a', 'c']);
  });

  test('SS-806, SS-836: a key added while processed comes once more, after done', async () => {
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await drain()).toEqual(['a']);
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  test('fairness: a key that is always dirty goes to the end of the line', async () => {
    const order: (string | undefined)[] = [];
    for (const key of ['hot', 'a', 'b']) queue.add(key);
    for (let round = 0; round < 5; round++) {
      const key = await queue.take();
      order.push(key);
      queue.add('hot');
      queue.done(key as string);
    }
    expect(order).toEqual(['hot', 'a', 'b', 'hot', 'hot']);
  });

  test('takers that wait are served in order', async () => {
    const first = queue.take();
    const second = queue.take();
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  test('a key handed to a waiting taker is in processing at once', async () => {
    const taken = queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done((await taken) as string);
    expect(queue.length).toBe(1);
  });
});

describe('delays', () => {
  test('the earliest of several delays wins', async () => {
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    clock.advance(49);
    expect(queue.length).toBe(0);
    clock.advance(1);
    expect(await drain()).toEqual(['a']);
    queue.done('a');
    clock.advance(1000);
    expect(queue.length).toBe(0);
  });

  test('SS-837: per key 5 ms x 2^n up to 1000 s, over again after forget', () => {
    const delays: number[] = [];
    for (let round = 0; round < 20; round++) {
      const startMs = clock.now();
      queue.addRateLimited('a');
      delays.push((clock.nextDueMs() ?? 0) - startMs);
      clock.advance(1_000_000);
    }
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays[17]).toBe(655_360);
    expect(delays.slice(18)).toEqual([1_000_000, 1_000_000]);
    expect(queue.failures('a')).toBe(20);
    queue.forget('a');
    const startMs = clock.now();
    queue.addRateLimited('a');
    expect((clock.nextDueMs() ?? 0) - startMs).toBe(5);
  });

  test('SS-837: in total 10 a second with a burst of 100', () => {
    for (let i = 0; i < 130; i++) queue.addRateLimited(`key-${i}`);
    clock.advance(5);
    expect(queue.length).toBe(100);
    clock.advance(995);
    expect(queue.length).toBe(110);
    clock.advance(2000);
    expect(queue.length).toBe(130);
  });

  test('addBackedOff leaves the rate of the others alone', () => {
    for (let i = 0; i < 130; i++) queue.addBackedOff(`key-${i}`);
    clock.advance(5);
    expect(queue.length).toBe(130);
    queue.addRateLimited('other');
    clock.advance(5);
    expect(queue.length).toBe(131);
  });
});

test('shutDown forgets keys, timers and takers', async () => {
  const waiting = queue.take();
  queue.addAfter('a', 10);
  queue.shutDown();
  expect(await waiting).toBeUndefined();
  queue.add('b');
  queue.addAfter('c', 10);
  expect(await queue.take()).toBeUndefined();
  expect(clock.nextDueMs()).toBeUndefined();
});

test('SS-836: no key is lost, doubled or worked on twice at once, whatever the order', async () => {
  const step = fc.record({
    action: fc.constantFrom('add', 'delay', 'take', 'done', 'wait'),
    key: fc.constantFrom('a', 'b', 'c'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      clock = new ManualClock();
      queue = new WorkQueue({ clock });
      const processing = new Set<string>();
      const owed = new Set<string>();
      const take = async () => {
        const key = (await queue.take()) as string;
        expect(processing.has(key)).toBe(false);
        processing.add(key);
        owed.delete(key);
      };
      for (const { action, key } of steps) {
        if (action === 'add') queue.add(key);
        if (action === 'delay') queue.addAfter(key, 10);
        if (action === 'add' || action === 'delay') owed.add(key);
        if (action === 'take' && queue.length > 0) await take();
        if (action === 'done' && processing.delete(key)) queue.done(key);
        if (action === 'wait') clock.advance(7);
      }
      clock.advance(10);
      for (const key of processing) queue.done(key);
      processing.clear();
      while (queue.length > 0) await take();
      expect(owed).toEqual(new Set());
    }),
  );
});
