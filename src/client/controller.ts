// Runs a reconcile function over a work queue. All waiting is done on the given clock, everything
// else in microtasks, so that a run under simulated time is repeatable.
import { isConflict } from '../api/meta/status-error.ts';
import { errorMessage } from '../base/errors.ts';
import { aborted } from './abort.ts';
import type { Controller, ControllerOptions } from './controller-context.ts';
import { TerminalError, TransientError } from './controller-context.ts';
import { WorkQueue } from './workqueue.ts';

/** As the reference's controllers (SS-806). */
const WORKERS = 5;

/**
 * `start()` resolves once the informers have synced and the workers run (SS-811), so start the
 * informers first. `stop()` aborts the signal of running calls and waits for them. Keys may be
 * added at any time; those before the start are kept, those after the stop are dropped.
 */
export function createController(options: ControllerOptions): Controller {
  const { name, reconcile, informers, workers = WORKERS, clock } = options;
  const logger = options.logger.child({ controller: name });
  const queue = new WorkQueue({ clock });
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<unknown> = Promise.resolve();
  let started: Promise<void> | undefined;

  const handle = async (key: string) => {
    try {
      const result = await reconcile(key, signal);
      queue.forget(key);
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TerminalError) {
        queue.forget(key);
        logger.error('giving up until the next event', { key, error: errorMessage(error) });
        return;
      }
      if (error instanceof TransientError) queue.addBackedOff(key);
      else queue.addRateLimited(key);
      const fields = { key, error: errorMessage(error), failures: queue.failures(key) };
      // Conflicts come from caches that lag behind: normal, and gone with the next try.
      if (isConflict(error)) logger.debug('conflict, trying again', fields);
      else if (error instanceof TransientError) logger.debug('not yet, trying again', fields);
      else logger.warn('reconcile failed, trying again', fields);
    }
  };

  const work = async () => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await handle(key);
      queue.done(key);
    }
  };

  const begin = async () => {
    const synced = Promise.all(informers.map((informer) => informer.synced()));
    await Promise.race([synced, aborted(signal)]);
    if (!signal.aborted) running = Promise.all(Array.from({ length: workers }, work));
  };

  return {
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    start: () => (started ??= begin()),
    async stop() {
      stopping.abort();
      queue.shutDown();
      await started;
      await running;
    },
  };
}
