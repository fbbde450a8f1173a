// One request and the place for its reply, the same for HTTP/1.1 and HTTP/2.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Reply, ReplyContext } from './reply.ts';

export interface Exchange extends ReplyContext {
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came. */
  readonly uri: string;
  readonly headers: IncomingHttpHeaders;
  /** `host:port` that the caller used. */
  readonly host: string;
  readonly body: Readable;
  /** False when the head of the request says that nothing follows it. */
  readonly hasBody: boolean;
  readonly socket: TLSSocket | undefined;
  /** Calls back when the reply is finished or the caller has gone. */
  onClose(listener: () => void): void;
  /** Aborted then. Made when it is asked for: few do, and signals are dear. */
  signal(): AbortSignal;
}

/** Why signals abort. Without a reason each would make an exception of its own, with a stack. */
const GONE = new Error('the caller has gone');

/** RFC 9112 section 6.3, RFC 9113 section 8.1. */
function hasBody(request: IncomingMessage | Http2ServerRequest): boolean {
  if ('stream' in request) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Reads the request line and headers; the body is left unread. */
export function createExchange(
  request: IncomingMessage | Http2ServerRequest,
  reply: ServerResponse | Http2ServerResponse,
): Exchange {
  const url = request.url ?? '/';
  const question = url.indexOf('?');
  const { headers } = request;
  const closeListeners: (() => void)[] = [];
  let isClosed = false;
  reply.once('close', () => {
    isClosed = true;
    for (const listener of closeListeners) listener();
  });
  const onClose = (listener: () => void) => {
    if (isClosed) listener();
    else closeListeners.push(listener);
  };
  return {
    method: request.method ?? 'GET',
    path: question < 0 ? url : url.slice(0, question),
    query: new URLSearchParams(question < 0 ? '' : url.slice(question + 1)),
    uri: url,
    headers,
    host: headers.host ?? String(headers[':authority'] ?? ''),
    body: request,
    hasBody: hasBody(request),
    socket: request.socket as TLSSocket | undefined,
    reply: reply as Reply,
    onClose,
    signal() {
      const gone = new AbortController();
      onClose(() => gone.abort(GONE));
      return gone.signal;
    },
    acceptEncoding: headers['accept-encoding'] as string | undefined,
  };
}
