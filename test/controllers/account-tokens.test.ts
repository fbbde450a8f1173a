// Secrets of type kubernetes.io/service-account-token: filled for their account, and gone with it.
import { expect, it } from 'vitest';
import type { Secret } from '../../src/api/generated/types.ts';
import { secrets, serviceAccounts } from '../../src/api/resources.ts';
import { useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: 'serviceaccount,serviceaccount-token' });
const type = 'kubernetes.io/service-account-token';
const secretFor = (namespace: string, name: string, account: string) =>
  cluster.create<Secret>(secrets, {
    metadata: { namespace, name, annotations: { 'kubernetes.io/service-account.name': account } },
    type,
  });

it('API-1102: a Secret that names an account gets its token, and goes with the account', async () => {
  const namespace = await cluster.namespace('tokens');
  const account = { metadata: { namespace, name: 'robot' } };
  const { metadata } = await cluster.create(serviceAccounts, account);
  await secretFor(namespace, 'lasting', 'robot');
  const name = { namespace, name: 'lasting' };
  const keys = async () => Object.keys((await cluster.get(secrets, name))?.data ?? {}).sort();
  await cluster.eventually(keys, ['ca.crt', 'namespace', 'token']);
  const filled = await cluster.get(secrets, name);
  expect(filled?.metadata.annotations).toMatchObject({
    'kubernetes.io/service-account.uid': metadata.uid,
  });
  const token = Buffer.from(filled?.data?.['token'] ?? '', 'base64').toString();
  const payload: unknown = JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  );
  expect(payload).toMatchObject({
    iss: 'kubernetes/serviceaccount',
    sub: `system:serviceaccount:${namespace}:robot`,
    'kubernetes.io/serviceaccount/secret.name': 'lasting',
  });
  await cluster.client.resource(serviceAccounts).delete({ namespace, name: 'robot' });
  await cluster.gone(secrets, name);
});

it('API-1102: a Secret whose account is not there is removed', async () => {
  const namespace = await cluster.namespace('tokens');
  await secretFor(namespace, 'orphan', 'nobody');
  await cluster.gone(secrets, { namespace, name: 'orphan' });
});
