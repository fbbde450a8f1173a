// A store that lives and dies with its process: for tests and `--durability=memory`.
import type { Logger } from '../base/logger.ts';
import { RevisionedStore } from './revisioned-store.ts';
import type { Store } from './store.ts';
import type { StoreEngine } from './store-engine.ts';
import { EMPTY_HEAD } from './store-engine.ts';

export interface MemoryStoreOptions {
  /** Events of history to keep at most (default 10,000). */
  historyLimit?: number;
  logger?: Logger;
}

/** A store whose writes are published in the next turn of the event loop and lost at its stop. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new RevisionedStore({ ...options, engine: createMemoryEngine() });
}

/** An engine that keeps nothing: the shared store already has everything in memory. */
export function createMemoryEngine(): StoreEngine {
  return {
    open: async () => ({ head: EMPTY_HEAD, records: [] }),
    commit: async () => {},
    read: () => undefined,
    close: async () => {},
  };
}
