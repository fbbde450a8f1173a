// For tests: what crash-writer.ts and crash.test.ts know in common.

/** Small, so that automatic compaction runs all the time. */
export const CRASH_HISTORY_LIMIT = 500;

const KEY_COUNT = 40;

/** One of few keys, so that writers meet. */
export function crashKey(number: number): string {
  return `/registry/pods/default/web-${number % KEY_COUNT}`;
}

/**
 * What a write of `key` at `revision` stores: nothing else may ever be found there. Lengths differ,
 * so that LMDB keeps some values within pages and some on pages of their own.
 */
export function crashValue(key: string, revision: number): Buffer {
  return Buffer.alloc(100 + ((revision * 7919) % 9000), `${key}@${revision};`);
}
