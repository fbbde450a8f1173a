// For tests: what every store must do with its history. Part of store-conformance.ts.
import { expect, test } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import type { Store } from '../store.ts';
import type { OpenStore } from './store-under-test.ts';
import { recordingSink, text } from './recording-sink.ts';

/** What watches get, and when. */
export function watchTests(open: OpenStore): void {
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

/** What sinks may do. */
export function sinkTests(open: OpenStore): void {
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
}

/** What is forgotten, and what is not. */
export function compactionTests(open: OpenStore): void {
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

function entryTexts(store: Store, ...list: Parameters<Store['list']>): string[] {
  return store.list(...list).entries.map(({ key, value }) => `${key}=${value.toString()}`);
}
