// For tests: what the conformance suite has to be told about a kind of store.
import type { Logger } from '../../base/logger.ts';
import type { Store } from '../store.ts';

export interface StoreFactory {
  name: string;
  /** Makes a store on fresh, empty ground. */
  create(options: { historyLimit?: number; logger?: Logger }): StoreUnderTest;
  /** Random histories to try against the model. */
  modelRuns: number;
}

export interface StoreUnderTest {
  store: Store;
  /** Stops the store and starts another on the same ground; absent: it has none. */
  reopen?: () => Promise<Store>;
  /** Removes what is left; the store is stopped already. */
  dispose: () => Promise<void>;
}

/** Opens a store that is checked, stopped and removed at the end of the test. */
export type OpenStore = (
  options?: Parameters<StoreFactory['create']>[0],
) => Promise<StoreUnderTest>;
