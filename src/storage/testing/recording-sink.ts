// For tests: a watch sink that remembers what it was told, as texts; and values that are texts.
import type { StoreEvent, WatchSink } from '../store.ts';

export interface RecordingSink extends WatchSink {
  /** Per call of `events`, one text an event; see eventText(). */
  groups: string[][];
  /** Per call of `end`, its error. */
  ends: (Error | undefined)[];
}

export function recordingSink(): RecordingSink {
  const groups: string[][] = [];
  const ends: (Error | undefined)[] = [];
  return {
    groups,
    ends,
    events: (events) => void groups.push(events.map(eventText)),
    end: (error) => void ends.push(error),
  };
}

/** Tells everything about an event: `put /a@4 new was @1 old`, `delete /a@5 last was @4 new`. */
export function eventText({ type, entry, previous }: StoreEvent): string {
  const was = previous ? ` was @${previous.revision} ${previous.value.toString()}` : '';
  return `${type} ${entry.key}@${entry.revision} ${entry.value.toString()}${was}`;
}

/** Bytes of a text, for any revision. */
export function text(value: string): () => Buffer {
  return () => Buffer.from(value);
}
