// A clock that stands still until it is told to move: for tests and the simulation.
import type { Clock, Timer } from './clock.ts';

interface Entry {
  dueMs: number;
  sequence: number;
  callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  #sequence = 0;
  readonly #entries = new Set<Entry>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const entry = {
      dueMs: this.#nowMs + Math.max(delayMs, 0),
      sequence: this.#sequence++,
      callback,
    };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Due time of the next timer in milliseconds, or undefined when none is set. */
  nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves time forward, running due timers in order of due time, then of creation. */
  advance(deltaMs: number): void {
    const endMs = this.#nowMs + deltaMs;
    for (let entry = this.#next(); entry && entry.dueMs <= endMs; entry = this.#next()) {
      this.#entries.delete(entry);
      this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
      entry.callback();
    }
    this.#nowMs = endMs;
  }

  #next(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (!first || entry.dueMs < first.dueMs) first = entry;
      else if (entry.dueMs === first.dueMs && entry.sequence < first.sequence) first = entry;
    }
    return first;
  }
}
