// Asks webhooks: POSTs a review and gives back what they answer, over TLS only. Failures are worded
// as the reference does, for people search for these texts.
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import { findEndpoint, urlText, webhookUrl } from './webhook-address.ts';
import type { WebhookConfig, WebhookEndpoint, WebhookNetwork } from './webhook-address.ts';

export interface WebhookCall {
  readonly config: WebhookConfig;
  /** Encoded as JSON. */
  readonly review: object;
  /** Whole seconds. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface WebhookClient {
  /** The JSON value that the webhook answers. Throws Error: `Post "https://…": …`. */
  call(call: WebhookCall): Promise<unknown>;
}

/** Longer answers are refused: a review is an object and a patch of it. */
const ANSWER_BYTES_MAX = 3 * 1024 * 1024;
/** Connections are kept by authority; more of them are forgotten together. */
const AGENTS_MAX = 64;
const SHOWN_BODY_MAX = 512;
const BAD_REQUEST = 400;
const SERVER_ERROR = 500;

/** A client of webhooks; its idle connections keep nobody from exiting. */
export function createWebhookClient(network: WebhookNetwork & { clock: Clock }): WebhookClient {
  const agents = new Map<string, Agent>();
  const agentOf = (ca: string): Agent => {
    const known = agents.get(ca);
    if (known) return known;
    if (agents.size >= AGENTS_MAX) {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    }
    const agent = new Agent({ keepAlive: true, ...(ca === '' ? {} : { ca }) });
    agents.set(ca, agent);
    return agent;
  };
  return {
    async call({ config, review, timeoutMs, signal }) {
      const query = `?timeout=${timeoutMs / 1000}s`;
      const timeout = new AbortController();
      const timer = network.clock.schedule(timeoutMs, () => timeout.abort());
      const ca = Buffer.from(config.caBundle ?? '', 'base64').toString();
      const stop = AbortSignal.any([signal, timeout.signal]);
      const exchange = { config, query, ca, body: JSON.stringify(review), signal: stop };
      try {
        const endpoint = findEndpoint(config, network);
        return await post(exchange, endpoint, agentOf(ca));
      } catch (error) {
        if (error instanceof AnswerError) throw error;
        const why = timeout.signal.aborted ? 'context deadline exceeded' : failureText(error);
        throw new Error(`Post ${JSON.stringify(urlText(config, query))}: ${why}`, { cause: error });
      } finally {
        timer.cancel();
      }
    },
  };
}

/** The webhook answered, but not as it should. */
class AnswerError extends Error {
  override name = 'AnswerError';
}

interface Exchange {
  readonly config: WebhookConfig;
  readonly query: string;
  readonly ca: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

async function post(exchange: Exchange, endpoint: WebhookEndpoint, agent: Agent): Promise<unknown> {
  const socket = endpoint.dial && (await open(endpoint.dial, exchange.signal));
  try {
    const answer = await send(exchange, endpoint, { agent, socket });
    return readAnswer(answer.statusCode ?? SERVER_ERROR, await readAll(answer));
  } catch (error) {
    // A kept connection may have been closed by the other side just now.
    if (!isStale(error) || socket) throw error;
    const fresh = await send(exchange, endpoint, { agent: undefined, socket });
    return readAnswer(fresh.statusCode ?? SERVER_ERROR, await readAll(fresh));
  } finally {
    socket?.destroy();
  }
}

/** Waits no longer than the signal says; what is opened later is closed. */
function open(dial: () => Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('context canceled')), { once: true });
    dial().then((socket) => {
      if (signal.aborted) socket.destroy();
      else resolve(socket);
    }, reject);
  });
}

function isStale(error: unknown): boolean {
  return error instanceof Error && 'reused' in error && error.reused === true;
}

type Connection = { agent: Agent | undefined; socket: Duplex | undefined };

function send(
  { config, query, ca, body, signal }: Exchange,
  { host, port }: WebhookEndpoint,
  { agent, socket }: Connection,
): Promise<IncomingMessage> {
  const url = webhookUrl(config);
  const servername = url.hostname.replace(/^\[|\]$/g, '');
  // As in Go any certificate of the bundle is an anchor, be it the webhook's own (envtest's is).
  const trust = ca === '' ? {} : { ca, allowPartialTrustChain: true };
  const tls = { servername: isName(servername) ? servername : '', ...trust };
  const createConnection = socket && (() => tlsConnect({ socket, ...tls, host: servername }));
  const headers = {
    accept: 'application/json, */*',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    host: url.host,
    'user-agent': 'kube-apiserver-admission',
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        method: 'POST',
        host,
        port,
        path: url.pathname + query,
        headers,
        signal,
        ...tls,
        ...(createConnection ? { createConnection } : { agent: agent ?? false }),
      },
      resolve,
    );
    request.once('error', (error) => {
      if (request.reusedSocket) Object.assign(error, { reused: true });
      reject(error);
    });
    request.end(body);
  });
}

function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(':');
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) {
      answer.destroy();
      throw new AnswerError(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readAnswer(code: number, body: Buffer): unknown {
  const text = body.toString();
  if (code === 404) throw new AnswerError('the server could not find the requested resource');
  if (code >= SERVER_ERROR) {
    const shown = JSON.stringify(text.slice(0, SHOWN_BODY_MAX).trim());
    const what = `an error on the server (${shown})`;
    throw new AnswerError(`${what} has prevented the request from succeeding`);
  }
  if (code >= BAD_REQUEST) {
    throw new AnswerError('the server rejected our request for an unknown reason');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AnswerError(`couldn't get version/kind; json parse error: ${errorMessage(error)}`);
  }
}

/** Codes of Node with what Go says. */
const FAILURES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  CERT_SIGNATURE_FAILURE: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};

interface SystemFailure extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly reason?: string;
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', address, port, hostname, reason } = error as SystemFailure;
  const x509 = FAILURES[code];
  if (x509 !== undefined) return `tls: failed to verify certificate: ${x509}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `tls: failed to verify certificate: x509: ${reason ?? error.message}`;
  }
  if (code === 'ECONNREFUSED') return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  if (code === 'ECONNRESET') return 'EOF';
  return error.message;
}
