// The queue between event handlers and workers. A key waits at most once, is worked on by at most
// one worker, and comes again if it was added meanwhile (SS-806, SS-836). First in, first out.
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { TokenBucket } from './rate-limiter.ts';

/** SS-837: per key 5 ms x 2^n up to 1000 s; in total 10 a second with a burst of 100. */
const KEY_BACKOFF = { initialMs: 5, maxMs: 1_000_000 };
const TOTAL_RATE = { perSecond: 10, burst: 100 };

export class WorkQueue {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  /** Insertion order is the order of work. */
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while being processed. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, { dueMs: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #shutDown = false;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
    this.#bucket = new TokenBucket({ ...TOTAL_RATE, clock });
  }

  /** Keys that could be taken now. */
  get length(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#shutDown) return;
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#waiting.has(key) ? undefined : this.#takers.shift();
    if (taker === undefined) {
      this.#waiting.add(key);
      return;
    }
    this.#processing.add(key);
    taker(key);
  }

  /** Adds after `delayMs`; of several delays for a key the earliest wins. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#clock.now() + delayMs;
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined && delayed.dueMs <= dueMs) return;
    delayed?.timer.cancel();
    const timer = this.#clock.schedule(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
  }

  /** Adds after a failure, with back-off (SS-837). */
  addRateLimited(key: string): void {
    this.addAfter(key, Math.max(this.#countFailure(key), this.#bucket.reserveMs()));
  }

  /** The same, but without using up the rate that all keys share. */
  addBackedOff(key: string): void {
    this.addAfter(key, this.#countFailure(key));
  }

  /** Milliseconds of back-off of the key. */
  #countFailure(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return backoffMs(failures, KEY_BACKOFF);
  }

  /** Ends the back-off of a key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures of the key since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, when there is one; undefined after shutDown(). Call done() afterwards. */
  take(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    const [key] = this.#waiting;
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#waiting.delete(key);
    this.#processing.add(key);
    return Promise.resolve(key);
  }

  /** Says that the key from take() has been worked on. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  /** Forgets all keys, wakes all takers, cancels all timers. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    for (const keys of [this.#waiting, this.#dirty, this.#delayed, this.#failures]) keys.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
