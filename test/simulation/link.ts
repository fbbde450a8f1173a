// The network between one process and the API server: delays, errors, lost answers, broken and
// lagging watches. What is delivered keeps the promises of a real connection: a watch is in order,
// and nothing is missing from it unless it breaks.
import type { Json } from '../../src/api/meta/object.ts';
import { statusError } from '../../src/api/meta/status-error.ts';
import type { Random } from '../../src/base/random.ts';
import type {
  Transport,
  TransportRequest,
  WatchEvent,
  WatchHandler,
  WatchStream,
} from '../../src/client/transport.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { ConnectionError, type SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

/** What may go wrong with a request. */
export type RequestFault =
  'conflict' | 'throttle' | 'server-error' | 'lost-answer' | 'lost-request';

export interface LinkOptions {
  readonly world: World;
  readonly random: Random;
  readonly server: SimulatedServer;
  readonly userAgent: string;
  /** One way, in milliseconds, at most. */
  readonly latencyMs: number;
  /** Called when a write of the process has taken effect, before it hears of it. */
  readonly onEffect?: (asked: TransportRequest, reply: Json, alive: boolean) => void;
  /** A planted bug: one in so many watch events is left out. */
  readonly losesEvents?: number;
  /** Looks at every request as it is sent; may change it, for planted bugs. */
  readonly onSend?: (request: TransportRequest) => TransportRequest;
  /** Answers that have reached the process. */
  readonly onReply?: (request: TransportRequest, reply: Json) => void;
}

interface OpenWatch {
  readonly resource: string;
  /** False until the first bookmark or event: initial events end with one of their own. */
  live: boolean;
  /** Takes what was not delivered yet with it. */
  reset(): void;
  /** Sends an event behind all others. */
  send(event: WatchEvent): void;
}

