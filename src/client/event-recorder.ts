// Writes events one after the other, in the order of the calls, off the caller's path. An API
// server that cannot be reached makes it wait and then forget, never fail.
import type { Event, ObjectReference } from '../api/generated/types.ts';
import type { KubernetesObject } from '../api/meta/object.ts';
import { nameOf } from '../api/meta/object.ts';
import {
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  StatusError,
} from '../api/meta/status-error.ts';
import { events } from '../api/resources.ts';
import { sleep } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Runnable } from '../base/runnable.ts';
import type { ResourceClient } from './client.ts';
import type { CreateEventRecorder, EventRecorder } from './controller-context.ts';
import type { CorrelatedEvent, Occurrence } from './event-correlator.ts';
import { EventCorrelator } from './event-correlator.ts';

/** client-go's figures. */
const QUEUE_MAX = 1000;
const TRIES_MAX = 12;
const RETRY_MS = 10_000;
/** stop() gives the last events this long. */
const FLUSH_MS = 1000;
/** The longest name an object can have, less a dot and 16 digits. */
const OBJECT_NAME_MAX = 253 - 17;

type Options = Parameters<CreateEventRecorder>[0];

/** See CreateEventRecorder. */
export const createEventRecorder: CreateEventRecorder = (options) => new QueuedRecorder(options);

class QueuedRecorder implements EventRecorder, Runnable {
  readonly #options: Options;
  readonly #events: ResourceClient<Event>;
  readonly #correlator: EventCorrelator;
  readonly #queue: Occurrence[] = [];
  readonly #stopping = new AbortController();
  readonly #giveUp = new AbortController();
  #started = false;
  #draining: Promise<void> | undefined;
  #dropped = 0;
  #lastNanos = 0n;

  constructor(options: Options) {
    this.#options = options;
    this.#events = options.client.resource(events);
    this.#correlator = new EventCorrelator({
      newName: (objectName, timeMs) => this.#newName(objectName, timeMs),
    });
  }

  event(
    object: KubernetesObject,
    type: 'Normal' | 'Warning',
    { reason, message, fieldPath }: { reason: string; message: string; fieldPath?: string },
  ): void {
    const { clock, component, host, logger } = this.#options;
    if (this.#stopping.signal.aborted) return;
    if (this.#queue.length >= QUEUE_MAX) {
      if (this.#dropped++ === 0) logger.warn('too many queued events, dropping some', { reason });
      return;
    }
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const { apiVersion, kind } = object;
    const reference = { apiVersion, kind, namespace, name, uid, resourceVersion, fieldPath };
    const given = Object.entries(reference).filter(([, value]) => value !== undefined);
    const involvedObject: ObjectReference = Object.fromEntries(given);
    const source = host === undefined ? { component } : { component, host };
    this.#queue.push({ timeMs: clock.now(), type, reason, message, involvedObject, source });
    this.#wake();
  }

  async start(): Promise<void> {
    this.#started = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const done = new AbortController();
    const flushed = this.#flushed();
    void flushed.then(() => done.abort());
    await sleep(this.#options.clock, FLUSH_MS, done.signal);
    this.#giveUp.abort();
    await flushed;
  }

  async #flushed(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  #wake(): void {
    if (!this.#started || this.#draining !== undefined) return;
    this.#draining = this.#drain().then(() => {
      this.#draining = undefined;
      // An event may have come in after the last look at the queue.
      if (this.#queue.length > 0 && !this.#giveUp.signal.aborted) this.#wake();
    });
  }

  async #drain(): Promise<void> {
    // The caller's turn goes first.
    await Promise.resolve();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.#giveUp.signal.aborted) return;
      const correlated = this.#correlator.correlate(next);
      if (correlated !== undefined) await this.#write(correlated);
      if (this.#queue.length === 0) this.#dropped = 0;
    }
  }

  async #write(correlated: CorrelatedEvent): Promise<void> {
    const { clock, random, logger } = this.#options;
    const { reason, message } = correlated.event;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send(correlated);
      } catch (error) {
        const fields = { reason, message, error: errorMessage(error) };
        if (isNamespaceTerminating(error)) return logger.debug('event refused', fields);
        if (isFinal(error)) return logger.warn('event refused', fields);
        const { signal } = this.#stopping;
        if (tries >= TRIES_MAX || signal.aborted) return logger.warn('event lost', fields);
        // The first wait is random, so that clients do not come back all at once.
        const delayMs = tries === 1 ? random.integer(RETRY_MS) : RETRY_MS;
        await sleep(clock, delayMs, signal);
      }
    }
  }

  async #send({ seen, event, record }: CorrelatedEvent): Promise<void> {
    const { signal } = this.#giveUp;
    const { count, lastTimestamp, message } = event;
    const { namespace = '' } = event.metadata;
    if (seen) {
      const body = { count, lastTimestamp, message };
      try {
        const name = { namespace, name: record.name };
        await this.#events.patch(name, { type: 'merge', body }, { signal });
        return;
      } catch (error) {
        // Events expire.
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      await this.#events.create(withName(event, record.name), { signal });
    } catch (error) {
      // Another recorder had the same idea in the same millisecond; or our lost reply.
      if (!isAlreadyExists(error)) throw error;
      record.name = this.#newName(event.involvedObject.name ?? '', this.#options.clock.now());
      await this.#events.create(withName(event, record.name), { signal });
    }
  }

  /** `<object>.<nanoseconds in hex>`; the clock has milliseconds, the rest is random. */
  #newName(objectName: string, timeMs: number): string {
    const { random } = this.#options;
    const nanos = BigInt(Math.floor(timeMs)) * 1_000_000n + BigInt(random.integer(1_000_000));
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    return `${objectName.slice(0, OBJECT_NAME_MAX)}.${this.#lastNanos.toString(16)}`;
  }
}

function withName(event: Event, name: string): Event {
  return nameOf(event) === name ? event : { ...event, metadata: { ...event.metadata, name } };
}

/** The server understood and refused; asking again would not help. */
function isFinal(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500 && error.code !== 429;
}
