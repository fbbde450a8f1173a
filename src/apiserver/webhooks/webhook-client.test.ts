import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import { startWebhookServer, type WebhookServer } from '../testing/webhook-server.ts';
import { createWebhookClient } from './webhook-client.ts';

let server: WebhookServer;
const paths: string[] = [];

beforeEach(async () => {
  paths.length = 0;
  server = await startWebhookServer((_, path) => {
    paths.push(path);
    return { allowed: true };
  });
});
afterEach(() => server.stop());

function call(config: { url: string; caBundle: string }): Promise<unknown> {
  const dialNode = () => {
    throw new Error('there are no nodes');
  };
  const client = createWebhookClient({ store: createMemoryStore(), clock: systemClock, dialNode });
  const review = { request: { uid: 'u' } };
  return client.call({ config, review, timeoutMs: 10_000, signal: new AbortController().signal });
}

const allowed = { response: { uid: 'u', allowed: true } };

test('API-930: a bundle may be the certificate of the webhook itself', async () => {
  const { url } = server.clientConfig();
  expect(await call({ url, caBundle: server.ownBundle })).toMatchObject(allowed);
});

test('API-930: only certificates of its bundle are trusted, and only for the right name', async () => {
  const other = await startWebhookServer(() => undefined, ['other.example.com']);
  const { url } = server.clientConfig();
  const refused = 'tls: failed to verify certificate: x509: ';
  await expect(call({ url, caBundle: other.caBundle })).rejects.toThrow(
    `${refused}certificate signed by unknown authority`,
  );
  await expect(call(other.clientConfig())).rejects.toThrow(refused);
  await other.stop();
});

test('API-930: a path is cleaned before it is called', async () => {
  for (const path of ['//a//b/', '/', '/a%20b']) await call(server.clientConfig(path));
  expect(paths).toEqual(['/a/b', '/', '/a%20b']);
});
