// HTTP GET as probes and lifecycle hooks do it: no certificate checks, redirects only within a
// host.
import type { IncomingMessage } from 'node:http';
import type { HTTPGetAction, HTTPHeader } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';

export interface HttpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpReply {
  readonly statusCode: number;
  readonly body: string;
  /** The reply sends the client to another host; it was not followed. */
  readonly leavesHost: boolean;
}

const REDIRECTS_MAX = 10;
const BODY_BYTES_MAX = 10 * 1024;

function headersOf(list: readonly HTTPHeader[] | undefined, agent: string): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': agent, accept: '*/*' };
  for (const { name, value } of list ?? []) headers[name.toLowerCase()] = value;
  headers['connection'] = 'close';
  return headers;
}

/** `podIP` is used without an explicit host; `agent`: `kube-probe/1.36`. */
export function httpTarget(
  action: HTTPGetAction,
  { podIP, port, agent }: { podIP: string; port: number; agent: string },
): HttpTarget {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host ?? podIP;
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const path = action.path ?? '/';
  const url = `${scheme}://${authority}${path.startsWith('/') ? path : `/${path}`}`;
  return { url, headers: headersOf(action.httpHeaders, agent) };
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BODY_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString();
}

async function open(target: HttpTarget, signal: AbortSignal): Promise<IncomingMessage> {
  const secure = target.url.startsWith('https:');
  const { request } = secure ? await import('node:https') : await import('node:http');
  const options = { headers: target.headers, signal, rejectUnauthorized: false, agent: false };
  return new Promise((resolve, reject) => {
    const outgoing = request(target.url, options as object, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function redirectOf(message: IncomingMessage, url: string): URL | undefined {
  const code = message.statusCode ?? 0;
  const { location } = message.headers;
  const redirects = [301, 302, 303, 307, 308].includes(code) && location !== undefined;
  return redirects && URL.canParse(location, url) ? new URL(location, url) : undefined;
}

/** Throws the connection's error, or Error `timeout` after `timeoutMs`. */
export async function httpGet(
  target: HttpTarget,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<HttpReply> {
  const abort = new AbortController();
  const timer = clock.schedule(timeoutMs, () => abort.abort(new Error('timeout')));
  try {
    let { url } = target;
    for (let count = 0; ; count++) {
      const message = await open({ ...target, url }, abort.signal);
      const next = redirectOf(message, url);
      const leavesHost = next !== undefined && next.hostname !== new URL(url).hostname;
      if (next === undefined || leavesHost) {
        const body = await readBody(message);
        return { statusCode: message.statusCode ?? 0, body, leavesHost };
      }
      message.destroy();
      if (count === REDIRECTS_MAX) throw new Error('stopped after 10 redirects');
      url = next.href;
    }
  } catch (error) {
    throw abort.signal.aborted ? new Error('timeout', { cause: error }) : error;
  } finally {
    timer.cancel();
  }
}
