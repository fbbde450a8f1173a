// For tests: what every store must do, as one suite to run on each engine.
import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../base/logger.ts';
import { silentLogger } from '../../base/logger.ts';
import { conformsToModel } from './store-model.ts';
import { recordingSink } from './recording-sink.ts';
import type { Store } from '../store.ts';

export interface StoreFactory {
  name: string;
  /** Makes a store on fresh, empty ground. */
  create(options: { historyLimit?: number; logger?: Logger }): StoreUnderTest;
  /** Random histories to try against the model. */
  modelRuns: number;
}

export interface StoreUnderTest {
  store: Store;
  /** Stops the store and starts another on the same ground; absent: it has none. */
  reopen?: () => Promise<Store>;
  /** Removes what is left; the store is stopped already. */
  dispose: () => Promise<void>;
}

/** Bytes of a text, for any revision. */
function text(value: string): () => Buffer {
  return () => Buffer.from(value);
}

function entryTexts(store: Store, ...list: Parameters<Store['list']>): string[] {
  return store.list(...list).entries.map(({ key, value }) => `${key}=${value.toString()}`);
}

/** Declares the suite for one kind of store. Every test ends with `check()`. */
export function storeConformance(factory: StoreFactory): void {
  describe(factory.name, () => {
    const open = useStores(factory);
    describe('writes', () => writeTests(open));
    describe('lists', () => listTests(open));
    describe('watches', () => watchTests(open));
    describe('compaction', () => compactionTests(open));
    describe('life cycle', () => lifeCycleTests(open));
    test(`behaves as the model in ${factory.modelRuns} random histories`, async () => {
      await conformsToModel(factory);
    });
  });
}

type OpenStore = (options?: { historyLimit?: number; logger?: Logger }) => Promise<StoreUnderTest>;

function useStores(factory: StoreFactory): OpenStore {
  const opened: StoreUnderTest[] = [];
  afterEach(async () => {
    for (const underTest of opened.splice(0)) {
      underTest.store.check();
      await underTest.store.stop();
      await underTest.dispose();
    }
  });
  return async (options = {}) => {
    const underTest = factory.create(options);
    opened.push(underTest);
    await underTest.store.start();
    return underTest;
  };
}

function writeTests(open: OpenStore): void {
  test('put() resolves with the entry, which get() then returns', async () => {
    const { store } = await open();
    expect(store.revision).toBe(0);
    const made = await store.put('/a', (revision) => Buffer.from(`at ${revision}`));
    expect(made).toEqual({ key: '/a', value: Buffer.from('at 1'), revision: 1, createRevision: 1 });
    const changed = await store.put('/a', text('b'));
    expect(changed).toMatchObject({ revision: 2, createRevision: 1 });
    expect(store.get('/a')).toEqual(changed);
    expect(store.revision).toBe(2);
    expect(store.get('/')).toBeUndefined();
  });

  test('reads see a write only once it is published; getLatest() sees it at once', async () => {
    const { store } = await open();
    const writing = store.put('/a', text('1'));
    expect(store.get('/a')).toBeUndefined();
    expect(store.list('/').entries).toEqual([]);
    expect(store.revision).toBe(0);
    expect(store.getLatest('/a')?.value.toString()).toBe('1');
    await writing;
    expect(store.get('/a')).toBe(store.getLatest('/a'));
    const deleting = store.delete('/a', text('gone'));
    expect(store.get('/a')).toBeDefined();
    expect(store.getLatest('/a')).toBeUndefined();
    await deleting;
    expect(store.get('/a')).toBeUndefined();
  });

  test('encode is called before put() returns; if it throws, nothing is written', async () => {
    const { store } = await open();
    const failed = store.put('/a', () => {
      throw new Error('no bytes');
    });
    await expect(failed).rejects.toThrow('no bytes');
    expect(store.getLatest('/a')).toBeUndefined();
    expect((await store.put('/b', text('1'))).revision).toBe(1);
  });

  test('ifRevision compares with the newest state, pending writes included', async () => {
    const { store } = await open();
    const first = store.put('/a', text('1'), { ifRevision: 0 });
    await expect(store.put('/a', text('2'), { ifRevision: 0 })).rejects.toMatchObject({
      name: 'RevisionMismatchError',
      latest: { revision: 1 },
    });
    const second = store.put('/a', text('2'), { ifRevision: 1 });
    await expect(store.delete('/a', text('x'), { ifRevision: 1 })).rejects.toMatchObject({
      name: 'RevisionMismatchError',
      latest: { revision: 2 },
    });
    const gone = store.delete('/a', text('x'), { ifRevision: 2 });
    const again = store.put('/a', text('3'), { ifRevision: 0 });
    await Promise.all([first, second, gone, again]);
    expect(store.get('/a')).toMatchObject({ revision: 4, createRevision: 4 });
    await expect(store.put('/b', text('1'), { ifRevision: 4 })).rejects.toMatchObject({
      latest: undefined,
    });
  });

  test('delete() resolves with the tombstone; of an absent key it rejects', async () => {
    const { store } = await open();
    await store.put('/a', text('1'));
    const tombstone = await store.delete('/a', (revision) => Buffer.from(`gone at ${revision}`));
    expect(tombstone).toEqual({
      key: '/a',
      value: Buffer.from('gone at 2'),
      revision: 2,
      createRevision: 1,
    });
    const notFound = { name: 'KeyNotFoundError' };
    await expect(store.delete('/a', text('x'))).rejects.toMatchObject(notFound);
    const conditional = store.delete('/a', text('x'), { ifRevision: 1 });
    await expect(conditional).rejects.toMatchObject(notFound);
    expect(store.revision).toBe(2);
  });

  test('concurrent writers that compare and swap lose no increment', async () => {
    const { store } = await open();
    await store.put('/n', text('0'));
    const increment = async () => {
      for (;;) {
        const entry = store.getLatest('/n')!;
        const value = String(Number(entry.value) + 1);
        try {
          return await store.put('/n', text(value), { ifRevision: entry.revision });
        } catch {
          await Promise.resolve();
        }
      }
    };
    await Promise.all(Array.from({ length: 50 }, increment));
    expect(store.get('/n')?.value.toString()).toBe('50');
  });

  test('keys that are empty, too long or not Unicode are refused', async () => {
    const { store } = await open();
    const refused = { code: 'ORD_STORE_KEY' };
    await expect(store.put('', text('1'))).rejects.toMatchObject(refused);
    await expect(store.put('ä'.repeat(513), text('1'))).rejects.toMatchObject(refused);
    await expect(store.put('/\ud800', text('1'))).rejects.toMatchObject(refused);
    await store.put('ä'.repeat(512), text('1'));
    expect(store.count('ä')).toBe(1);
  });

  test('values may be empty and large', async () => {
    const { store, reopen } = await open();
    const large = Buffer.alloc(3_000_000, 'x');
    await Promise.all([store.put('/empty', text('')), store.put('/large', () => large)]);
    const after = (await reopen?.()) ?? store;
    expect(after.get('/empty')?.value.length).toBe(0);
    expect(after.get('/large')?.value.equals(large)).toBe(true);
  });
}

