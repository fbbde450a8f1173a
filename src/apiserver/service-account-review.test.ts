import { expect, it } from 'vitest';
import { ensureCertificates } from './certificates.ts';
import { createServiceAccountReviewer } from './service-account-review.ts';
import { createServiceAccountTokenIssuer } from './service-account-tokens.ts';
import { memoryFiles } from './testing/edge-server.ts';
import { createTestApi } from './testing/test-api.ts';

it('API-1102: a token is good as long as its account and its pod are there', async () => {
  const api = await createTestApi();
  const { clock, handler } = api;
  const { serviceAccountKey: key } = await ensureCertificates({
    files: memoryFiles(),
    clock,
    names: [],
  });
  const issuer = createServiceAccountTokenIssuer({ key, issuer: 'https://issuer', clock });
  const review = createServiceAccountReviewer({ issuer, handler });
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  const account = await api.ok(`POST ${accounts}`, { metadata: { name: 'robot' } });
  const pod = await api.ok('POST /api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const uidOf = (object: { metadata: { uid?: string | undefined } }) => object.metadata.uid ?? '';
  const issue = (options: object) =>
    issuer.issue({
      namespace: 'default',
      serviceAccount: { name: 'robot', uid: uidOf(account) },
      audiences: [],
      expirationSeconds: 600,
      ...options,
    }).token;
  const plain = issue({});
  const bound = issue({ pod: { name: 'p', uid: uidOf(pod) } });
  expect(await review(plain)).toMatchObject({ name: 'system:serviceaccount:default:robot' });
  expect(await review(bound)).toBeDefined();
  expect(await review('nonsense')).toBeUndefined();
  await api.ok('DELETE /api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
  expect(await review(bound)).toBeUndefined();
  await api.ok(`DELETE ${accounts}/robot`);
  await api.ok(`POST ${accounts}`, { metadata: { name: 'robot' } });
  expect(await review(plain)).toBeUndefined();
});
