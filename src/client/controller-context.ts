// What every controller is given, and the shapes of the tools it builds on.
// Each controller exports `createXxxController(context: ControllerContext, options?): Runnable`.
import type { KubernetesObject } from '../api/meta/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricSink } from '../base/metric-registry.ts';
import type { Random } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import type { Client } from './client.ts';
import type { InformerFactory } from './informer.ts';

export interface ControllerContext {
  readonly client: Client;
  /** Shared; started by whoever made it, after all controllers have asked for their informers. */
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where figures go; absent: nowhere. */
  readonly metrics?: MetricSink;
}

export interface ReconcileResult {
  /** Call again after this many milliseconds, even without an event. */
  requeueAfterMs?: number;
}

/**
 * One call handles one key (`namespace/name`). Throwing means: try again with back-off (SS-837).
 * Throwing TerminalError means: do not try again before the next event.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;

/**
 * A work queue with workers: keys are de-duplicated, one key is never handled twice at once
 * (SS-806, SS-836). `start()` waits for the informers, so start those first; `stop()` aborts the
 * signal of running calls and waits for them.
 */
export interface Controller extends Runnable {
  enqueue(key: string): void;
  /** Adds the key after a delay in milliseconds; the earliest of several wins. */
  enqueueAfter(key: string, delayMs: number): void;
}

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  /** Waited for before the first call (SS-811). */
  readonly informers: readonly { synced(): Promise<void> }[];
  /** Keys handled at once; default 5. */
  readonly workers?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Stops the retries of a key until its next event. */
export class TerminalError extends Error {
  override name = 'TerminalError';
}

/**
 * What passes by itself: retried with the back-off of its key, but logged for debugging only, and
 * without using up the rate of retries that all keys share.
 */
export class TransientError extends Error {
  override name = 'TransientError';
}

export interface EventRecorder {
  /** Records an event about `object`; never throws, never blocks. Equal ones are counted up. */
  event(
    object: KubernetesObject,
    type: 'Normal' | 'Warning',
    /** `fieldPath` names a part of the object: `spec.containers{main}`. */
    { reason, message, fieldPath }: { reason: string; message: string; fieldPath?: string },
  ): void;
}

/**
 * Signature of createEventRecorder (event-recorder.ts). Events recorded before start() are kept
 * and written after it; stop() writes what is left, trying once each and a second at most.
 */
export type CreateEventRecorder = (options: {
  client: Client;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** `source.component`: `statefulset-controller`, `kubelet`. */
  component: string;
  /** `source.host`, for node agents. */
  host?: string;
}) => EventRecorder & Runnable;
