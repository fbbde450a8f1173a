// Keeps commit groups in LMDB: one record per revision and a head, one transaction per group.
// Values sit with their records, so a write costs one record; compaction removes old ones.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import type { RootDatabase } from 'lmdb';
import { errorMessage, OrdinalError } from '../base/errors.ts';
import type { DirectoryLock } from './directory-lock.ts';
import { lockDirectory } from './directory-lock.ts';
import { checkLmdbFile } from './lmdb-file.ts';
import { decodeHead, decodeRecord, encodeHead, encodeRecord } from './record-codec.ts';
import type {
  CommitGroup,
  StoreContents,
  StoreEngine,
  StoreHead,
  StoreRecord,
} from './store-engine.ts';
import { EMPTY_HEAD } from './store-engine.ts';
import { StoreCorruptError, StoreOpenError } from './store-errors.ts';

/** Records have their revision as key; the head has this one, which sorts behind all numbers. */
const HEAD_KEY = 'head';

/** Values are read into buffers of this size, which is cheaper than a buffer each. */
const SLAB_BYTES = 256 * 1024;

type Database = RootDatabase<Buffer, number | string>;

/** An engine on the file `store.mdb` of a directory. */
export function createLmdbEngine(directory: string): StoreEngine {
  return new LmdbEngine(directory);
}

class LmdbEngine implements StoreEngine {
  readonly #directory: string;
  readonly #path: string;
  #lock: DirectoryLock | undefined;
  #database: Database | undefined;
  /** A commit failed, and it is not known yet what it left. */
  #hasFailed = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'store.mdb');
  }

  async open(): Promise<StoreContents> {
    try {
      mkdirSync(this.#directory, { recursive: true });
      this.#lock = lockDirectory(this.#directory);
      this.#database = openDatabase(this.#path);
      return readContents(this.#database, this.#path);
    } catch (error) {
      await this.close();
      if (error instanceof OrdinalError) throw error;
      throw new StoreOpenError(this.#directory, error);
    }
  }

  async commit(group: CommitGroup): Promise<void> {
    const database = (this.#database ??= openDatabase(this.#path));
    if (this.#hasFailed) this.#assertUnchanged(database, group.before);
    try {
      await writeGroup(database, group);
    } catch (error) {
      // If it failed while it wrote its meta page, LMDB would let later commits hang: open anew.
      this.#database = undefined;
      this.#hasFailed = true;
      await database.close();
      throw await commitCause(error);
    }
  }

  read(): StoreContents {
    this.#database ??= openDatabase(this.#path);
    return readContents(this.#database, this.#path);
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Throws if a failed commit can be seen on disk after all. */
  #assertUnchanged(database: Database, { revision: expected }: StoreHead): void {
    const { revision } = readHead(database, this.#path);
    if (revision !== expected) {
      throw new StoreCorruptError(
        `${this.#path} is at revision ${revision}, not ${expected}; restart to read it anew`,
      );
    }
    this.#hasFailed = false;
  }
}

function openDatabase(path: string): Database {
  const isNew = !existsSync(path);
  checkLmdbFile(path);
  const database: Database = openLmdb({
    path,
    noSubdir: true,
    // A commit's promise then means that it is on disk.
    overlappingSync: false,
    // Groups are made here; LMDB's own grouping leaves promises that reject with no one to catch.
    eventTurnBatching: false,
    encoder: { encode: (bytes: Buffer) => bytes, decode: createSlabCopy() },
  });
  if (isNew) syncDirectories(path);
  return database;
}

/** Makes a new file's name durable: its directory entry, and that directory's own. */
function syncDirectories(path: string): void {
  for (const directory of [dirname(path), dirname(dirname(path))]) {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Copies bytes that are valid only now into larger buffers, many into each. */
function createSlabCopy(): (bytes: Buffer) => Buffer {
  let slab = Buffer.alloc(0);
  let used = 0;
  return (bytes) => {
    const { length } = bytes;
    if (used + length > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
      used = 0;
    }
    const copy = slab.subarray(used, used + length);
    // LMDB's buffer is longer than its `length` says; only `subarray` makes one that is right.
    copy.set(bytes.subarray(0, length));
    used += length;
    return copy;
  };
}

function readHead(database: Database, path: string): StoreHead {
  const bytes = database.get(HEAD_KEY);
  if (bytes) return decodeHead(path, bytes);
  if (database.getKeysCount({ limit: 1 }) === 0) return EMPTY_HEAD;
  throw new StoreCorruptError(`${path} has records and no head`);
}

function readContents(database: Database, path: string): StoreContents {
  try {
    const head = readHead(database, path);
    const records: StoreRecord[] = [];
    for (const { key, value } of database.getRange()) {
      if (key === HEAD_KEY) continue;
      if (typeof key !== 'number') throw new StoreCorruptError(`${path} has a foreign record`);
      records.push(decodeRecord(key, value));
    }
    return { head, records };
  } catch (error) {
    if (error instanceof OrdinalError) throw error;
    throw new StoreCorruptError(`${path} can't be read: ${errorMessage(error)}`, error);
  }
}

async function writeGroup(database: Database, group: CommitGroup): Promise<void> {
  // Encoded first: if something threw within the batch, what was put until then would be committed.
  const encoded = group.appended.map((record) => encodeRecord(record));
  const writes: Promise<boolean>[] = [];
  const batch = database.batch(() => {
    for (const [number, bytes] of encoded.entries()) {
      writes.push(database.put(group.appended[number]!.entry.revision, bytes));
    }
    for (const revision of group.forgotten) writes.push(database.remove(revision));
    writes.push(database.put(HEAD_KEY, encodeHead(group.after)));
  });
  await Promise.all([batch, ...writes]);
}

/** What made a commit fail: LMDB tells it by a second promise, in the same turn or never. */
async function commitCause(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (!commitError) return error;
  const unknownCause = new Promise((resolve) => setImmediate(() => resolve(error)));
  return Promise.race([commitError.catch((cause: unknown) => cause), unknownCause]);
}
