// A webhook for tests: an HTTPS server of its own that answers reviews as the test says, and keeps
// what it was asked.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { systemClock } from '../../base/clock.ts';
import { issueServer, makeAuthority } from '../certificate-authority.ts';

/** The `request` of a review. */
export interface AskedReview {
  readonly uid: string;
  readonly operation: string;
  readonly object: Record<string, unknown> | null;
  readonly oldObject: Record<string, unknown> | null;
  readonly [member: string]: unknown;
}

/** Members of the `response`; the uid is added. A number: only this HTTP status. */
export type WebhookReply = (request: AskedReview, path: string) => object | number | undefined;

export interface WebhookServer {
  readonly asked: readonly AskedReview[];
  /** `{ url, caBundle }`. */
  clientConfig(path?: string): { url: string; caBundle: string };
  readonly port: number;
  readonly caBundle: string;
  /** The server's own certificate, as a bundle. */
  readonly ownBundle: string;
  stop(): Promise<void>;
}

/** Starts the server; its certificate is for `names`. Undefined from `reply`: never an answer. */
export async function startWebhookServer(
  reply: WebhookReply,
  names: readonly string[] = ['127.0.0.1'],
): Promise<WebhookServer> {
  const nowMs = systemClock.now();
  const authority = makeAuthority(nowMs, 'webhook-ca');
  const { certificate, key } = issueServer(authority, { names, nowMs });
  const asked: AskedReview[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void bodyOf(request).then((text) => {
      const review = JSON.parse(text) as { request: AskedReview };
      asked.push(review.request);
      const path = (request.url ?? '').split('?')[0] ?? '';
      const answer = reply(review.request, path);
      if (answer === undefined) return;
      if (typeof answer === 'number') {
        response.writeHead(answer).end('no');
        return;
      }
      const { uid } = review.request;
      const body = { ...TYPE, response: { uid, ...answer } };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ ...body, ...('review' in answer ? Object(answer.review) : {}) }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const bundleOf = (pem: string) => Buffer.from(pem).toString('base64');
  const caBundle = bundleOf(authority.certificate);
  return {
    asked,
    port,
    caBundle,
    ownBundle: bundleOf(certificate),
    clientConfig: (path = '/') => ({ url: `https://127.0.0.1:${port}${path}`, caBundle }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const TYPE = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The members of a response that patches. */
export function patchWith(...operations: readonly object[]): object {
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { allowed: true, patchType: 'JSONPatch', patch };
}
