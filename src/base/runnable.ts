// The one life cycle of everything that starts and stops.

export interface Runnable {
  /** Resolves when ready to serve. */
  start(): Promise<void>;
  /** Resolves when nothing of it runs any more; may be called twice. */
  stop(): Promise<void>;
}
