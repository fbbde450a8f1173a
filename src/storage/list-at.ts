// Lists: of the newest state, or of an older one by undoing the events since.
import type { History } from './history.ts';
import type { KeyIndex } from './key-index.ts';
import type { ListOptions, ListResult, StoredEntry, StoreEvent } from './store.ts';

export interface ListableState {
  readonly index: KeyIndex<StoredEntry>;
  readonly history: History;
}

/** See Store.list(). */
export function listAt(
  { index, history }: ListableState,
  prefix: string,
  { revision = history.revision, after, limit }: ListOptions,
): ListResult {
  const limitOrAll = limit || Infinity;
  if (revision === history.revision) {
    const { entries, total } = index.range({ prefix, after, limit: limitOrAll });
    return result(entries, total, revision);
  }
  const isListed = (key: string) => key.startsWith(prefix) && (after === undefined || key > after);
  const since = history.after(revision).filter((event) => isListed(event.entry.key));
  const before = stateBefore(since);
  // At most `before.size` of the newest entries are not shown, so this many are enough.
  const newest = index.range({ prefix, after, limit: limitOrAll + before.size });
  if (before.size === 0) return result(newest.entries, newest.total, revision);

  const restored = [...before.values()].filter((entry) => entry !== undefined).sort(byKey);
  const unchanged = newest.entries.filter((entry) => !before.has(entry.key));
  const changedAndAlive = [...before.keys()].filter((key) => index.get(key)).length;
  const total = newest.total - changedAndAlive + restored.length;
  return result(merge(unchanged, restored).slice(0, limitOrAll), total, revision);
}

/** What each key that the events touch was before them; undefined: it did not exist. */
function stateBefore(events: readonly StoreEvent[]): Map<string, StoredEntry | undefined> {
  const before = new Map<string, StoredEntry | undefined>();
  for (const { entry, previous } of events) {
    if (!before.has(entry.key)) before.set(entry.key, previous);
  }
  return before;
}

function result(entries: StoredEntry[], total: number, revision: number): ListResult {
  return { entries, revision, remaining: total - entries.length };
}

/** Merges two lists ordered by key. */
function merge(left: readonly StoredEntry[], right: readonly StoredEntry[]): StoredEntry[] {
  const merged: StoredEntry[] = [];
  let next = 0;
  for (const entry of left) {
    while (next < right.length && right[next]!.key < entry.key) merged.push(right[next++]!);
    merged.push(entry);
  }
  return [...merged, ...right.slice(next)];
}

function byKey(a: StoredEntry, b: StoredEntry): number {
  return a.key < b.key ? -1 : 1;
}