function listTests(open: OpenStore): void {
  const seed = async (store: Store, ...keys: string[]) => {
    await Promise.all(keys.map((key) => store.put(key, text(key.slice(-1)))));
  };

  test('list() returns the keys under a prefix, in order', async () => {
    const { store } = await open();
    await seed(store, '/b/2', '/a/9', '/b/10', '/b', '/c/1', '/b/\u{1f600}', '/b/\uffee');
    const keys = store.list('/b/').entries.map(({ key }) => key);
    expect(keys).toEqual(['/b/10', '/b/2', '/b/\u{1f600}', '/b/\uffee']);
    expect(store.list('').entries.length).toBe(7);
    expect(store.list('/x').entries).toEqual([]);
    expect(store.count('/b')).toBe(5);
    expect(store.count('/x')).toBe(0);
  });

  test('limit and after cut a list into pages; remaining counts what is left', async () => {
    const { store } = await open();
    await seed(store, '/a/1', '/a/2', '/a/3', '/a/4', '/b/5');
    expect(store.list('/a/', { limit: 2 })).toMatchObject({
      entries: [{ key: '/a/1' }, { key: '/a/2' }],
      remaining: 2,
      revision: 5,
    });
    const second = store.list('/a/', { limit: 2, after: '/a/2' });
    expect(second).toMatchObject({ entries: [{ key: '/a/3' }, { key: '/a/4' }], remaining: 0 });
    expect(store.list('/a/', { after: '/a/4' })).toMatchObject({ entries: [], remaining: 0 });
    expect(store.list('/a/', { after: '/b' })).toMatchObject({ entries: [], remaining: 0 });
    expect(store.list('/a/', { after: '/' }).entries.length).toBe(4);
    expect(store.list('/a/', { limit: 0 }).entries.length).toBe(4);
  });

  test('list({ revision }) shows the state as it was', async () => {
    const { store, reopen } = await open();
    await seed(store, '/a', '/b', '/c');
    await store.put('/b', text('B'));
    await store.delete('/a', text('x'));
    await store.put('/aa', text('new'));
    await store.put('/a', text('A'));
    const expectOld = (state: Store) => {
      expect(entryTexts(state, '/', { revision: 3 })).toEqual(['/a=a', '/b=b', '/c=c']);
      expect(entryTexts(state, '/', { revision: 4 })).toEqual(['/a=a', '/b=B', '/c=c']);
      expect(entryTexts(state, '/', { revision: 5 })).toEqual(['/b=B', '/c=c']);
      expect(entryTexts(state, '/', { revision: 0 })).toEqual([]);
      const page = state.list('/', { revision: 3, limit: 1, after: '/a' });
      expect(page).toMatchObject({ entries: [{ key: '/b' }], remaining: 1, revision: 3 });
      expect(state.list('/', { revision: 5, limit: 1 })).toMatchObject({ remaining: 1 });
    };
    expectOld(store);
    if (reopen) expectOld(await reopen());
  });

  test('list() of a revision that is not there yet throws', async () => {
    const { store } = await open();
    await seed(store, '/a');
    expect(() => store.list('/', { revision: 2 })).toThrow(
      expect.objectContaining({ name: 'RevisionFutureError', currentRevision: 1 }),
    );
  });
}

