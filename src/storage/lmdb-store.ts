// The durable store: a directory with an LMDB file. See revisioned-store.ts for what a store does,
// lmdb-engine.ts for how it is kept.
import type { Logger } from '../base/logger.ts';
import { createLmdbEngine } from './lmdb-engine.ts';
import { RevisionedStore } from './revisioned-store.ts';
import type { Store } from './store.ts';

export interface LmdbStoreOptions {
  /** Made if it does not exist. One process at a time can use it. */
  directory: string;
  /** Events of history to keep at most (default 10,000). */
  historyLimit?: number;
  logger?: Logger;
}

/** A store whose acknowledged writes survive the end of the process and of the machine. */
export function createLmdbStore({ directory, ...options }: LmdbStoreOptions): Store {
  return new RevisionedStore({ ...options, engine: createLmdbEngine(directory) });
}
