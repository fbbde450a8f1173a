// The window of recent events: what watches replay and old lists are made from.
import type { StoreEvent } from './store.ts';
import { RevisionCompactedError, RevisionFutureError } from './store.ts';
import { partitionPoint } from './key-index.ts';

/**
 * Events kept at most, by default. A client that lost its connection must find its revision here or
 * list everything again: 10,000 events are minutes of a busy cluster (hundreds of writes a second)
 * and, at 2 KB an object, 20 MB of memory and disk.
 */
export const HISTORY_LIMIT_DEFAULT = 10_000;

export class History {
  #events: StoreEvent[];
  #compactedRevision: number;
  /** Newest published revision; the newest event's, unless all events are forgotten. */
  #revision: number;
  /** Events before this index are forgotten; cut off in bulk. */
  #start = 0;

  constructor(state: { events: StoreEvent[]; revision: number; compactedRevision: number }) {
    this.#events = state.events;
    this.#revision = state.revision;
    this.#compactedRevision = state.compactedRevision;
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get size(): number {
    return this.#events.length - this.#start;
  }

  /** Adds events, the oldest first. */
  append(events: readonly StoreEvent[]): void {
    for (const event of events) this.#events.push(event);
    this.#revision = events.at(-1)?.entry.revision ?? this.#revision;
  }

  /** The whole window, the oldest event first. */
  events(): StoreEvent[] {
    return this.#events.slice(this.#start);
  }

  /** Event number `index` of the window, the oldest being 0. */
  at(index: number): StoreEvent | undefined {
    return this.#events[this.#start + index];
  }

  /** Events of the window with a revision up to `revision`. */
  through(revision: number): StoreEvent[] {
    return this.#events.slice(this.#start, this.#indexAfter(revision));
  }

  /**
   * Events with a revision greater than `revision`.
   * Throws RevisionCompactedError and RevisionFutureError.
   */
  after(revision: number): StoreEvent[] {
    this.assertCovers(revision);
    return this.#events.slice(this.#indexAfter(revision));
  }

  /** Forgets events up to `revision`. */
  forget(revision: number): void {
    this.#start = this.#indexAfter(revision);
    this.#compactedRevision = revision;
    // Cutting moves all the rest, so it waits until an eighth of the array is to go.
    if (this.#start * 8 < this.#events.length) return;
    this.#events = this.#events.slice(this.#start);
    this.#start = 0;
  }

  /** Throws RevisionCompactedError or RevisionFutureError unless the state then is known. */
  assertCovers(revision: number): void {
    if (revision < this.#compactedRevision) {
      throw new RevisionCompactedError(revision, this.#compactedRevision);
    }
    if (revision > this.#revision) throw new RevisionFutureError(revision, this.#revision);
  }

  #indexAfter(revision: number): number {
    const index = partitionPoint(this.#events, (event) => event.entry.revision <= revision);
    return Math.max(index, this.#start);
  }
}
