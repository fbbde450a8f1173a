import { expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { KubernetesObject } from '../api/meta/object.ts';
import { ensureCertificates } from './certificates.ts';
import { createServiceAccountReviewer } from './service-account-review.ts';
import { createServiceAccountTokenIssuer } from './service-account-tokens.ts';
import { memoryFiles } from './testing/edge-server.ts';
import { createTestApi } from './testing/test-api.ts';

const accounts = '/api/v1/namespaces/default/serviceaccounts';
const invalidated = { error: 'service account token has been invalidated' };
const uidOf = ({ metadata }: KubernetesObject) => metadata.uid ?? '';

async function setUp() {
  const api = await createTestApi();
  const { clock, store } = api;
  const files = memoryFiles();
  const { serviceAccountKey: key } = await ensureCertificates({ files, clock, names: [] });
  const issuer = createServiceAccountTokenIssuer({
    key,
    issuer: 'https://issuer',
    clock,
    random: seededRandom(1),
  });
  const review = createServiceAccountReviewer({ issuer, store, clock });
  const account = await api.ok(`POST ${accounts}`, { metadata: { name: 'robot' } });
  const issue = (options: object) =>
    issuer.issue({
      namespace: 'default',
      serviceAccount: { name: 'robot', uid: uidOf(account) },
      audiences: [],
      expirationSeconds: 600,
      ...options,
    }).token;
  const issueLasting = (secretName: string) =>
    issuer.issueLasting({
      namespace: 'default',
      serviceAccount: { name: 'robot', uid: uidOf(account) },
      secretName,
    });
  return { api, review, issue, issueLasting };
}

it('API-1102: a token is good as long as its account and its pod are there', async () => {
  const { api, review, issue } = await setUp();
  const pod = await api.ok('POST /api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const plain = issue({});
  const bound = issue({ pod: { name: 'p', uid: uidOf(pod) } });
  expect(review(plain)).toMatchObject({ user: { name: 'system:serviceaccount:default:robot' } });
  expect(review(bound)).toHaveProperty('user');
  expect(review('nonsense')).toEqual({ error: '' });
  await api.ok('DELETE /api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
  expect(review(bound)).toEqual(invalidated);
  await api.ok(`DELETE ${accounts}/robot`);
  expect(review(plain)).toEqual({ error: 'serviceaccounts "robot" not found' });
  await api.ok(`POST ${accounts}`, { metadata: { name: 'robot' } });
  expect(review(plain)).toMatchObject({
    error: expect.stringMatching(/^service account UID .* does not match claim/) as string,
  });
});

it('API-1102: a token outlives the deletion of its secret for a minute only', async () => {
  const { api, review, issue } = await setUp();
  const secrets = '/api/v1/namespaces/default/secrets';
  const metadata = { name: 's', finalizers: ['example.com/keep'] };
  const secret = await api.ok(`POST ${secrets}`, { metadata });
  const token = issue({ secret: { name: 's', uid: uidOf(secret) } });
  await api.ok(`DELETE ${secrets}/s`);
  expect(review(token)).toHaveProperty('user');
  api.clock.advance(61_000);
  expect(review(token)).toEqual(invalidated);
});

it('API-1102: a token of a node dies with the node; that of a pod does not', async () => {
  const { api, review, issue } = await setUp();
  const node = await api.ok('POST /api/v1/nodes', { metadata: { name: 'n' } });
  const pod = await api.ok('POST /api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const bound = { node: { name: 'n', uid: uidOf(node) } };
  const ofNode = issue(bound);
  const ofPod = issue({ ...bound, pod: { name: 'p', uid: uidOf(pod) } });
  await api.ok('DELETE /api/v1/nodes/n');
  expect(review(ofNode)).toEqual(invalidated);
  expect(review(ofPod)).toMatchObject({
    user: { extra: { 'authentication.kubernetes.io/node-name': ['n'] } },
  });
});

it('API-1102: a token in a Secret is good as long as the Secret holds it', async () => {
  const { api, review, issueLasting } = await setUp();
  const secrets = '/api/v1/namespaces/default/secrets';
  const token = issueLasting('s');
  expect(review(token)).toEqual({ error: 'Token has been invalidated' });
  const data = { token: Buffer.from(token).toString('base64') };
  await api.ok(`POST ${secrets}`, { metadata: { name: 's' }, data });
  expect(review(token)).toMatchObject({
    user: { name: 'system:serviceaccount:default:robot', extra: {} },
    audiences: ['https://issuer'],
  });
  expect(review(token, ['vault'])).toMatchObject({
    error: expect.stringContaining('["https://issuer"] is invalid') as string,
  });
  const label = (value: string | null) =>
    api.ok(`PATCH ${secrets}/s`, {
      metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': value } },
    });
  await label('2026-01-01');
  expect(review(token)).toMatchObject({
    error: expect.stringContaining('has been marked invalid') as string,
  });
  await label(null);
  expect(review(token)).toHaveProperty('user');
  await api.ok(`PATCH ${secrets}/s`, { data: { token: 'YQ==' } });
  expect(review(token)).toEqual({ error: "Token does not match server's copy" });
  await api.ok(`PATCH ${secrets}/s`, { data });
  await api.ok(`DELETE ${accounts}/robot`);
  expect(review(token)).toEqual({ error: 'serviceaccounts "robot" not found' });
});
