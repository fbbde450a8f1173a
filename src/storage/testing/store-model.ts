// For tests: random histories, run on a store and on the simplest model of one (a log of all
// events, from which everything is computed anew), which must agree.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { StoreFactory, StoreUnderTest } from './store-under-test.ts';
import type { RecordingSink } from './recording-sink.ts';
import { eventText, recordingSink } from './recording-sink.ts';
import type { StoredEntry, StoreEvent, Watch } from '../store.ts';

const KEYS = ['/a', '/a/b', '/a/c', '/b/', '/b/x', '/b/y', '/\u{1f600}', '/\uffee', 'c'];
const PREFIXES = ['', '/', '/a', '/a/', '/b/x', '/\u{1f600}', 'd'];

/** `at` chooses a revision between the oldest and the newest that can be read, in thousandths. */
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
    key: fc.constantFrom(...KEYS),
    condition: fc.constantFrom('none', 'none', 'absent', 'newest', 'stale'),
    bytes: fc.constantFrom(0, 10, 5000),
  }),
  fc.record({
    do: fc.constant('list' as const),
    prefix: fc.constantFrom(...PREFIXES),
    at: fc.option(fc.nat(1000), { nil: undefined }),
    after: fc.option(fc.constantFrom(...KEYS), { nil: undefined }),
    limit: fc.option(fc.nat(4), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('watch' as const),
    prefix: fc.constantFrom(...PREFIXES),
    at: fc.nat(1000),
  }),
  fc.record({ do: fc.constant('unwatch' as const) }),
  fc.record({ do: fc.constant('settle' as const) }),
  fc.record({ do: fc.constant('turn' as const) }),
  fc.record({ do: fc.constant('compact' as const), at: fc.nat(1000) }),
  fc.record({ do: fc.constant('reopen' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type StepOf<Kind extends Step['do']> = Extract<Step, { do: Kind }>;

interface WatchedPrefix {
  prefix: string;
  after: number;
  sink: RecordingSink;
  watch: Watch;
}

/** Runs random histories; throws with the seed and the shortest failing one if they differ. */
export async function conformsToModel(factory: StoreFactory): Promise<void> {
  const history = fc.record({
    historyLimit: fc.constantFrom(0, 1, 5, 20, 10_000),
    steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
  });
  const property = fc.asyncProperty(history, async ({ historyLimit, steps }) => {
    const underTest = factory.create({ historyLimit });
    await underTest.store.start();
    const run = new ModelRun(underTest, historyLimit);
    try {
      for (const next of steps) await run.take(next);
      await run.settle();
    } finally {
      await underTest.store.stop();
      await underTest.dispose();
    }
  });
  await fc.assert(property, { numRuns: factory.modelRuns });
}

class ModelRun {
  readonly #underTest: StoreUnderTest;
  readonly #historyLimit: number;
  /** All events that were ever written, published or not. */
  readonly #log: StoreEvent[] = [];
  /** Newest explicit compaction. */
  #compacted = 0;
  #outstanding: Promise<unknown>[] = [];
  #watches: WatchedPrefix[] = [];

  constructor(underTest: StoreUnderTest, historyLimit: number) {
    this.#underTest = underTest;
    this.#historyLimit = historyLimit;
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'put':
      case 'delete':
        return this.#write(next);
      case 'list':
        return this.#list(next);
      case 'watch':
        return this.#watch(next);
      case 'unwatch':
        return this.#unwatch();
      case 'compact':
        return this.#compact(this.#revisionAt(next.at));
      case 'turn':
        return new Promise((resolve) => setImmediate(resolve));
      case 'settle':
        return this.settle();
      case 'reopen':
        return this.#reopen();
    }
  }

  /** Waits for all writes; then everything must be as the log says. */
  async settle(): Promise<void> {
    await Promise.all(this.#outstanding.splice(0));
    const { store } = this.#underTest;
    const cut = this.#log.at(-1 - this.#historyLimit)?.entry.revision ?? 0;
    expect(store.revision).toBe(this.#log.at(-1)?.entry.revision ?? 0);
    expect(store.compactedRevision).toBe(Math.max(this.#compacted, cut));
    expect(store.list('').entries.map(entryText)).toEqual(this.#stateAt(Infinity).map(entryText));
    for (const watched of this.#watches) this.#expectSeen(watched);
    store.check();
  }

  #write({ do: type, key, condition, bytes }: StepOf<'put' | 'delete'>): void {
    const { store } = this.#underTest;
    const previous = this.#stateAt(Infinity).find((entry) => entry.key === key);
    expect(entryText(store.getLatest(key))).toBe(entryText(previous));
    const newest = previous?.revision ?? 0;
    const ifRevision = { none: undefined, absent: 0, newest, stale: newest + 1 }[condition];
    const value = Buffer.alloc(bytes, `${this.#log.length}/`);
    const options = ifRevision === undefined ? {} : { ifRevision };
    const writing = store[type](key, () => value, options);
    if (type === 'delete' && !previous) {
      this.#outstanding.push(expect(writing).rejects.toThrow(/does not exist/));
    } else if (ifRevision !== undefined && ifRevision !== newest) {
      this.#outstanding.push(expect(writing).rejects.toThrow(`is ${newest}`));
    } else {
      const revision = (this.#log.at(-1)?.entry.revision ?? 0) + 1;
      const createRevision = previous?.createRevision ?? revision;
      const entry = { key, value, revision, createRevision };
      this.#log.push({ type, entry, previous });
      this.#outstanding.push(expect(writing.then(entryText)).resolves.toBe(entryText(entry)));
    }
  }

  #list({ prefix, at, after, limit }: StepOf<'list'>): void {
    const { store } = this.#underTest;
    const revision = at === undefined ? store.revision : this.#revisionAt(at);
    const all = this.#stateAt(revision).filter(
      ({ key }) => key.startsWith(prefix) && (after === undefined || key > after),
    );
    const entries = all.slice(0, limit || Infinity);
    const options = {
      ...(at === undefined ? {} : { revision }),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit }),
    };
    const remaining = all.length - entries.length;
    const listed = store.list(prefix, options);
    expect(listed.entries.map(entryText)).toEqual(entries.map(entryText));
    expect(listed).toMatchObject({ revision, remaining });
    const published = this.#stateAt(store.revision).filter(({ key }) => key.startsWith(prefix));
    expect(store.count(prefix)).toBe(published.length);
  }

  #watch({ prefix, at }: StepOf<'watch'>): void {
    const after = this.#revisionAt(at);
    const sink = recordingSink();
    const watch = this.#underTest.store.watch(prefix, after, sink);
    const watched = { prefix, after, sink, watch };
    this.#watches.push(watched);
    this.#expectSeen(watched);
  }

  #unwatch(): void {
    const watched = this.#watches.shift();
    if (!watched) return;
    watched.watch.stop();
    this.#expectSeen(watched);
  }

  #compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
    this.#outstanding.push(this.#underTest.store.compact(revision));
  }

  async #reopen(): Promise<void> {
    await this.settle();
    if (!this.#underTest.reopen) return;
    await this.#underTest.reopen();
    for (const { sink } of this.#watches.splice(0)) expect(sink.ends).toEqual([undefined]);
    await this.settle();
  }

  /** A watch has seen exactly the published events after its revision, no matter when it began. */
  #expectSeen({ prefix, after, sink }: WatchedPrefix): void {
    const published = this.#underTest.store.revision;
    const expected = this.#log.filter(
      ({ entry: { key, revision } }) =>
        key.startsWith(prefix) && revision > after && revision <= published,
    );
    expect(sink.groups.flat()).toEqual(expected.map(eventText));
  }

  #revisionAt(thousandths: number): number {
    const { revision, compactedRevision } = this.#underTest.store;
    return compactedRevision + Math.round(((revision - compactedRevision) * thousandths) / 1000);
  }

  #stateAt(revision: number): StoredEntry[] {
    const state = new Map<string, StoredEntry>();
    for (const { type, entry } of this.#log) {
      if (entry.revision > revision) break;
      if (type === 'put') state.set(entry.key, entry);
      else state.delete(entry.key);
    }
    return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

/** Compared instead of entries: comparing buffers is slow. */
function entryText(entry: StoredEntry | undefined): string {
  if (!entry) return 'none';
  return `${entry.key}@${entry.createRevision}-${entry.revision} ${entry.value.toString()}`;
}
