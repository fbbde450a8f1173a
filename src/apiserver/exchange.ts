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
  readonly socket: TLSSocket | undefined;
  /** Calls back when the reply is finished or the caller has gone. */
  onClose(listener: () => void): void;
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
  reply.once('close', () => {
    for (const listener of closeListeners) listener();
  });
  return {
    method: request.method ?? 'GET',
    path: question < 0 ? url : url.slice(0, question),
    query: new URLSearchParams(question < 0 ? '' : url.slice(question + 1)),
    uri: url,
    headers,
    host: headers.host ?? String(headers[':authority'] ?? ''),
    body: request,
    socket: request.socket as TLSSocket | undefined,
    reply: reply as Reply,
    onClose: (listener) => void closeListeners.push(listener),
    acceptEncoding: headers['accept-encoding'] as string | undefined,
  };
}
