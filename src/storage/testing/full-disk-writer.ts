// For tests: a process that fills a store until the disk refuses, and goes on once told that there
// is space again. Run by lmdb-store.test.ts as `full-disk-writer DIRECTORY`; says `refused`, waits
// for a line, and ends with 0 if nothing was lost.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { assert } from '../../base/assert.ts';
import { systemErrorCode } from '../../base/errors.ts';
import { createLmdbStore } from '../lmdb-store.ts';
import type { Store } from '../store.ts';

const value = Buffer.alloc(10_000, 'x');

/** Writes until refused; returns the keys that were acknowledged, and how many failed. */
async function fill(store: Store): Promise<{ written: string[]; refused: string[] }> {
  const written: string[] = [];
  const refused: string[] = [];
  for (let number = 0; refused.length === 0; number += 10) {
    const keys = Array.from({ length: 10 }, (_, offset) => `/k${number + offset}`);
    const results = await Promise.allSettled(keys.map((key) => store.put(key, () => value)));
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') written.push(keys[index]!);
      else refused.push(`${systemErrorCode(result.reason)} ${keys[index]}`);
    }
  }
  return { written, refused };
}

function assertHolds(store: Store, written: readonly string[]): void {
  store.check();
  assert(store.count('') === written.length, `${store.count('')} keys, not ${written.length}`);
  for (const key of written) assert(store.get(key)?.value.equals(value), `${key} is lost`);
}

async function run(directory: string): Promise<void> {
  const store = createLmdbStore({ directory });
  await store.start();
  const { written, refused } = await fill(store);
  assert(refused.length === 10, `${refused.length} writes of the group failed, not 10`);
  for (const line of refused) assert(line.startsWith('ORD_STORE_WRITE'), line);
  assertHolds(store, written);
  // Still refused: must neither hang nor change anything.
  assert((await fill(store)).written.length === 0, 'a full disk took a write');
  assertHolds(store, written);

  writeSync(1, 'refused\n');
  await once(process.stdin, 'data');
  const { revision } = await store.put('/after', () => value);
  assert(revision > written.length + 10, 'the revision of a failed write was used again');
  written.push('/after');
  assertHolds(store, written);
  await store.stop();

  const reopened = createLmdbStore({ directory });
  await reopened.start();
  assertHolds(reopened, written);
  await reopened.stop();
  process.stdin.destroy();
}

await run(process.argv[2] ?? '');