function watchTests(open: OpenStore): void {
  test('a watch gets the history after its revision, then what follows, per commit', async () => {
    const { store } = await open();
    await store.put('/a/1', text('1'));
    await store.put('/a/2', text('2'));
    await store.put('/b/1', text('3'));
    const sink = recordingSink();
    store.watch('/a/', 1, sink);
    expect(sink.groups).toEqual([['put /a/2@2 2']]);
    const writes = [store.put('/a/1', text('4')), store.delete('/a/1', text('5'))];
    await Promise.all([...writes, store.put('/c', text('6'))]);
    await store.put('/a/1', text('7'));
    expect(sink.groups.slice(1)).toEqual([
      ['put /a/1@4 4 was @1 1', 'delete /a/1@5 5 was @4 4'],
      ['put /a/1@7 7'],
    ]);
  });

  test('events arrive before the writer goes on, and find the state they tell of', async () => {
    const { store } = await open();
    const seen: (string | undefined)[] = [];
    store.watch('/', 0, {
      events: (events) => {
        for (const { entry } of events) seen.push(store.get(entry.key)?.value.toString());
      },
      end: () => {},
    });
    const writing = store.put('/a', text('1')).then(() => seen.push('writer'));
    expect(seen).toEqual([]);
    await writing;
    expect(seen).toEqual(['1', 'writer']);
  });

  test('stop() ends a watch at once, also from within its sink', async () => {
    const { store } = await open();
    const sink = recordingSink();
    const other = recordingSink();
    const watch = store.watch('/', 0, {
      ...sink,
      events: (events) => {
        sink.events(events);
        watch.stop();
        otherWatch.stop();
      },
    });
    const otherWatch = store.watch('/', 0, other);
    await store.put('/a', text('1'));
    await store.put('/a', text('2'));
    expect(sink.groups.length).toBe(1);
    expect(other.groups.length).toBe(0);
    expect([...sink.ends, ...other.ends]).toEqual([]);
  });

  test('a watch that a sink starts misses and repeats nothing', async () => {
    const { store } = await open();
    const late = recordingSink();
    const watch = store.watch('/', 0, {
      events: () => {
        watch.stop();
        store.watch('/', 0, late);
      },
      end: () => {},
    });
    await store.put('/a', text('1'));
    await store.put('/a', text('2'));
    expect(late.groups).toEqual([['put /a@1 1'], ['put /a@2 2 was @1 1']]);
  });

  test('a sink may write', async () => {
    const { store } = await open();
    const sink = recordingSink();
    let copied: Promise<unknown> | undefined;
    store.watch('/from', 0, {
      events: () => void (copied = store.put('/to', text('copy'))),
      end: () => {},
    });
    store.watch('/to', 0, sink);
    await store.put('/from', text('1'));
    await copied;
    expect(sink.groups).toEqual([['put /to@2 copy']]);
  });

  test('a sink that throws is logged and ended; others go on', async () => {
    const errors: unknown[] = [];
    const logger = { ...silentLogger, error: (...line: unknown[]) => void errors.push(line) };
    const { store } = await open({ logger });
    const [bad, good] = [recordingSink(), recordingSink()];
    const failure = new Error('sink failed');
    const fail = () => {
      throw failure;
    };
    store.watch('/', 0, { ...bad, events: fail });
    store.watch('/', 0, { events: fail, end: fail });
    store.watch('/', 0, good);
    await store.put('/a', text('1'));
    await store.put('/a', text('2'));
    expect(bad.ends).toEqual([failure]);
    expect(good.groups.length).toBe(2);
    expect(errors.length).toBe(3);
    store.watch('/', 0, { ...bad, events: fail });
    expect(bad.ends).toEqual([failure, failure]);
  });

  test('a thousand watches each get their own events only', async () => {
    const { store } = await open();
    const sinks = Array.from({ length: 1000 }, recordingSink);
    for (const [number, sink] of sinks.entries()) store.watch(`/ns-${number}/`, 0, sink);
    await Promise.all(sinks.map((_, number) => store.put(`/ns-${number}/pod`, text('1'))));
    for (const [number, sink] of sinks.entries()) {
      expect(sink.groups).toEqual([[`put /ns-${number}/pod@${number + 1} 1`]]);
    }
  });

  test('watch() of a revision that is not there yet throws', async () => {
    const { store } = await open();
    expect(() => store.watch('/', 1, recordingSink())).toThrow(
      expect.objectContaining({ name: 'RevisionFutureError' }),
    );
  });
}

