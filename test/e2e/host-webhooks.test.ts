// Webhooks of a process on the host, as who develops an operator runs them, while the server lives
// in the network of the pods.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWebhookServer } from '../../src/apiserver/testing/webhook-server.ts';
import type { WebhookServer } from '../../src/apiserver/testing/webhook-server.ts';
import { describeWithPods, TestServer } from './server.ts';

interface Hook {
  readonly name: string;
  readonly url: string;
  readonly caBundle: string;
}

/** Asked about config maps that have the hook's name as their label. */
const configuration = ({ name, url, caBundle }: Hook) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name },
  webhooks: [
    {
      name: `${name}.example.com`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 3,
      clientConfig: { url, caBundle },
      objectSelector: { matchLabels: { hook: name } },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
      ],
    },
  ],
});

describeWithPods('webhooks on the host, with nodes', () => {
  const server = new TestServer('--nodes', '1', '--detach');
  let webhook: WebhookServer;
  const create = (name: string, hook: string) => {
    const metadata = { name, labels: { hook } };
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
    return server.run(['create', '-f', '-'], { stdin });
  };

  beforeAll(async () => {
    await server.start();
    webhook = await startWebhookServer(
      ({ object }) => {
        const { name } = (object ?? {})['metadata'] as { name: string };
        return { allowed: !name.startsWith('bad'), status: { message: 'that name is taken' } };
      },
      ['127.0.0.1', 'localhost'],
    );
  });
  afterAll(async () => {
    await webhook.stop();
    await server.dispose();
  });

  test.each(['127.0.0.1', 'localhost'])('API-930: a webhook at %s of the host', async (host) => {
    const { port, caBundle } = webhook;
    const name = host === 'localhost' ? 'by-name' : 'by-address';
    await server.apply(configuration({ name, url: `https://${host}:${port}/`, caBundle }));
    const asked = webhook.asked.length;
    const good = await Promise.all(
      ['a', 'b', 'c'].map((end) => create(`good-${name}-${end}`, name)),
    );
    expect(good.map(({ stderr, code }) => stderr + code)).toEqual(['0', '0', '0']);
    const bad = await create(`bad-${name}`, name);
    expect(bad.stderr).toContain(
      `admission webhook "${name}.example.com" denied the request: that name is taken`,
    );
    expect(webhook.asked.length - asked).toBe(4);
  });

  test('API-930: where nothing listens, or nothing answers, the words are the same', async () => {
    const { caBundle } = webhook;
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const url = `https://127.0.0.1:${port}/`;
    await server.apply(configuration({ name: 'silent', url, caBundle }));
    expect((await create('a', 'silent')).stderr).toContain('context deadline exceeded');
    silent.close();
    expect((await create('b', 'silent')).stderr).toContain(
      `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
    const nowhere = 'https://webhook.invalid/';
    await server.apply(configuration({ name: 'nowhere', url: nowhere, caBundle }));
    expect((await create('c', 'nowhere')).stderr).toContain('lookup webhook.invalid');
  });
});
