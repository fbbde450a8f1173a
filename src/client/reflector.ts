// Keeps a sink in step with one resource on the server: lists, then watches, for ever. It comes
// back after resets, 410, silence and nonsense, with back-off; the sink sees complete states and
// single changes, in order. Times are those of client-go's reflector (API-510 … API-514).
import type { KubernetesObject } from '../api/meta/object.ts';
import { isJsonObject, keyOf } from '../api/meta/object.ts';
import type { Status } from '../api/generated/types.ts';
import { isExpired, StatusError } from '../api/meta/status-error.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import type { Client, ListSelection, ResourceClient, WatchSelection } from './client.ts';
import { listAll } from './list-all.ts';
import type { WatchEvent } from './transport.ts';
import type { WatchEnd } from './watch-session.ts';
import { runWatch } from './watch-session.ts';

/** Where the reflector puts what it learns. Called synchronously; must not throw. */
export interface ReflectorSink<T> {
  /** The complete state at `resourceVersion`. */
  replace(objects: readonly T[], resourceVersion: string): void;
  /** One change. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  /** Everything up to `resourceVersion` has been told. */
  progress(resourceVersion: string): void;
}

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Client;
  readonly resource: ResourceDefinition<T>;
  readonly selection: Pick<ListSelection, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The first retry comes quickly: most faults are one broken connection. */
const FIRST_RETRY_MS = 50;
const BACKOFF = { initialMs: 800, maxMs: 30_000 };
const BACKOFF_RESET_MS = 120_000;
/** A watch that ends in good order this soon counts as a failure, lest we spin. */
const SHORT_WATCH_MS = 1_000;
/** Servers send bookmarks about once a minute (API-509), so this much silence is suspicious. */
const SILENCE_MS = 150_000;
/** While a watch opens or initial events are due. Some servers never end those (API-511). */
const START_SILENCE_MS = 15_000;
/** Streams that broke this often before a single event: the resume point itself may be bad. */
const BARREN_RESUMES_MAX = 3;
/** The server ends watches after this and up to twice this (API-513). */
const WATCH_TIMEOUT_SECONDS = 300;
const INITIAL_END = 'k8s.io/initial-events-end';

/** What the server sent cannot be used. */
export class MalformedEventError extends Error {
  override name = 'MalformedEventError';
}

/** The server accepted sendInitialEvents, but does not know it. */
class InitialEventsMissing extends Error {
  override message = 'the server did not end the initial events';
}

/** What is known of the current watch. */
interface Session<T> {
  /** Accepted by the server. */
  opened: boolean;
  /** Past the initial events. */
  live: boolean;
  /** The state that the initial events have built so far; changes may come in between. */
  readonly pending: Map<string, T>;
}

