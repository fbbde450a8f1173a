import { expect, it } from 'vitest';
import { signingRequest } from '../../api/certificates/signing-request.fixture.ts';
import type { UserInfo } from '../api-request.ts';
import { createTestApi } from '../testing/test-api.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

it('API-709: approving and signing need rights on the signer, or on all of its domain', async () => {
  const api = await createTestApi();
  const jane: UserInfo = { name: 'jane', uid: '', groups: ['system:authenticated'] };
  const { request } = signingRequest({ commonName: 'x' });
  const usages = ['client auth'];
  const spec = { request, usages, signerName: 'example.com/one' };
  await api.ok(`POST ${REQUESTS}`, { metadata: { name: 'r' }, spec });
  const grant = async (name: string, rule: object) => {
    const rules = [{ apiGroups: ['certificates.k8s.io'], ...rule }];
    await api.ok(`POST ${RBAC}/clusterroles`, { metadata: { name }, rules });
    await api.ok(`POST ${RBAC}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    });
  };
  const write = async (part: string, status: object) => {
    const { code, body } = await api.call<{ message?: string }>(`PATCH ${REQUESTS}/r/${part}`, {
      body: { status },
      user: jane,
    });
    return [code, body.message];
  };
  const approve = () => write('approval', { conditions: [{ type: 'Approved', status: 'True' }] });
  const sign = (...types: string[]) =>
    write('status', { conditions: types.map((type) => ({ type, status: 'True' })) });

  const resources = ['approval', 'status'].map((part) => `certificatesigningrequests/${part}`);
  await grant('writer', { resources, verbs: ['patch'] });
  const what =
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted';
  const refused = (verb: string) => `${what} to ${verb} requests with signerName "example.com/one"`;
  expect(await approve()).toEqual([403, refused('approve')]);
  expect(await sign('Other')).toEqual([403, refused('sign')]);
  const one = ['example.com/one'];
  await grant('approver', { resources: ['signers'], resourceNames: one, verbs: ['approve'] });
  expect((await approve())[0]).toBe(200);
  expect((await sign('Approved', 'Other'))[0]).toBe(403);
  const all = ['example.com/*'];
  await grant('signer', { resources: ['signers'], resourceNames: all, verbs: ['sign'] });
  expect((await sign('Approved', 'Other'))[0]).toBe(200);
  await api.store.stop();
});
