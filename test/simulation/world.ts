// Virtual time and the trace: everything that happens in a simulation is an event of this queue.
// Between two events all promises run dry, so a run is one thread and decided by its seed alone.
import type { Timer } from '../../src/base/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

const START_MS = Date.UTC(2026, 0, 1);
/** Far more than any run needs that comes right. */
const EVENTS_MAX = 80_000;

/** What the run broke. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

export class World {
  readonly trace: string[] = [];
  /** The first violation ends the run. */
  violation: Violation | undefined;
  /** Called after each event, when promises have run dry. */
  readonly checks: (() => void)[] = [];
  #nowMs = START_MS;
  #sequence = 0;
  #events = 0;
  readonly #heap: Entry[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Milliseconds since the start of the run. */
  get elapsedMs(): number {
    return this.#nowMs - START_MS;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(Math.ceil(delayMs), 0);
    const entry: Entry = { dueMs, sequence: this.#sequence++, callback };
    this.#push(entry);
    return { cancel: () => (entry.callback = undefined) };
  }

  log(who: string, what: string): void {
    this.trace.push(`${this.elapsedMs} ${who}: ${what}`);
  }

  fail(invariant: string, message: string): void {
    if (this.violation) return;
    this.violation = { invariant, message };
    this.log('VIOLATION', `${invariant}: ${message}`);
  }

  /** Runs events until `untilMs` (elapsed), a violation, or `done` says so. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      await settled();
      for (const check of this.checks) check();
      if (this.violation || done()) return;
      const entry = this.#pop();
      if (!entry || entry.dueMs > START_MS + untilMs) {
        if (entry) this.#push(entry);
        this.#nowMs = Math.max(this.#nowMs, START_MS + untilMs);
        return;
      }
      this.#nowMs = entry.dueMs;
      if (++this.#events > EVENTS_MAX) this.fail('ends', `more than ${EVENTS_MAX} events`);
      entry.callback?.();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  /** The next entry that was not cancelled. */
  #pop(): Entry | undefined {
    for (;;) {
      const entry = this.#popAny();
      if (!entry || entry.callback) return entry;
    }
  }

  #popAny(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** Resolves when all promises have run dry: nothing in a simulation waits for anything else. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
