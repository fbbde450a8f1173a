// The core of the API server on a memory store, as its tests use it: requests in, objects out.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { StatusError } from '../../api/meta/status-error.ts';
import type { Status } from '../../api/generated/types.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import type { Store } from '../../storage/store.ts';
import { createApiHandler } from '../api-handler.ts';
import type { ApiHandlerOptions } from '../api-handler.ts';
import { MASTERS_GROUP } from '../api-request.ts';
import type { ApiHandler, ApiResponse, ApiWatchEvent, UserInfo } from '../api-request.ts';
import { bootstrapObjects } from '../bootstrap.ts';

export interface CallOptions {
  readonly body?: object | string;
  readonly contentType?: string;
  readonly user?: UserInfo;
}

export interface TestReply<T> {
  readonly code: number;
  readonly body: T;
  readonly warnings: readonly string[];
}

export interface TestWatch {
  readonly events: {
    type: string;
    name: string;
    resourceVersion: string;
    object: KubernetesObject;
  }[];
  readonly ended: boolean;
  stop(): void;
}

export interface TestApi {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly handler: ApiHandler;
  /** Sends `METHOD /path?query`; errors come back as their Status. */
  call<T = KubernetesObject>(line: string, options?: CallOptions): Promise<TestReply<T>>;
  /** call() that must answer with a code below 300. */
  ok<T = KubernetesObject>(line: string, body?: object): Promise<T>;
  /** call() that must fail. */
  fails(line: string, body?: object): Promise<Status>;
  watch(pathAndQuery: string): Promise<TestWatch>;
}

const admin: UserInfo = { name: 'admin', uid: '', groups: [MASTERS_GROUP] };

/** A started store with the system namespaces and the account `default` in namespace default. */
export async function createTestApi(options: Partial<ApiHandlerOptions> = {}): Promise<TestApi> {
  const store = options.store ?? createMemoryStore();
  await store.start();
  const clock = new ManualClock();
  const handler = createApiHandler({
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    dialNode: () => {
      throw new Error('no nodes here');
    },
    ...options,
    store,
  });
  await bootstrapObjects({ handler, apiServerIp: '10.96.0.1', targetPort: 6443 });
  const api = testApi(store, clock, handler);
  await api.ok('POST /api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
  });
  return api;
}

function testApi(store: Store, clock: ManualClock, handler: ApiHandler): TestApi {
  const send = (line: string, options: CallOptions) => handler(requestOf(line, options));
  const call = async <T>(line: string, options: CallOptions = {}): Promise<TestReply<T>> => {
    try {
      return replyOf(await send(line, options)) as TestReply<T>;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { code: error.code, body: error.status as T, warnings: error.warnings };
    }
  };
  return {
    store,
    clock,
    handler,
    call,
    async ok<T>(line: string, body?: object) {
      const reply = await call<T>(line, body === undefined ? {} : { body });
      if (reply.code >= 300) throw new Error(`${line}: ${JSON.stringify(reply.body)}`);
      return reply.body;
    },
    async fails(line, body) {
      const reply = await call<Status>(line, body === undefined ? {} : { body });
      if (reply.code < 300) throw new Error(`${line} answered ${reply.code}`);
      return reply.body;
    },
    async watch(pathAndQuery) {
      const response = await send(`GET ${pathAndQuery}`, {});
      if (response.kind !== 'watch') throw new Error(`${pathAndQuery} is no watch`);
      const events: TestWatch['events'] = [];
      let ended = false;
      const opened = response.open({
        events: (batch) => events.push(...batch.map(eventOf)),
        end: () => (ended = true),
      });
      return {
        events,
        get ended() {
          return ended;
        },
        stop: () => opened.stop(),
      };
    },
  };
}

function requestOf(line: string, options: CallOptions) {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'https://localhost');
  const { body, contentType } = options;
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    user: options.user ?? admin,
    body: body === undefined ? undefined : bytesOf(body),
    contentType: contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : ''),
    userAgent: 'test/1',
    signal: () => new AbortController().signal,
  };
}

function bytesOf(body: object | string): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function replyOf(response: ApiResponse): TestReply<unknown> {
  switch (response.kind) {
    case 'object': {
      // What goes over the wire must be what in-process callers get.
      const body: unknown = JSON.parse(response.stored.encoded.toString());
      return { code: response.code, body, warnings: response.warnings };
    }
    case 'list': {
      const items = response.items.map((item) => item.object);
      const { metadata, warnings = [] } = response;
      return { code: 200, body: { metadata, items }, warnings };
    }
    case 'plain':
      return { code: response.code, body: response.body, warnings: [] };
    default:
      return { code: 200, body: response, warnings: [] };
  }
}

function eventOf({ type, stored }: ApiWatchEvent): TestWatch['events'][number] {
  const { object } = stored;
  const { name = '', resourceVersion = '' } = object.metadata;
  return { type, name, resourceVersion, object };
}
