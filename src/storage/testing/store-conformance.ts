// For tests: what every store must do, as one suite to run on each engine.
import { afterEach, describe, expect, test } from 'vitest';
import { compactionTests, sinkTests, watchTests } from './conformance-history.ts';
import { conditionTests, limitTests, listTests, writeTests } from './conformance-reads-writes.ts';
import { conformsToModel } from './store-model.ts';
import { recordingSink, text } from './recording-sink.ts';
import type { OpenStore, StoreFactory, StoreUnderTest } from './store-under-test.ts';

/** Declares the suite for one kind of store. Every test ends with `check()`. */
export function storeConformance(factory: StoreFactory): void {
  describe(factory.name, () => {
    const open = useStores(factory);
    describe('writes', () => writeTests(open));
    describe('conditional writes', () => conditionTests(open));
    describe('keys and values', () => limitTests(open));
    describe('lists', () => listTests(open));
    describe('watches', () => watchTests(open));
    describe('sinks', () => sinkTests(open));
    describe('compaction', () => compactionTests(open));
    describe('life cycle', () => lifeCycleTests(open));
    test(`behaves as the model in ${factory.modelRuns} random histories`, async () => {
      await conformsToModel(factory);
    });
  });
}

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
