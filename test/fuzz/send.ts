// Sends requests over HTTP/1.1 or HTTP/2, and reads replies without waiting for the end of streams.
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { Received } from './check-reply.ts';
import type { FuzzServer } from './fuzz-server.ts';
import type { FuzzRequest } from './random-request.ts';

/** How long a watch is read, in milliseconds. */
const WATCH_MS = 20;
/** A server that takes longer hangs; the machine may be busy with other things. */
export const HANG_MS = 30_000;

export interface Sender {
  send(request: FuzzRequest): Promise<Received>;
  close(): void;
}

type Head = Omit<Received, 'body' | 'complete'>;

function isStream({ headers, code }: Head): boolean {
  return code === 200 && headers['content-length'] === undefined;
}

/** Reads all of a reply, or the beginning of one that may never end. */
function readReply(head: Head, source: Readable, stop: () => void): Promise<Received> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let complete = true;
    let settled = false;
    const timer = isStream(head)
      ? setTimeout(() => {
          complete = false;
          settle();
          stop();
        }, WATCH_MS)
      : undefined;
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      const bytes = Buffer.concat(chunks);
      const zipped = head.headers['content-encoding'] === 'gzip' && complete;
      resolve({ ...head, body: zipped ? gunzipSync(bytes) : bytes, complete });
    };
    source.on('data', (chunk: Buffer) => chunks.push(chunk));
    source.once('end', settle);
    source.once('error', (error) => (complete ? reject(error) : undefined));
    source.once('close', () => settled || reject(new Error('the reply broke off')));
  });
}

const hung = () => new Error(`no answer in ${HANG_MS} ms`);

/** One connection after another or several at once, as the agent likes. */
export function http1Sender({ port, ca }: FuzzServer): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca });
  return {
    send: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const length = body ? { 'content-length': body.length } : {};
        const options = { host: '127.0.0.1', port, agent, method, path };
        const request = httpsRequest({ ...options, headers: { ...headers, ...length } });
        const timer = setTimeout(() => request.destroy(hung()), HANG_MS);
        request.once('close', () => clearTimeout(timer));
        request.once('error', reject);
        request.once('response', (reply) => {
          const { statusCode: code = 0, headers: received } = reply;
          readReply({ code, headers: received }, reply, () => request.destroy()).then(
            resolve,
            reject,
          );
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Everything on one connection. */
export function http2Sender({ port, ca }: FuzzServer): Sender {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(`https://127.0.0.1:${port}`, { ca });
    session.on('error', () => {});
    return session;
  };
  return {
    send: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const own = { ':method': method, ':path': path };
        let answered = false;
        const request = open().request({ ...headers, ...own }, { endStream: !body });
        const timer = setTimeout(() => request.destroy(hung()), HANG_MS);
        request.once('close', () => {
          clearTimeout(timer);
          if (!answered) reject(new Error(`closed without a reply, code ${request.rstCode}`));
        });
        request.on('error', reject);
        request.once('response', (received) => {
          answered = true;
          const code = received[':status'] ?? 0;
          const stop = () => request.close(constants.NGHTTP2_CANCEL);
          readReply({ code, headers: received }, request, stop).then(resolve, reject);
        });
        if (body) request.end(body);
      }),
    close: () => session?.close(),
  };
}
