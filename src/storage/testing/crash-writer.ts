// For tests: a process that writes to a store until it is killed, and says which writes were
// acknowledged. Run by crash.test.ts as `crash-writer DIRECTORY`.
import { writeSync } from 'node:fs';
import { systemRandom } from '../../base/random.ts';
import { createLmdbStore } from '../lmdb-store.ts';
import type { Store, StoredEntry } from '../store.ts';
import { CRASH_HISTORY_LIMIT, crashKey, crashValue } from './crash-protocol.ts';

const WRITERS = 16;

async function writeForever(store: Store): Promise<never> {
  for (;;) {
    const key = crashKey(systemRandom.integer(1000));
    const latest = store.getLatest(key);
    const condition = systemRandom.integer(2) === 0 ? {} : { ifRevision: latest?.revision ?? 0 };
    const encode = (revision: number) => crashValue(key, revision);
    if (latest && systemRandom.integer(4) === 0) {
      acknowledge('delete', await store.delete(key, encode, condition));
    } else {
      acknowledge('put', await store.put(key, encode, condition));
    }
  }
}

/** Synchronous, so that the line is in the pipe when the process is killed afterwards. */
function acknowledge(type: 'put' | 'delete', { key, revision }: StoredEntry): void {
  writeSync(1, `${type} ${key} ${revision}\n`);
}

async function run(directory: string): Promise<void> {
  const store = createLmdbStore({ directory, historyLimit: CRASH_HISTORY_LIMIT });
  await store.start();
  await Promise.all(Array.from({ length: WRITERS }, () => writeForever(store)));
}

await run(process.argv[2] ?? '');