const MUTATIONS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export class Link {
  readonly #options: LinkOptions;
  readonly #watches = new Set<OpenWatch>();
  /** Requests that fail: this fault, one in so many. */
  readonly requestFaults = new Map<RequestFault, number>();
  /** Watch events of a resource come so much later. */
  readonly watchDelayMs = new Map<string, number>();
  /** One in so many events comes twice; 0: none. */
  duplicates = 0;
  #blocked = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Nothing comes through until it is unblocked; watches break. */
  set blocked(blocked: boolean) {
    this.#blocked = blocked;
    if (blocked) this.resetWatches();
  }

  /** Breaks the watches of a resource, or all. */
  resetWatches(resource?: string): void {
    for (const watch of this.#watches) {
      if (resource === undefined || watch.resource === resource) watch.reset();
    }
  }

  /** Ends all faults. */
  heal(): void {
    this.requestFaults.clear();
    this.watchDelayMs.clear();
    this.duplicates = 0;
    this.#blocked = false;
  }

  transportFor(process: SimulatedProcess): Transport {
    const { server, userAgent } = this.#options;
    const inner = server.transportFor(process.name, userAgent);
    return {
      request: (request) => this.#request(request, process, inner),
      watch: (request, handler) => this.#watch(request, { handler, process, inner }),
      close: () => Promise.resolve(),
    };
  }

  #latencyMs(): number {
    return this.#options.random.integer(this.#options.latencyMs + 1);
  }

  async #request(
    asked: TransportRequest,
    process: SimulatedProcess,
    inner: Transport,
  ): Promise<Json> {
    const { world, onSend, onReply } = this.#options;
    const request = onSend?.(asked) ?? asked;
    const text = `${request.method} ${request.path}`;
    const answer = await this.#exchange(request, { asked, inner, process });
    const shown = 'error' in answer ? String(answer.error).slice(0, 120) : 'ok';
    world.log(process.name, `${text} ${shown}`);
    await new Promise<void>((resolve) => process.deliver(this.#latencyMs(), resolve));
    if ('error' in answer) throw answer.error;
    onReply?.(request, answer.reply);
    return answer.reply;
  }

  async #exchange(
    request: TransportRequest,
    {
      asked,
      inner,
      process,
    }: { asked: TransportRequest; inner: Transport; process: SimulatedProcess },
  ): Promise<{ reply: Json } | { error: unknown }> {
    const { world, onEffect } = this.#options;
    await new Promise<void>((resolve) => world.schedule(this.#latencyMs(), resolve));
    if (this.#blocked) return { error: new ConnectionError('no route to host') };
    const isMutation = MUTATIONS.has(request.method);
    const fault = this.#pickFault(isMutation);
    if (fault !== undefined && fault !== 'lost-answer') return { error: errorOf(fault) };
    try {
      const reply = await inner.request(request);
      if (isMutation) onEffect?.(asked, reply, process.alive);
      if (fault === 'lost-answer') return { error: errorOf(fault) };
      return { reply };
    } catch (error) {
      return { error };
    }
  }

  #pickFault(isMutation: boolean): RequestFault | undefined {
    for (const [fault, oneIn] of this.requestFaults) {
      if (!isMutation && (fault === 'conflict' || fault === 'lost-answer')) continue;
      if (this.#options.random.integer(oneIn) === 0) return fault;
    }
    return undefined;
  }

  async #watch(
    request: TransportRequest,
    {
      handler,
      process,
      inner,
    }: { handler: WatchHandler; process: SimulatedProcess; inner: Transport },
  ): Promise<WatchStream> {
    const { world } = this.#options;
    await new Promise<void>((resolve) => process.deliver(this.#latencyMs(), resolve));
    const fault = this.#blocked ? 'lost-request' : this.#pickFault(false);
    if (fault !== undefined) throw errorOf(fault);
    const resource = request.path.split('/').at(-1) ?? '';
    const delivery = new Delivery(process, handler, () => this.#watches.delete(watch));
    const watch: OpenWatch = {
      resource,
      live: request.query?.['sendInitialEvents'] !== 'true',
      send: (event) => delivery.add(event, this.#latencyMs()),
      reset: () => {
        world.log(process.name, `watch of ${resource} reset`);
        stream?.stop();
        delivery.break(new ConnectionError('connection reset by peer'));
      },
    };
    this.#watches.add(watch);
    let stream: WatchStream | undefined;
    try {
      stream = await inner.watch(request, {
        event: (event) => {
          if (event.type === 'BOOKMARK') watch.live = true;
          this.#send(event, resource, delivery);
        },
        end: (error) => delivery.end(error),
      });
    } catch (error) {
      this.#watches.delete(watch);
      throw error;
    }
    if (!this.#watches.has(watch)) stream.stop();
    const stop = () => {
      stream?.stop();
      delivery.stop();
    };
    request.signal?.addEventListener('abort', stop, { once: true });
    return { stop };
  }

  #send(event: WatchEvent, resource: string, delivery: Delivery): void {
    const { random, losesEvents } = this.#options;
    if (losesEvents !== undefined && random.integer(losesEvents) === 0) return;
    const delayMs = this.#latencyMs() + (this.watchDelayMs.get(resource) ?? 0);
    delivery.add(event, delayMs);
    if (this.duplicates > 0 && random.integer(this.duplicates) === 0) delivery.add(event, delayMs);
  }

  /** A bookmark on every open watch: as the server sends them, only more often. */
  sendBookmarks(): void {
    const revision = this.#options.server.store?.revision;
    if (revision === undefined) return;
    const object = { kind: '', apiVersion: '', metadata: { resourceVersion: String(revision) } };
    for (const watch of this.#watches) {
      if (watch.live) watch.send({ type: 'BOOKMARK', object });
    }
  }
}

/** In order, each event not before its time. */
class Delivery {
  readonly #process: SimulatedProcess;
  readonly #handler: WatchHandler;
  readonly #onOver: () => void;
  #lastMs = 0;
  #over = false;

  constructor(process: SimulatedProcess, handler: WatchHandler, onOver: () => void) {
    this.#process = process;
    this.#handler = handler;
    this.#onOver = onOver;
  }

  add(event: WatchEvent, delayMs: number): void {
    this.#after(delayMs, () => this.#handler.event(event));
  }

  /** In good order, after what was sent. */
  end(error: Error | undefined): void {
    this.#onOver();
    this.#after(0, () => this.#finish(error));
  }

  /** At once; what was sent and has not arrived is lost. */
  break(error: Error): void {
    const wasOver = this.#over;
    this.stop();
    if (!wasOver) this.#process.deliver(0, () => this.#handler.end(error));
  }

  stop(): void {
    this.#over = true;
    this.#onOver();
  }

  #finish(error: Error | undefined): void {
    this.#over = true;
    this.#handler.end(error);
  }

  #after(delayMs: number, callback: () => void): void {
    const { world } = this.#process;
    this.#lastMs = Math.max(this.#lastMs, world.nowMs + delayMs);
    this.#process.deliver(this.#lastMs - world.nowMs, () => {
      if (!this.#over) callback();
    });
  }
}

function errorOf(fault: RequestFault): Error {
  switch (fault) {
    case 'conflict':
      return statusError('Conflict', 'the object has been modified; please apply your changes');
    case 'throttle':
      return statusError('TooManyRequests', 'try again later', {
        details: { retryAfterSeconds: 1 },
      });
    case 'server-error':
      return statusError('InternalError', 'etcdserver: request timed out');
    case 'lost-answer':
      return new ConnectionError('timeout awaiting response headers');
    case 'lost-request':
      return new ConnectionError('no route to host');
  }
}