/** Start it once; stop() leaves neither timers nor connections. */
export class Reflector<T extends KubernetesObject> implements Runnable {
  readonly #options: ReflectorOptions<T>;
  readonly #resources: ResourceClient<T>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** Where to resume; undefined: start from a complete state. */
  #version: string | undefined;
  #listedBefore = false;
  #streamsInitialEvents = true;
  #barrenResumes = 0;
  #failures = 0;
  #lastFailureMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#resources = options.client.resource(options.resource);
  }

  /** Resolves at once; the sink tells when there is something. */
  async start(): Promise<void> {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, resource } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const startMs = clock.now();
      const startVersion = this.#version;
      let failure: unknown;
      try {
        await this.#session();
        if (clock.now() - startMs < SHORT_WATCH_MS) failure = new Error('the watch ended at once');
      } catch (error) {
        if (this.#fallsBack(error, startVersion)) continue;
        failure = error;
        this.#learn(error);
      }
      if (failure === undefined || this.#stopping.signal.aborted) continue;
      const delayMs = this.#nextDelayMs(failure);
      const fields = { resource: resource.resource, error: errorMessage(failure), delayMs };
      if (this.#failures > 1) logger.warn('watch failed, trying again', fields);
      else logger.debug('watch ended, trying again', fields);
      await sleep(clock, delayMs, this.#stopping.signal);
    }
  }

  /** One connection; resolves when it ended in good order. */
  async #session(): Promise<void> {
    if (this.#version !== undefined) return this.#watch(false);
    if (this.#streamsInitialEvents) return this.#watch(true);
    const { sink, selection } = this.#options;
    // "0" takes any state, fine for a start; afterwards never go back in time.
    const resourceVersion = this.#listedBefore ? '' : '0';
    const { signal } = this.#stopping;
    const list = await listAll(this.#resources, { ...selection, resourceVersion }, { signal });
    signal.throwIfAborted();
    this.#listedBefore = true;
    this.#version = list.resourceVersion;
    sink.replace(list.items, list.resourceVersion);
    return this.#watch(false);
  }

  async #watch(initial: boolean): Promise<void> {
    const { random, selection } = this.#options;
    const seconds = WATCH_TIMEOUT_SECONDS + random.integer(WATCH_TIMEOUT_SECONDS);
    const query: WatchSelection = {
      ...selection,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      ...(this.#version === undefined ? {} : { resourceVersion: this.#version }),
      ...(initial ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
    };
    const session: Session<T> = { opened: false, live: !initial, pending: new Map() };
    const startVersion = this.#version;
    try {
      const end = await this.#runWatch(query, session);
      this.#barrenResumes = 0;
      if (end === 'stopped' || (session.live && session.opened)) return;
      if (!session.opened) throw new Error('the server did not accept the watch in time');
      if (end === 'silent') throw new InitialEventsMissing();
      throw new Error('the watch ended within the initial events');
    } catch (error) {
      const barren = !initial && session.opened && this.#version === startVersion;
      if (barren) this.#barrenResumes++;
      throw error;
    }
  }

  #runWatch(query: WatchSelection, session: Session<T>): Promise<WatchEnd> {
    return runWatch({
      open: async (handler, signal) => {
        const stream = await this.#resources.watch(query, handler, { signal });
        session.opened = true;
        return stream;
      },
      event: (event) => this.#receive(event, session),
      silenceMs: () => (session.opened && session.live ? SILENCE_MS : START_SILENCE_MS),
      clock: this.#options.clock,
      signal: this.#stopping.signal,
    });
  }

  #receive(event: WatchEvent, session: Session<T>): void {
    const { type, object } = event;
    if (type === 'ERROR') throw new StatusError(object as unknown as Status);
    const metadata = isJsonObject(object) ? object['metadata'] : undefined;
    const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
    if (!isJsonObject(metadata) || typeof version !== 'string' || version === '') {
      throw new MalformedEventError(`event ${type} without a resourceVersion`);
    }
    if (type === 'BOOKMARK') return this.#bookmark(event, version, session);
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') {
      throw new MalformedEventError(`event of unknown type ${String(type)}`);
    }
    if (typeof metadata['name'] !== 'string') {
      throw new MalformedEventError(`event ${type} of an object without a name`);
    }
    const value = object as unknown as T;
    if (session.live) {
      this.#version = version;
      this.#options.sink.apply(type, value);
    } else if (type === 'DELETED') session.pending.delete(keyOf(value));
    else session.pending.set(keyOf(value), value);
  }

  #bookmark({ object }: WatchEvent, version: string, session: Session<T>): void {
    const { annotations } = object['metadata'] as { annotations?: Record<string, string> };
    if (!session.live && annotations?.[INITIAL_END] !== 'true') return;
    const { sink } = this.#options;
    this.#version = version;
    if (session.live) return sink.progress(version);
    session.live = true;
    this.#listedBefore = true;
    sink.replace([...session.pending.values()], version);
    session.pending.clear();
  }

  /** True once: when the server turns out not to stream initial events (API-511). */
  #fallsBack(error: unknown, startVersion: string | undefined): boolean {
    const starting = startVersion === undefined && this.#version === undefined;
    if (!starting || !this.#streamsInitialEvents) return false;
    if (!(error instanceof InitialEventsMissing) && !isRefusal(error)) return false;
    this.#streamsInitialEvents = false;
    return true;
  }

  /** Forgets the resume point when the failure says that it is no good. */
  #learn(error: unknown): void {
    const lost = isExpired(error) || isVersionTooLarge(error) || isRefusal(error);
    if (lost || error instanceof MalformedEventError) this.#version = undefined;
    if (this.#barrenResumes < BARREN_RESUMES_MAX) return;
    this.#version = undefined;
    this.#barrenResumes = 0;
  }

  #nextDelayMs(failure: unknown): number {
    const { clock, random } = this.#options;
    if (clock.now() - this.#lastFailureMs > BACKOFF_RESET_MS) this.#failures = 0;
    this.#lastFailureMs = clock.now();
    const baseMs = this.#failures === 0 ? FIRST_RETRY_MS : backoffMs(this.#failures - 1, BACKOFF);
    this.#failures++;
    const askedSeconds =
      failure instanceof StatusError ? (failure.status.details?.retryAfterSeconds ?? 0) : 0;
    return Math.max(baseMs + random.integer(baseMs), askedSeconds * 1000);
  }
}

/** 4xx other than those that say "later" or "list again": the server wants no such watch. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.code >= 400 && error.code < 500 && ![401, 408, 410, 429].includes(error.code);
}

/** The server's state is older than ours: it was restored or replaced (API-321). */
function isVersionTooLarge(error: unknown): boolean {
  const causes = error instanceof StatusError ? (error.status.details?.causes ?? []) : [];
  return causes.some(({ reason }) => reason === 'ResourceVersionTooLarge');
}
