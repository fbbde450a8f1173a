// From records to state: the one place that knows how records make entries and events, and what
// must hold between them. Used when a store starts and again by its check().
import type { StoredEntry, StoreEvent } from './store.ts';
import { StoreCorruptError } from './store-errors.ts';
import type { StoreContents, StoreHead, StoreRecord } from './store-engine.ts';

export interface ReplayedState {
  /** Ordered by key. */
  entries: StoredEntry[];
  /** The history window, ascending revisions. */
  events: StoreEvent[];
}

/** Rebuilds the state; throws StoreCorruptError for records that no sequence of writes leaves. */
export function replay({ head, records }: StoreContents): ReplayedState {
  checkHead(head, records);
  const live = new Map<string, StoredEntry>();
  const events: StoreEvent[] = [];
  let lastRevision = 0;
  for (const { type, entry } of records) {
    const event: StoreEvent = { type, entry, previous: live.get(entry.key) };
    const isHistory = entry.revision > head.compactedRevision;
    const violation = isHistory ? eventViolation(event) : baseViolation(event);
    if (violation || entry.revision <= lastRevision) {
      throw new StoreCorruptError(`revision ${entry.revision}: ${violation ?? 'out of order'}`);
    }
    lastRevision = entry.revision;
    if (isHistory) events.push(event);
    if (type === 'put') live.set(entry.key, entry);
    else live.delete(entry.key);
  }
  return { entries: [...live.values()].sort(byKey), events };
}

/**
 * The records that must be kept for a state: those of live entries, of the events in the window,
 * and of the entries which these replaced.
 */
export function neededRecords(
  entries: Iterable<StoredEntry>,
  events: readonly StoreEvent[],
): StoreRecord[] {
  const byRevision = new Map<number, StoreRecord>();
  for (const entry of entries) byRevision.set(entry.revision, { type: 'put', entry });
  for (const { type, entry, previous } of events) {
    byRevision.set(entry.revision, { type, entry });
    if (previous) byRevision.set(previous.revision, { type: 'put', entry: previous });
  }
  return [...byRevision.values()].sort((a, b) => a.entry.revision - b.entry.revision);
}

/** Revisions of the records that are needed no more once `events`, the oldest, are forgotten. */
export function forgottenRevisions(events: readonly StoreEvent[]): number[] {
  return events.flatMap(({ type, entry, previous }) => [
    ...(previous ? [previous.revision] : []),
    ...(type === 'delete' ? [entry.revision] : []),
  ]);
}

function checkHead(head: StoreHead, records: readonly StoreRecord[]): void {
  const newest = records.at(-1)?.entry.revision ?? 0;
  if (head.compactedRevision > head.revision || newest > head.revision) {
    throw new StoreCorruptError(`it has revisions newer than its newest, ${head.revision}`);
  }
  if (records.length !== head.recordCount) {
    throw new StoreCorruptError(`it has ${records.length} records, not ${head.recordCount}`);
  }
}

/** What is wrong with an event of the history, if anything. */
function eventViolation({ type, entry, previous }: StoreEvent): string | undefined {
  if (type === 'delete' && !previous) return `it deletes ${entry.key}, which does not exist`;
  const createRevision = previous?.createRevision ?? entry.revision;
  if (entry.createRevision === createRevision) return undefined;
  return `it says ${entry.key} was made at ${entry.createRevision}, not ${createRevision}`;
}

/** What is wrong with a record older than the history, if anything. */
function baseViolation({ type, entry, previous }: StoreEvent): string | undefined {
  return type === 'put' && !previous ? undefined : `it keeps compacted history of ${entry.key}`;
}

function byKey(a: StoredEntry, b: StoredEntry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
