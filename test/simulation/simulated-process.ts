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
    const leftMs = this.#frozenUntilMs - this.world.nowMs;
    if (leftMs > 0) this.world.schedule(leftMs, () => this.#enter(callback));
    else callback();
  }
}
