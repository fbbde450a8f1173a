// Verifies a store: memory by itself, and memory against what the engine keeps.
import type { KeyIndex } from './key-index.ts';
import { neededRecords, replay } from './replay.ts';
import type { StoredEntry, StoreEvent } from './store.ts';
import type { CommitGroup, StoreContents, StoreHead, StoreRecord } from './store-engine.ts';
import { StoreCorruptError } from './store-errors.ts';

export interface CheckInput {
  index: KeyIndex<StoredEntry>;
  /** The history window. */
  events: readonly StoreEvent[];
  head: StoreHead;
  pending: ReadonlyMap<string, StoreEvent>;
  committing: CommitGroup | undefined;
  /** What the engine keeps, undefined if it keeps nothing outside of memory. */
  stored: StoreContents | undefined;
}

/** Throws StoreCorruptError naming the first violation. */
export function checkState(input: CheckInput): void {
  const { index, events, head, pending } = input;
  checkOrder(index);
  const records = neededRecords(index, events);
  const replayed = replay({ head, records });
  ensure(replayed.entries.length === index.size, 'the index has entries that no write made');
  const wrong = [...index].find((entry, number) => replayed.entries[number] !== entry);
  ensure(!wrong, `the index is wrong about ${wrong?.key}`);
  ensure(replayed.events.length === events.length, 'the history has events outside of its window');
  const orphan = events.find(
    ({ previous }, number) => replayed.events[number]?.previous !== previous,
  );
  ensure(!orphan, `the history is wrong about what revision ${orphan?.entry.revision} replaced`);
  for (const [key, { entry }] of pending) {
    ensure(entry.key === key && entry.revision > head.revision, `${key} should not be pending`);
  }
  if (input.stored) checkStored(input, records, input.stored);
}

function checkOrder(index: KeyIndex<StoredEntry>): void {
  let last = '';
  for (const { key } of index) {
    if (key <= last) throw new StoreCorruptError(`the index is out of order at ${key}`);
    last = key;
  }
}

function checkStored(
  { head, committing }: CheckInput,
  records: readonly StoreRecord[],
  stored: StoreContents,
): void {
  // A group can be durable a moment before the store hears of it.
  if (committing && isSameHead(stored.head, committing.after)) return;
  ensure(isSameHead(stored.head, head), 'memory and disk differ in their revision');
  ensure(stored.records.length === records.length, 'memory and disk differ in their records');
  const wrong = records.find((record, number) => !isSameRecord(stored.records[number], record));
  ensure(!wrong, `memory and disk differ at revision ${wrong?.entry.revision}`);
}

function isSameHead(a: StoreHead, b: StoreHead): boolean {
  return (
    a.revision === b.revision &&
    a.compactedRevision === b.compactedRevision &&
    a.recordCount === b.recordCount
  );
}

function isSameRecord(a: StoreRecord | undefined, b: StoreRecord): boolean {
  return (
    a?.type === b.type &&
    a.entry.key === b.entry.key &&
    a.entry.revision === b.entry.revision &&
    a.entry.createRevision === b.entry.createRevision &&
    a.entry.value.equals(b.entry.value)
  );
}

function ensure(condition: boolean, violation: string): void {
  if (!condition) throw new StoreCorruptError(violation);
}
