// The API server as a process that can die: the real store over the simulated disk, and the real
// handlers. Requests that are under way when it dies are answered by a broken connection.
import { StatusError } from '../../src/api/meta/status-error.ts';
import { createApiHandler } from '../../src/apiserver/api-handler.ts';
import type { ApiHandler } from '../../src/apiserver/api-request.ts';
import { MASTERS_GROUP } from '../../src/apiserver/api-request.ts';
import { bootstrapObjects } from '../../src/apiserver/bootstrap.ts';
import type { Random } from '../../src/base/random.ts';
import type {
  Transport,
  TransportRequest,
  WatchHandler,
  WatchStream,
} from '../../src/client/transport.ts';
import { createInProcessTransport } from '../../src/in-process-transport.ts';
import { RevisionedStore } from '../../src/storage/revisioned-store.ts';
import type { Json } from '../../src/api/meta/object.ts';
import type { History } from './history.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { internalErrors } from './internal-errors.ts';
import type { World } from './world.ts';

export interface ServerOptions {
  readonly world: World;
  readonly random: Random;
  readonly history: History;
  readonly disk: SimulatedDisk;
  readonly historyLimit: number;
  readonly emulatedVersion: '1.36' | '1.37';
  readonly featureGates: ReadonlyMap<string, boolean>;
}

/** What a client sees of a server that is not there. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

interface Life {
  readonly process: SimulatedProcess;
  readonly store: RevisionedStore;
  readonly handler: ApiHandler;
  /** Breaks off what is under way. */
  readonly breakers: Set<() => void>;
}

const RESTART_MS = 400;

export class SimulatedServer {
  readonly #options: ServerOptions;
  #life: Life | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get store(): RevisionedStore | undefined {
    return this.#life?.store;
  }

  /** Starts on what the disk has. Throws what the store throws. */
  async start(): Promise<void> {
    const { world, random, history, disk, historyLimit } = this.#options;
    const process = new SimulatedProcess(world, 'server');
    const logger = internalErrors(world, 'server');
    const nextTurn = () => new Promise<void>((resolve) => process.deliver(0, resolve));
    const engine = disk.createEngine();
    const store = new RevisionedStore({ engine, historyLimit, logger, nextTurn });
    await store.start();
    store.check();
    history.attach(store);
    const { clock } = process;
    const { emulatedVersion, featureGates } = this.#options;
    const dialNode = () => {
      throw new Error('nobody dials nodes here');
    };
    const settings = { emulatedVersion, featureGates, dialNode };
    const handler = createApiHandler({ store, clock, random, logger, ...settings });
    this.#life = { process, store, handler, breakers: new Set() };
    world.log('server', `up at revision ${store.revision}`);
    await bootstrapObjects({ handler, apiServerIp: '10.96.0.1', targetPort: 6443 });
  }

  /** Dies now, and comes back by itself. */
  crash(): void {
    const life = this.#life;
    if (!life) return;
    const { world, disk, random } = this.#options;
    world.log('server', 'crashed');
    this.#life = undefined;
    life.process.kill();
    disk.cut();
    for (const breakOff of life.breakers) breakOff();
    world.schedule(RESTART_MS + random.integer(2_000), () => {
      this.start().catch((error: unknown) => world.fail('recovers', String(error)));
    });
  }

  /** How a client of that name talks to the server, whichever life it is in. */
  transportFor(name: string, userAgent: string): Transport {
    return {
      request: (request) => this.#request(request, { name, userAgent }),
      watch: (request, handler) => this.#watch(request, handler, { name, userAgent }),
      close: () => Promise.resolve(),
    };
  }

  async #request(
    request: TransportRequest,
    client: { name: string; userAgent: string },
  ): Promise<Json> {
    const life = this.#living();
    let breakOff = () => {};
    const broken = new Promise<never>((_, reject) => {
      breakOff = () => reject(new ConnectionError('connection reset by peer'));
      life.breakers.add(breakOff);
    });
    try {
      const answer = connect(life, client).request(request);
      // If the connection breaks first, nobody hears of the answer.
      answer.catch(() => {});
      const reply = await Promise.race([answer, broken]);
      this.#checkReply(life, request, reply);
      return reply;
    } catch (error) {
      if (error instanceof StatusError || error instanceof ConnectionError) throw error;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!text.includes('the store could not write')) {
        this.#options.world.fail('noInternalErrors', `${request.path}: ${text}`);
      }
      throw new ConnectionError('internal error');
    } finally {
      life.breakers.delete(breakOff);
    }
  }

  /** An answer that shows a version must not be ahead of what is durable. */
  #checkReply(life: Life, request: TransportRequest, reply: Json): void {
    const metadata = (reply as { metadata?: { resourceVersion?: string } } | null)?.metadata;
    const version = Number(metadata?.resourceVersion ?? 0);
    if (version <= life.store.revision) return;
    const text = `${request.method} ${request.path} answered ${version}, before it was published`;
    this.#options.world.fail('repliesAreDurable', text);
  }

  async #watch(
    request: TransportRequest,
    handler: WatchHandler,
    client: { name: string; userAgent: string },
  ): Promise<WatchStream> {
    const life = this.#living();
    const breakOff = () => {
      life.breakers.delete(breakOff);
      handler.end(new ConnectionError('connection reset by peer'));
    };
    life.breakers.add(breakOff);
    try {
      const stream = await connect(life, client).watch(request, {
        event: (event) => handler.event(event),
        end: (error) => {
          life.breakers.delete(breakOff);
          handler.end(error);
        },
      });
      return {
        stop() {
          life.breakers.delete(breakOff);
          stream.stop();
        },
      };
    } catch (error) {
      life.breakers.delete(breakOff);
      throw error;
    }
  }

  #living(): Life {
    if (!this.#life) throw new ConnectionError('connection refused');
    return this.#life;
  }
}

function connect(life: Life, { name, userAgent }: { name: string; userAgent: string }): Transport {
  const groups = [MASTERS_GROUP, 'system:authenticated'];
  const user = { name, uid: '', groups };
  return createInProcessTransport({ handler: life.handler, user, userAgent });
}
