// The nodes of one zone that are to get a NoExecute taint, one after the other at the rate of the
// zone.
import type { Clock } from '../../base/clock.ts';
import { TokenBucket } from '../../client/rate-limiter.ts';

/** One at once, then at the rate. */
const BURST = 1;

export class ZoneTainter {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #waiting = new Set<string>();
  #perSecond: number;
  #bucket: TokenBucket | undefined;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#bucket = new TokenBucket({ perSecond, burst: BURST, clock });
  }

  /** The node waits for its turn; its place is kept if it waits already. */
  add(node: string): void {
    this.#waiting.add(node);
  }

  /** The node is well, is gone, or has its taint. */
  delete(node: string): void {
    this.#waiting.delete(node);
  }

  /** True when a node waits and may hope. */
  get hasWork(): boolean {
    return this.#bucket !== undefined && this.#waiting.size > 0;
  }

  /** The node that has waited longest, if the rate allows one now; it goes on waiting. */
  next(): string | undefined {
    const [node] = this.#waiting;
    return node !== undefined && this.#bucket?.tryTake() === true ? node : undefined;
  }

  /** Nodes a second from now on; 0: none. Does not make a node wait less for the first one. */
  setRate(perSecond: number): void {
    if (perSecond === this.#perSecond) return;
    const isEmpty = this.#bucket?.tryTake() !== true;
    this.#perSecond = perSecond;
    this.#bucket =
      perSecond === 0
        ? undefined
        : new TokenBucket({ perSecond, burst: BURST, clock: this.#clock });
    if (isEmpty) this.#bucket?.tryTake();
  }
}
