// What differs between stores: where commit groups are kept. An engine keeps one record a write,
// ordered by revision, and never looks into it. The newest record of a key is its state (if it is a
// tombstone: none); older ones are history. See revisioned-store.ts for everything else.
import type { StoredEntry } from './store.ts';

/** One write as it is kept. */
export interface StoreRecord {
  readonly type: 'put' | 'delete';
  readonly entry: StoredEntry;
}

export interface StoreHead {
  /** Newest revision. */
  readonly revision: number;
  readonly compactedRevision: number;
  /** Number of records kept, so that a missing one is noticed. */
  readonly recordCount: number;
}

export const EMPTY_HEAD: StoreHead = { revision: 0, compactedRevision: 0, recordCount: 0 };

/** A change that must be made whole or not at all. */
export interface CommitGroup {
  readonly before: StoreHead;
  readonly after: StoreHead;
  /** New records, ascending revisions. */
  readonly appended: readonly StoreRecord[];
  /** Revisions of records that are needed no more; may name ones of `appended`. */
  readonly forgotten: readonly number[];
}

export interface StoreContents {
  readonly head: StoreHead;
  /** Ascending revisions. */
  readonly records: readonly StoreRecord[];
}

export interface StoreEngine {
  /** Opens, and reads everything. Throws as `Store.start()` does, leaving nothing open. */
  open(): Promise<StoreContents>;
  /**
   * Resolves when the group is durable; rejects when nothing of it is kept. Called one at a time.
   * An engine that has rejected must be ready for the next group.
   */
  commit(group: CommitGroup): Promise<void>;
  /** What is kept now, read anew; undefined if the engine keeps nothing outside of memory. */
  read(): StoreContents | undefined;
  close(): Promise<void>;
}
