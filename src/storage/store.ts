// The narrow waist of the storage room: a revisioned map of keys to bytes.
// It knows keys, bytes and revisions, and nothing of kinds. Engines: lmdb-store.ts and
// memory-store.ts; both pass testing/store-conformance.ts.
import type { Runnable } from '../base/runnable.ts';

/** One key's published state. Immutable: a change makes a new entry. */
export interface StoredEntry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the write that made this value. */
  readonly revision: number;
  /** Revision of the write that made the key. */
  readonly createRevision: number;
}

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  /**
   * The new state; for a delete the tombstone: its `value` is what `delete()` was given for it,
   * `revision` that of the deletion.
   */
  readonly entry: StoredEntry;
  /** The state before, absent for a key that is new. */
  readonly previous: StoredEntry | undefined;
}

/**
 * Makes the bytes to store, given the revision that the write gets (so that objects can carry their
 * own version). The bytes belong to the store afterwards: they must not be changed. If it throws,
 * the write is not made and rejects with that error.
 */
export type Encode = (revision: number) => Buffer;

export interface WriteCondition {
  /**
   * Revision that the key's newest state (pending writes included) must have; 0: the key must not
   * exist. Absent: no condition.
   */
  ifRevision?: number;
}

export interface ListOptions {
  /**
   * State as of this revision; absent: the newest published one.
   * Throws RevisionCompactedError / RevisionFutureError.
   */
  revision?: number;
  /** Only keys greater than this one. */
  after?: string;
  /** Largest number of entries; absent or 0: all of them. */
  limit?: number;
}

export interface ListResult {
  entries: StoredEntry[];
  /** The revision that the list shows. */
  revision: number;
  /** Entries beyond `limit`. */
  remaining: number;
}

export interface WatchSink {
  /**
   * Called synchronously, once per commit group, events in revision order, without gap or
   * duplicate. A sink that throws is logged and its watch ended. The array is shared: read only.
   */
  events(events: readonly StoreEvent[]): void;
  /** Called once if the store stops or the watch can't go on; not after `Watch.stop()`. */
  end(error?: Error): void;
}

export interface Watch {
  stop(): void;
}

/**
 * A revisioned object store. Reads are synchronous and see only durable (published) states.
 * Keys are 1 to 1024 bytes of well-formed UTF-8; others are refused with `ORD_STORE_KEY`.
 * `start()` may throw OrdinalErrors: `ORD_STORE_LOCKED`, `ORD_STORE_FORMAT`, `ORD_STORE_CORRUPT`,
 * `ORD_STORE_OPEN`. Writes and watches outside of start and stop: `ORD_STORE_STOPPED`.
 */
export interface Store extends Runnable {
  /**
   * Newest published revision; 0 for an empty store.
   * One counter for all keys, growing by at least 1 a write.
   */
  readonly revision: number;
  /** Oldest revision that can still be listed and watched from. */
  readonly compactedRevision: number;

  get(key: string): StoredEntry | undefined;
  /**
   * The newest state of a key, writes included that are not durable yet: what a conditional write
   * compares with.
   */
  getLatest(key: string): StoredEntry | undefined;
  /**
   * Resolves when the writes to a key that are under way are durable or have failed: whoever tells
   * of the newest state of a key has to wait for this first, lest a crash makes it untrue.
   */
  settled(key: string): Promise<void>;
  /** Entries whose key starts with `prefix`, ordered by key (UTF-16 code units). */
  list(prefix: string, options?: ListOptions): ListResult;
  /** Number of published keys under `prefix`. */
  count(prefix: string): number;

  /**
   * Writes a key. Resolves with the new entry once it is durable and published.
   * The condition is checked and `encode` called before this function returns.
   * Rejects with RevisionMismatchError, or StoreWriteError if the disk refused (then nothing was
   * written, neither were later writes that were pending at that moment).
   */
  put(key: string, encode: Encode, condition?: WriteCondition): Promise<StoredEntry>;
  /**
   * Deletes a key; `encode` makes the value that watchers see in the tombstone, with which it
   * resolves. Rejects as `put` does, and with KeyNotFoundError (whatever the condition) when the
   * key does not exist.
   */
  delete(key: string, encode: Encode, condition?: WriteCondition): Promise<StoredEntry>;

  /**
   * Events of keys under `prefix` with a revision greater than `afterRevision`.
   * Events of the history are delivered before this function returns, in one group.
   * Throws RevisionCompactedError when `afterRevision` < compactedRevision, RevisionFutureError
   * when it is greater than `revision`.
   */
  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch;

  /**
   * Forgets history up to `revision`; nothing to do when that is forgotten already.
   * Rejects with RevisionFutureError, or StoreWriteError.
   */
  compact(revision: number): Promise<void>;
  /** Verifies all invariants of memory and disk; StoreCorruptError names the first violation. */
  check(): void;
}

export class RevisionMismatchError extends Error {
  override name = 'RevisionMismatchError';
  /** The key's newest state, undefined when it does not exist. */
  readonly latest: StoredEntry | undefined;
  constructor(key: string, latest: StoredEntry | undefined) {
    super(`revision of ${key} is ${latest?.revision ?? 0}`);
    this.latest = latest;
  }
}

export class KeyNotFoundError extends Error {
  override name = 'KeyNotFoundError';
}

export class RevisionCompactedError extends Error {
  override name = 'RevisionCompactedError';
  readonly compactedRevision: number;
  constructor(revision: number, compactedRevision: number) {
    super(`revision ${revision} is older than the history, which starts at ${compactedRevision}`);
    this.compactedRevision = compactedRevision;
  }
}

export class RevisionFutureError extends Error {
  override name = 'RevisionFutureError';
  readonly currentRevision: number;
  constructor(revision: number, currentRevision: number) {
    super(`revision ${revision} is newer than the store, which is at ${currentRevision}`);
    this.currentRevision = currentRevision;
  }
}