function compactionTests(open: OpenStore): void {
  const tooOld = expect.objectContaining({ name: 'RevisionCompactedError' });

  test('compact() forgets older revisions and keeps the rest', async () => {
    const { store, reopen } = await open();
    for (const value of ['1', '2', '3']) await store.put('/a', text(value));
    await store.delete('/a', text('x'));
    await store.put('/b', text('5'));
    await store.compact(3);
    const expectCompacted = (state: Store) => {
      expect(state.compactedRevision).toBe(3);
      expect(() => state.list('/', { revision: 2 })).toThrow(tooOld);
      expect(() => state.watch('/', 2, recordingSink())).toThrow(tooOld);
      expect(entryTexts(state, '/', { revision: 3 })).toEqual(['/a=3']);
      const sink = recordingSink();
      state.watch('/', 3, sink);
      expect(sink.groups).toEqual([['delete /a@4 x was @3 3', 'put /b@5 5']]);
      state.check();
    };
    expectCompacted(store);
    if (reopen) expectCompacted(await reopen());
  });

  test('compact() up to the newest revision leaves no history', async () => {
    const { store, reopen } = await open();
    await store.put('/a', text('1'));
    await store.delete('/a', text('2'));
    await store.compact(2);
    expect(store.list('/', { revision: 2 }).entries).toEqual([]);
    const after = (await reopen?.()) ?? store;
    expect(after.revision).toBe(2);
    expect((await after.put('/a', text('3'))).revision).toBe(3);
  });

  test('compact() again does nothing; beyond the newest revision it rejects', async () => {
    const { store } = await open();
    await store.put('/a', text('1'));
    await store.compact(1);
    await store.compact(0);
    await store.compact(1);
    expect(store.compactedRevision).toBe(1);
    await expect(store.compact(2)).rejects.toMatchObject({ name: 'RevisionFutureError' });
  });

  test('the history is cut at its limit, while watches lose nothing', async () => {
    const { store, reopen } = await open({ historyLimit: 3 });
    const sink = recordingSink();
    store.watch('/', 0, sink);
    const keys = Array.from({ length: 10 }, (_, number) => `/k${number % 4}`);
    await Promise.all(keys.map((key) => store.put(key, text('1'))));
    expect(sink.groups.flat().length).toBe(10);
    expect(store.compactedRevision).toBe(7);
    store.check();
    await store.delete('/k0', text('x'));
    expect(store.compactedRevision).toBe(8);
    expect(store.list('/', { revision: 8 }).entries.length).toBe(4);
    expect(() => store.list('/', { revision: 7 })).toThrow(tooOld);
    const after = (await reopen?.()) ?? store;
    expect(after.compactedRevision).toBe(8);
    expect(after.count('/')).toBe(3);
  });

  test('a history limit of 0 keeps the newest state only', async () => {
    const { store } = await open({ historyLimit: 0 });
    await Promise.all([store.put('/a', text('1')), store.put('/a', text('2'))]);
    await Promise.all([store.delete('/a', text('3')), store.put('/b', text('4'))]);
    expect(store.compactedRevision).toBe(4);
    expect(entryTexts(store, '/')).toEqual(['/b=4']);
  });
}

function lifeCycleTests(open: OpenStore): void {
  const stopped = { code: 'ORD_STORE_STOPPED' };

  test('stop() publishes what is pending, ends the watches, then refuses writes', async () => {
    const { store } = await open();
    const sink = recordingSink();
    store.watch('/', 0, sink);
    const writing = store.put('/a', text('1'));
    await Promise.all([store.stop(), store.stop()]);
    await writing;
    expect(sink).toMatchObject({ groups: [['put /a@1 1']], ends: [undefined] });
    expect(store.get('/a')).toBeDefined();
    await expect(store.put('/a', text('2'))).rejects.toMatchObject(stopped);
    await expect(store.compact(1)).rejects.toMatchObject(stopped);
    expect(() => store.watch('/', 1, sink)).toThrow(expect.objectContaining(stopped));
  });

  test('writes before start() are refused', async () => {
    const { store } = await open();
    await store.stop();
    await expect(store.delete('/a', text('1'))).rejects.toMatchObject(stopped);
  });
}
