// What the edge needs of a reply, be it HTTP/1.1 or HTTP/2, and the plain ways to send one.
import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline, Readable, type Writable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { StatusError } from '../api/meta/status-error.ts';

/** The common part of http.ServerResponse and http2.Http2ServerResponse. */
export interface Reply {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed?: boolean;
  /** Of HTTP/2, where each write is a frame of its own unless they are corked. */
  readonly stream?: { cork(): void };
  statusCode: number;
  writeHead(code: number, headers: OutgoingHttpHeaders): unknown;
  flushHeaders(): void;
  write(chunk: Buffer | string, callback?: (error?: Error | null) => void): boolean;
  end(chunk?: Buffer | string): unknown;
  destroy(error?: Error): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
  off(event: 'close' | 'drain', listener: () => void): unknown;
}

export interface ReplyContext {
  readonly reply: Reply;
  /** The request's Accept-Encoding, if any. */
  readonly acceptEncoding: string | undefined;
}

/** Bodies above this size are compressed for callers that accept it (API-108). */
const GZIP_BYTES_MIN = 128 * 1024;

const GZIP_HEADERS = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' };

const compress = promisify(gzip);

const acceptsGzip = ({ acceptEncoding }: ReplyContext) => /\bgzip\b/.test(acceptEncoding ?? '');

const CACHE_CONTROL = 'no-cache, private';

/** Content type of our own plain texts. */
export const TEXT = 'text/plain; charset=utf-8';

/** Sends a whole body, compressed when it is large and the caller accepts gzip. */
export async function send(
  context: ReplyContext,
  code: number,
  { body, headers }: { body: Buffer | string; headers: OutgoingHttpHeaders },
): Promise<void> {
  const { reply } = context;
  if (hasGone(reply)) return;
  let bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const head: OutgoingHttpHeaders = { 'cache-control': CACHE_CONTROL, ...headers };
  if (bytes.length > GZIP_BYTES_MIN && acceptsGzip(context)) {
    bytes = await compress(bytes, { level: constants.Z_BEST_SPEED });
    Object.assign(head, GZIP_HEADERS);
  }
  head['content-length'] = bytes.length;
  reply.writeHead(code, head);
  reply.end(bytes);
}

/** True when nobody will read what is written. */
const hasGone = ({ destroyed }: Reply) => destroyed === true;

/** Resolves when more can be written, or nothing ever again. */
function drained(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      reply.off('drain', done);
      reply.off('close', done);
      resolve();
    };
    reply.on('drain', done);
    reply.on('close', done);
  });
}

/** Sends a body piece by piece, as fast as the caller reads; compressed as `send` does. */
export async function sendPieces(
  context: ReplyContext,
  { length, pieces }: { readonly length: number; readonly pieces: Iterable<Buffer> },
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { reply } = context;
  if (length <= GZIP_BYTES_MIN) {
    return send(context, 200, { body: Buffer.concat([...pieces], length), headers });
  }
  if (hasGone(reply)) return;
  const head = { 'cache-control': CACHE_CONTROL, ...headers };
  if (acceptsGzip(context)) {
    reply.writeHead(200, { ...head, ...GZIP_HEADERS });
    const compressed = createGzip({ level: constants.Z_BEST_SPEED });
    // Who hangs up ends it all, and hears no more of it.
    pipeline(Readable.from(pieces), compressed, reply as unknown as Writable, () => {});
    return;
  }
  reply.writeHead(200, { ...head, 'content-length': length });
  for (const piece of pieces) {
    if (hasGone(reply)) return;
    if (!reply.write(piece)) await drained(reply);
  }
  reply.end();
}

const NEWLINE = Buffer.from('\n');

/** Sends JSON that is encoded already, as `send` does, and ends its line. */
export function sendEncoded(
  context: ReplyContext,
  code: number,
  { encoded, headers }: { encoded: Buffer; headers: OutgoingHttpHeaders },
): Promise<void> | void {
  const { reply } = context;
  const head = { ...headers, 'content-type': 'application/json' };
  if (encoded.length >= GZIP_BYTES_MIN) {
    return send(context, code, { body: Buffer.concat([encoded, NEWLINE]), headers: head });
  }
  if (hasGone(reply)) return undefined;
  reply.writeHead(code, {
    'cache-control': CACHE_CONTROL,
    ...head,
    'content-length': encoded.length + NEWLINE.length,
  });
  reply.stream?.cork();
  reply.write(encoded);
  reply.end(NEWLINE);
  return undefined;
}

/** Sends a plain text; `nosniff` keeps browsers from guessing (API-109). */
export function sendText(context: ReplyContext, code: number, body: string): Promise<void> {
  const headers = { 'content-type': TEXT, 'x-content-type-options': 'nosniff' };
  return send(context, code, { body, headers });
}

/** Sends any JSON value. */
export function sendJson(context: ReplyContext, code: number, value: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  return send(context, code, { body: `${JSON.stringify(value)}\n`, headers });
}

/** Total length of warnings above which each is cut, and the length it is cut to (API-114). */
const WARNINGS_CHARS_MAX = 4096;
const WARNING_CHARS_MAX = 256;

/** The values of the Warning headers for some texts: ASCII, quoted. */
export function warningHeaders(texts: readonly string[]): string[] {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  return texts.map((text) => {
    const cut = total > WARNINGS_CHARS_MAX ? text.slice(0, WARNING_CHARS_MAX) : text;
    const plain = cut.replace(/[\r\n\t]+/g, ' ').replace(/[^\x20-\x7e]/g, '');
    return `299 - "${plain.replace(/["\\]/g, '\\$&')}"`;
  });
}

/**
 * Sends an error's Status in JSON, or as the `yaml` it was put in, with Retry-After when it names a
 * delay (API-110).
 */
export function sendStatus(
  context: ReplyContext,
  error: StatusError,
  yaml?: string,
): Promise<void> {
  const seconds = error.status.details?.retryAfterSeconds;
  const headers = {
    'content-type': yaml === undefined ? 'application/json' : 'application/yaml',
    ...(seconds ? { 'retry-after': String(seconds) } : {}),
    ...(error.warnings.length > 0 ? { Warning: warningHeaders(error.warnings) } : {}),
  };
  const body = yaml ?? `${JSON.stringify(error.status)}\n`;
  return send(context, error.code, { body, headers });
}
