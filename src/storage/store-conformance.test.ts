// Both engines are stores.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLmdbStore } from './lmdb-store.ts';
import { createMemoryStore } from './memory-store.ts';
import type { StoreUnderTest } from './testing/store-under-test.ts';
import { storeConformance } from './testing/store-conformance.ts';

storeConformance({
  name: 'createMemoryStore()',
  modelRuns: 500,
  create: (options) => ({ store: createMemoryStore(options), dispose: async () => {} }),
});

storeConformance({
  name: 'createLmdbStore()',
  modelRuns: 100,
  create: (options) => {
    const directory = mkdtempSync(join(tmpdir(), 'ordinal-store-'));
    const underTest: StoreUnderTest = {
      store: createLmdbStore({ directory, ...options }),
      reopen: async () => {
        await underTest.store.stop();
        underTest.store = createLmdbStore({ directory, ...options });
        await underTest.store.start();
        return underTest.store;
      },
      dispose: async () => rmSync(directory, { recursive: true }),
    };
    return underTest;
  },
});
