// What stores do when their engine refuses, and whether their own check() notices what is wrong.
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryEngine } from './memory-store.ts';
import { RevisionedStore } from './revisioned-store.ts';
import type { StoreContents, StoreEngine } from './store-engine.ts';
import { recordingSink, text } from './testing/recording-sink.ts';

const refused = { name: 'StoreWriteError', code: 'ORD_STORE_WRITE' };

/** A memory engine that waits for orders: each commit is released, or refused, by the test. */
function orderedEngine(contents?: StoreContents) {
  const orders: { commit: () => void; refuse: (error: Error) => void }[] = [];
  const sizes: number[] = [];
  const engine: StoreEngine = {
    ...createMemoryEngine(),
    commit: (group) =>
      new Promise((commit, refuse) => {
        sizes.push(group.appended.length);
        orders.push({ commit, refuse });
      }),
    ...(contents ? { open: async () => contents } : {}),
  };
  /** The next commit of the store, once it comes. */
  const nextOrder = async () => {
    while (orders.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return orders.shift()!;
  };
  return { engine, nextOrder, sizes };
}

const stores: RevisionedStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.check();
});

async function open(historyLimit = 100) {
  const ordered = orderedEngine();
  const store = new RevisionedStore({ engine: ordered.engine, historyLimit });
  stores.push(store);
  await store.start();
  return { store, ...ordered };
}

describe('settled', () => {
  test('waits for the pending write of the key, and for no other', async () => {
    const { store, nextOrder } = await open();
    const write = store.put('/a', text('a'));
    let isSettled = false;
    const settled = store.settled('/a').then(() => (isSettled = true));
    await store.settled('/b');
    const order = await nextOrder();
    expect(isSettled).toBe(false);
    order.commit();
    await Promise.all([write, settled]);
    expect(store.get('/a')?.value.toString()).toBe('a');
    await store.settled('/a');
  });

  test('ends when the write fails', async () => {
    const { store, nextOrder } = await open();
    const write = expect(store.put('/a', text('a'))).rejects.toMatchObject(refused);
    const settled = store.settled('/a');
    (await nextOrder()).refuse(new Error('disk full'));
    await Promise.all([write, settled]);
    expect(store.getLatest('/a')).toBeUndefined();
  });
});

describe('group commit', () => {
  test('writes of one turn are one group; those of its commit are the next', async () => {
    const { store, nextOrder, sizes } = await open();
    const first = [1, 2, 3].map((number) => store.put(`/${number}`, text('a')));
    const order = await nextOrder();
    const second = [1, 2].map((number) => store.put(`/${number}`, text('b')));
    expect(sizes).toEqual([3]);
    order.commit();
    await Promise.all(first);
    expect(store.get('/1')?.value.toString()).toBe('a');
    expect(store.getLatest('/1')?.value.toString()).toBe('b');
    (await nextOrder()).commit();
    await Promise.all(second);
    expect(sizes).toEqual([3, 2]);
    expect(store.get('/1')?.value.toString()).toBe('b');
  });

  test('nothing is published before the engine says it is durable', async () => {
    const { store, nextOrder } = await open();
    const sink = recordingSink();
    store.watch('', 0, sink);
    const writing = store.put('/a', text('1'));
    const order = await nextOrder();
    expect([store.revision, store.count(''), sink.groups]).toEqual([0, 0, []]);
    store.check();
    order.commit();
    await writing;
    expect([store.revision, store.count(''), sink.groups.length]).toEqual([1, 1, 1]);
  });
});

describe('an engine that refuses', () => {
  test('loses its group and all writes that wait behind it', async () => {
    const { store, nextOrder } = await open();
    const sink = recordingSink();
    store.watch('', 0, sink);
    const kept = store.put('/a', text('kept'));
    (await nextOrder()).commit();
    await kept;

    const lost = [store.put('/a', text('lost')), store.put('/b', text('lost'))];
    const order = await nextOrder();
    lost.push(store.delete('/a', text('lost'), { ifRevision: 2 }));
    const compacting = store.compact(1);
    order.refuse(new Error('disk full'));
    for (const write of lost) await expect(write).rejects.toMatchObject(refused);
    await expect(compacting).rejects.toMatchObject(refused);
    await expect(lost[0]).rejects.toThrow('the store could not write: disk full');

    expect(store.getLatest('/a')).toBe(store.get('/a'));
    expect(store.get('/a')?.value.toString()).toBe('kept');
    expect(store.getLatest('/b')).toBeUndefined();
    expect([store.revision, store.compactedRevision]).toEqual([1, 0]);
    expect(sink.groups).toEqual([['put /a@1 kept']]);
    store.check();
  });

  test('may take later writes, which get new revisions', async () => {
    const { store, nextOrder } = await open();
    const sink = recordingSink();
    store.watch('', 0, sink);
    const lost = store.put('/a', text('lost'), { ifRevision: 0 });
    (await nextOrder()).refuse(new Error('disk full'));
    await expect(lost).rejects.toMatchObject(refused);
    const kept = store.put('/a', text('kept'), { ifRevision: 0 });
    (await nextOrder()).commit();
    expect(await kept).toMatchObject({ revision: 2, createRevision: 2 });
    expect(sink.groups).toEqual([['put /a@2 kept']]);
    expect(store.list('', { revision: 1 }).entries).toEqual([]);
  });

  test('does not lose its history to a compaction that failed', async () => {
    const { store, nextOrder } = await open(1);
    for (const value of ['1', '2']) {
      const writing = store.put('/a', text(value));
      (await nextOrder()).commit();
      await writing;
    }
    const lost = store.put('/a', text('3'));
    (await nextOrder()).refuse(new Error('disk full'));
    await expect(lost).rejects.toMatchObject(refused);
    expect(store.compactedRevision).toBe(1);
    expect(store.list('', { revision: 1 }).entries[0]?.value.toString()).toBe('1');
  });

  test('does not keep stop() from ending', async () => {
    const { store, nextOrder } = await open();
    const lost = expect(store.put('/a', text('1'))).rejects.toMatchObject(refused);
    const stopping = store.stop();
    (await nextOrder()).refuse(new Error('disk full'));
    await Promise.all([lost, stopping]);
  });
});

describe('check()', () => {
  const corrupt = expect.objectContaining({ code: 'ORD_STORE_CORRUPT' });

  async function openWith(read: () => StoreContents): Promise<RevisionedStore> {
    const store = new RevisionedStore({ engine: { ...createMemoryEngine(), read } });
    await store.start();
    await store.put('/a', text('1'));
    return store;
  }

  const head = { revision: 1, compactedRevision: 0, recordCount: 1 };
  const entry = { key: '/a', value: Buffer.from('1'), revision: 1, createRevision: 1 };
  const record = { type: 'put' as const, entry };

  test('passes when memory and disk are alike', async () => {
    (await openWith(() => ({ head, records: [record] }))).check();
  });

  test.each<[string, StoreContents]>([
    ['the revision', { head: { ...head, revision: 2 }, records: [record] }],
    ['the number of records', { head, records: [] }],
    ['a value', { head, records: [{ ...record, entry: { ...entry, value: Buffer.from('2') } }] }],
    ['a key', { head, records: [{ ...record, entry: { ...entry, key: '/b' } }] }],
    ['a kind of write', { head, records: [{ ...record, type: 'delete' }] }],
  ])('notices that the disk differs in %s', async (_, contents) => {
    const store = await openWith(() => contents);
    expect(() => store.check()).toThrow(corrupt);
  });
});
