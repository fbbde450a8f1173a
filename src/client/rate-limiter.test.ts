import { expect, test } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { TokenBucket } from './rate-limiter.ts';

test('SS-837: a burst, then one reservation after the other at the rate', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 2, clock });
  const reserve = (count: number) => Array.from({ length: count }, () => bucket.reserveMs());
  expect(reserve(4)).toEqual([0, 0, 100, 200]);
  clock.advance(300);
  expect(reserve(2)).toEqual([0, 100]);
  clock.advance(60_000);
  expect(reserve(3)).toEqual([0, 0, 100]);
});

test('tryTake takes what there is and never owes', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ perSecond: 1, burst: 1, clock });
  expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, false, false]);
  clock.advance(999);
  expect(bucket.tryTake()).toBe(false);
  clock.advance(1);
  expect(bucket.tryTake()).toBe(true);
});

test('a wall clock that jumps back neither gives nor takes', () => {
  let nowMs = 10_000;
  const bucket = new TokenBucket({ perSecond: 1, burst: 1, clock: { now: () => nowMs } });
  expect(bucket.tryTake()).toBe(true);
  nowMs = 0;
  expect(bucket.tryTake()).toBe(false);
  nowMs = 1000;
  expect(bucket.tryTake()).toBe(true);
});
