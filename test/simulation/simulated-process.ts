// A process of the simulated world: it has a clock of its own and can be killed, after which
// nothing that it has set in motion comes back to it, or frozen, after which everything comes late.
import type { Clock } from '../../src/base/clock.ts';
import type { World } from './world.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly world: World;
  /** What its wall clock is off by. */
  skewMs = 0;
  #alive = true;
  #frozenUntilMs = 0;
  /** What is to be handled after a freeze, oldest first. */
  readonly #late: (() => void)[] = [];

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.clock = {
      now: () => world.nowMs + this.skewMs,
      schedule: (delayMs, callback) => world.schedule(delayMs, () => this.#enter(callback)),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Stops the world for the process, as a debugger or a suspended machine does. */
  freeze(durationMs: number): void {
    this.#frozenUntilMs = this.world.nowMs + durationMs;
  }

  /** Runs `callback` in the process after a delay; never, if it is dead by then. */
  deliver(delayMs: number, callback: () => void): void {
    this.world.schedule(delayMs, () => this.#enter(callback));
  }

  #enter(callback: () => void): void {
    if (!this.#alive) return;
    const isFrozen = this.world.nowMs < this.#frozenUntilMs;
    if (!isFrozen && this.#late.length === 0) return callback();
    this.#late.push(callback);
    if (this.#late.length === 1) this.#catchUp();
  }

  /** What came while it was frozen is handled in order, one by one. */
  #catchUp(): void {
    const leftMs = Math.max(this.#frozenUntilMs - this.world.nowMs, 0);
    this.world.schedule(leftMs, () => {
      if (!this.#alive) return;
      if (this.world.nowMs < this.#frozenUntilMs) return this.#catchUp();
      this.#late[0]?.();
      this.#late.shift();
      if (this.#late.length > 0) this.#catchUp();
    });
  }
}
