// A token bucket on the injected clock: allows bursts, then a steady rate.
import type { Clock } from '../base/clock.ts';

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Pick<Clock, 'now'>;
}

export class TokenBucket {
  readonly #options: TokenBucketOptions;
  /** Negative: promised to those who were told to wait. */
  #tokens: number;
  #filledMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledMs = options.clock.now();
  }

  /** Takes a token in advance; returns how many (whole) milliseconds to wait before using it. */
  reserveMs(): number {
    this.#fill();
    this.#tokens--;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#options.perSecond) * 1000);
  }

  /** Takes a token if there is one now. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(): void {
    const { clock, perSecond, burst } = this.#options;
    const passedMs = Math.max(clock.now() - this.#filledMs, 0);
    this.#filledMs = clock.now();
    this.#tokens = Math.min(this.#tokens + (passedMs / 1000) * perSecond, burst);
  }
}
