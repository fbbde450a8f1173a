// The API server as a function call: the same requests through the same handlers, without a socket
// and without JSON. Part of the composition root, for it joins two rooms.
import type { ApiHandler, ApiRequest, ApiResponse, UserInfo } from './apiserver/api-request.ts';
import { groupVersion } from './api/resources.ts';
import { OrdinalError } from './base/errors.ts';
import type { Json, JsonObject } from './api/meta/object.ts';
import type { Transport, TransportRequest, WatchHandler, WatchStream } from './client/transport.ts';

export interface InProcessTransportOptions {
  readonly handler: ApiHandler;
  /** Whom the server takes the caller for. */
  readonly user: UserInfo;
  /** Shows up as the default field manager (API-641). */
  readonly userAgent: string;
}

export function createInProcessTransport(options: InProcessTransportOptions): Transport {
  const { handler } = options;
  return {
    async request(request) {
      return bodyOf(await handler(toApiRequest(request, options)));
    },
    async watch(request, watchHandler) {
      const response = await handler(toApiRequest(request, options));
      if (response.kind !== 'watch') {
        throw new OrdinalError('ORD_NOT_A_WATCH', `${request.path} did not answer with a watch`);
      }
      return openWatch(response, watchHandler, request.signal);
    },
    close: () => Promise.resolve(),
  };
}

const NEVER_ABORTED = new AbortController().signal;

function toApiRequest(
  request: TransportRequest,
  { user, userAgent }: InProcessTransportOptions,
): ApiRequest {
  return {
    method: request.method,
    path: request.path,
    query: new URLSearchParams(request.query),
    user,
    body: request.body,
    contentType: request.contentType ?? '',
    userAgent,
    signal: () => request.signal ?? NEVER_ABORTED,
  };
}

function bodyOf(response: ApiResponse): Json {
  switch (response.kind) {
    case 'object':
      return response.stored.object as unknown as Json;
    case 'list':
      return {
        apiVersion: groupVersion(response.resource),
        kind: `${response.resource.kind}List`,
        metadata: { ...response.metadata },
        items: response.items.map((item) => item.object as unknown as Json),
      };
    case 'plain':
      return String(response.body);
    default:
      throw new OrdinalError('ORD_NOT_AN_OBJECT', `a ${response.kind} needs a connection`);
  }
}

function openWatch(
  response: Extract<ApiResponse, { kind: 'watch' }>,
  handler: WatchHandler,
  signal: AbortSignal | undefined,
): WatchStream {
  let stopped = false;
  const stream = response.open({
    events(events) {
      for (const { type, stored } of events) {
        if (stopped) return;
        handler.event({ type, object: stored.object as unknown as JsonObject });
      }
    },
    end() {
      if (stopped) return;
      stopped = true;
      handler.end();
    },
  });
  const stop = () => {
    stopped = true;
    stream.stop();
  };
  signal?.addEventListener('abort', stop, { once: true });
  return { stop };
}
