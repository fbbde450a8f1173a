// The store that all engines share: published state in memory, writes that are pending, revisions,
// history and watches. A write goes: decide (against pending state) → commit (engine, a group at a
// time) → publish (memory, watches) → resolve.
import { assert, present } from '../base/assert.ts';
import type { Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import { CommitQueue, nextEventLoopTurn } from './commit-queue.ts';
import { History, HISTORY_LIMIT_DEFAULT } from './history.ts';
import { KeyIndex } from './key-index.ts';
import { listAt } from './list-at.ts';
import type { PlannedCommit } from './plan-commit.ts';
import { planCommit } from './plan-commit.ts';
import { replay } from './replay.ts';
import type {
  Encode,
  ListOptions,
  ListResult,
  Store,
  StoredEntry,
  StoreEvent,
  Watch,
  WatchSink,
  WriteCondition,
} from './store.ts';
import { KeyNotFoundError, RevisionFutureError, RevisionMismatchError } from './store.ts';
import { checkState } from './check-state.ts';
import type { StoreEngine } from './store-engine.ts';
import { EMPTY_HEAD } from './store-engine.ts';
import { StoreKeyError, StoreStoppedError, StoreWriteError } from './store-errors.ts';
import { WatchHub } from './watch-hub.ts';

export interface RevisionedStoreOptions {
  engine: StoreEngine;
  /** Events of history to keep at most; the default and its reason: HISTORY_LIMIT_DEFAULT. */
  historyLimit?: number;
  logger?: Logger;
  /** How long writes gather before they are committed; default: a turn of the event loop. */
  nextTurn?: () => Promise<void>;
}

/** Longest key: Kubernetes' names make at most about 800 bytes, LMDB takes 1978. */
const KEY_BYTES_MAX = 1024;

interface Write {
  kind: 'write';
  event: StoreEvent;
  resolve: (entry: StoredEntry) => void;
  reject: (error: unknown) => void;
}

interface Compaction {
  kind: 'compaction';
  revision: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

type Item = Write | Compaction;

interface WriteRequest {
  type: StoreEvent['type'];
  key: string;
  encode: Encode;
  condition: WriteCondition;
}

export class RevisionedStore implements Store {
  readonly #engine: StoreEngine;
  readonly #historyLimit: number;
  readonly #hub: WatchHub;
  readonly #queue: CommitQueue<Item>;
  /** Newest pending event of each key that has one. */
  readonly #pending = new Map<string, StoreEvent>();
  /** Who waits for the end of a pending event. */
  readonly #waiting = new Map<StoreEvent, (() => void)[]>();
  #index = new KeyIndex<StoredEntry>();
  #history = new History({ events: [], ...EMPTY_HEAD });
  #head = EMPTY_HEAD;
  /** The group that the engine is committing. */
  #committing: PlannedCommit | undefined;
  /** Newest revision given to a write, pending ones and failed ones included. */
  #assignedRevision = 0;
  #running = false;
  #stopping: Promise<void> | undefined;

  constructor(options: RevisionedStoreOptions) {
    const { engine, historyLimit, logger = silentLogger, nextTurn = nextEventLoopTurn } = options;
    this.#engine = engine;
    this.#historyLimit = historyLimit ?? HISTORY_LIMIT_DEFAULT;
    this.#hub = new WatchHub(logger);
    this.#queue = new CommitQueue({
      commit: (group) => this.#commit(group),
      publish: (group) => this.#publish(group),
      fail: (lost, error) => this.#fail(lost, error),
      nextTurn,
    });
  }

  async start(): Promise<void> {
    assert(!this.#running && !this.#stopping, 'a store starts once');
    const contents = await this.#engine.open();
    try {
      const { entries, events } = replay(contents);
      this.#index = new KeyIndex(entries);
      this.#history = new History({ events, ...contents.head });
    } catch (error) {
      await this.#engine.close();
      throw error;
    }
    this.#head = contents.head;
    this.#assignedRevision = contents.head.revision;
    this.#running = true;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  get revision(): number {
    return this.#history.revision;
  }

  get compactedRevision(): number {
    return this.#history.compactedRevision;
  }

  get(key: string): StoredEntry | undefined {
    return this.#index.get(key);
  }

  getLatest(key: string): StoredEntry | undefined {
    const event = this.#pending.get(key);
    if (!event) return this.#index.get(key);
    return event.type === 'put' ? event.entry : undefined;
  }

  list(prefix: string, options: ListOptions = {}): ListResult {
    return listAt({ index: this.#index, history: this.#history }, prefix, options);
  }

  count(prefix: string): number {
    return this.#index.range({ prefix, limit: 0 }).total;
  }

  put(key: string, encode: Encode, condition: WriteCondition = {}): Promise<StoredEntry> {
    return this.#write({ type: 'put', key, encode, condition });
  }

  delete(key: string, encode: Encode, condition: WriteCondition = {}): Promise<StoredEntry> {
    return this.#write({ type: 'delete', key, encode, condition });
  }

  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch {
    if (!this.#running) throw new StoreStoppedError();
    const missed = this.#history
      .after(afterRevision)
      .filter((event) => event.entry.key.startsWith(prefix));
    return this.#hub.watch(prefix, sink, missed);
  }

  async compact(revision: number): Promise<void> {
    if (!this.#running) throw new StoreStoppedError();
    if (revision > this.revision) throw new RevisionFutureError(revision, this.revision);
    if (revision <= this.compactedRevision) return;
    await new Promise<void>((resolve, reject) => {
      this.#queue.add({ kind: 'compaction', revision, resolve, reject });
    });
  }

  check(): void {
    checkState({
      index: this.#index,
      events: this.#history.events(),
      head: this.#head,
      pending: this.#pending,
      committing: this.#committing,
      stored: this.#running ? this.#engine.read() : undefined,
    });
  }

  async #stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await this.#queue.idle();
    this.#hub.end();
    await this.#engine.close();
  }

  settled(key: string): Promise<void> {
    const event = this.#pending.get(key);
    if (!event) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(event);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(event, [resolve]);
    });
  }

  // Asynchronous only to reject instead of throwing: runs to the queue without a pause.
  async #write(request: WriteRequest): Promise<StoredEntry> {
    const event = this.#decide(request);
    this.#assignedRevision = event.entry.revision;
    this.#pending.set(request.key, event);
    return new Promise((resolve, reject) => {
      this.#queue.add({ kind: 'write', event, resolve, reject });
    });
  }

  #decide({ type, key, encode, condition: { ifRevision } }: WriteRequest): StoreEvent {
    if (!this.#running) throw new StoreStoppedError();
    assertKey(key);
    const previous = this.getLatest(key);
    if (type === 'delete' && !previous) throw new KeyNotFoundError(`${key} does not exist`);
    if (ifRevision !== undefined && ifRevision !== (previous?.revision ?? 0)) {
      throw new RevisionMismatchError(key, previous);
    }
    const revision = this.#assignedRevision + 1;
    const value = encode(revision);
    assert(this.#assignedRevision === revision - 1, 'an encode function must not write');
    const createRevision = previous?.createRevision ?? revision;
    return { type, entry: { key, value, revision, createRevision }, previous };
  }

  async #commit(items: readonly Item[]): Promise<void> {
    this.#committing = planCommit({
      head: this.#head,
      history: this.#history,
      historyLimit: this.#historyLimit,
      events: items.flatMap((item) => (item.kind === 'write' ? [item.event] : [])),
      compactRevision: items.reduce(newestCompaction, 0),
    });
    await this.#engine.commit(this.#committing);
  }

  #publish(items: readonly Item[]): void {
    const { after, appended: events } = present(this.#committing, 'the committed group');
    this.#committing = undefined;
    this.#head = after;
    for (const event of events) this.#apply(event);
    this.#history.append(events);
    this.#history.forget(after.compactedRevision);
    this.#hub.publish(events);
    for (const item of items) {
      if (item.kind === 'write') item.resolve(item.event.entry);
      else item.resolve();
    }
  }

  #apply(event: StoreEvent): void {
    const { key } = event.entry;
    if (event.type === 'put') this.#index.set(event.entry);
    else this.#index.delete(key);
    if (this.#pending.get(key) === event) this.#pending.delete(key);
    for (const resolve of this.#waiting.get(event) ?? []) resolve();
    this.#waiting.delete(event);
  }

  #fail(lost: readonly Item[], cause: unknown): void {
    this.#committing = undefined;
    this.#pending.clear();
    for (const waiting of this.#waiting.values()) for (const resolve of waiting) resolve();
    this.#waiting.clear();
    const error = new StoreWriteError(cause);
    for (const item of lost) item.reject(error);
  }
}

function newestCompaction(revision: number, item: Item): number {
  return item.kind === 'compaction' ? Math.max(revision, item.revision) : revision;
}

function assertKey(key: string): void {
  if (key === '') throw new StoreKeyError('it is empty');
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new StoreKeyError(`it is longer than ${KEY_BYTES_MAX} bytes`);
  }
  // Lone surrogates have no UTF-8 form: two such keys could become one.
  if (/\p{Surrogate}/u.test(key)) throw new StoreKeyError('it is not well-formed Unicode');
}
