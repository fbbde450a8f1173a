// For tests: what every store must do when it is written to and read. Part of store-conformance.ts.
import { expect, test } from 'vitest';
import type { Store } from '../store.ts';
import type { OpenStore } from './store-under-test.ts';
import { text } from './recording-sink.ts';

/** What writes do. */
export function writeTests(open: OpenStore): void {
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
}

/** What conditional writes do. */
export function conditionTests(open: OpenStore): void {
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
}

/** What can be stored. */
export function limitTests(open: OpenStore): void {
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

/** What lists show, now and in the past. */
export function listTests(open: OpenStore): void {
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

function entryTexts(store: Store, ...list: Parameters<Store['list']>): string[] {
  return store.list(...list).entries.map(({ key, value }) => `${key}=${value.toString()}`);
}
