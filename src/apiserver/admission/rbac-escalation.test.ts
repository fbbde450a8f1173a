import { beforeEach, describe, expect, it } from 'vitest';
import type { Status } from '../../api/generated/types.ts';
import type { UserInfo } from '../api-request.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const IN_DEFAULT = `${RBAC}/namespaces/default`;
const jane: UserInfo = { name: 'jane', uid: '', groups: ['system:authenticated'] };
const subjects = [{ kind: 'User', name: 'jane' }];
const readPods = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] };
const writesRbac = {
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  verbs: ['create', 'update', 'patch'],
};

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
});

/** Gives jane cluster-wide rules. */
async function give(...rules: object[]): Promise<void> {
  const metadata = { name: 'janes' };
  await api.ok(`POST ${RBAC}/clusterroles`, { metadata, rules });
  const roleRef = { kind: 'ClusterRole', name: 'janes' };
  await api.ok(`POST ${RBAC}/clusterrolebindings`, { metadata, roleRef, subjects });
}

const asJane = (line: string, body: object) => api.call<Status>(line, { user: jane, body });
const role = (...rules: object[]) => ({ metadata: { name: 'r' }, rules });

describe('roles', () => {
  it('API-1105: may hold what their author holds', async () => {
    await give(writesRbac, readPods);
    expect((await asJane(`POST ${IN_DEFAULT}/roles`, role(readPods))).code).toBe(201);
    expect((await asJane(`POST ${RBAC}/clusterroles`, role(readPods))).code).toBe(201);
  });

  it('API-1105: may hold no more, which is listed by resource', async () => {
    await give(writesRbac, readPods);
    const more = {
      apiGroups: [''],
      resources: ['pods', 'secrets'],
      verbs: ['list', 'get', 'watch'],
    };
    const { code, body } = await asJane(`POST ${IN_DEFAULT}/roles`, role(more));
    expect(code).toBe(403);
    expect(body.message).toBe(
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" ' +
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions ' +
        'not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["watch"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["list" "get" "watch"]}',
    );
  });

  it('API-1105: cannot be extended by update or patch either; finalizers can', async () => {
    await give(writesRbac, readPods);
    await api.ok(`POST ${IN_DEFAULT}/roles`, role(secrets));
    const put = await asJane(`PUT ${IN_DEFAULT}/roles/r`, role(secrets, readPods));
    expect(put.code).toBe(403);
    const patch = await asJane(`PATCH ${IN_DEFAULT}/roles/r`, { metadata: { labels: { a: 'b' } } });
    expect(patch.code).toBe(403);
    const finalizers = { metadata: { finalizers: ['example.com/wait'] } };
    expect((await asJane(`PATCH ${IN_DEFAULT}/roles/r`, finalizers)).code).toBe(200);
  });

  it('API-1105: the verb escalate allows more', async () => {
    await give({ ...writesRbac, verbs: ['create', 'escalate'] });
    expect((await asJane(`POST ${IN_DEFAULT}/roles`, role(secrets))).code).toBe(201);
  });

  it('API-1105: only who may do everything gathers roles', async () => {
    await give(writesRbac, readPods);
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    const body = { metadata: { name: 'all' }, aggregationRule };
    const reply = await asJane(`POST ${RBAC}/clusterroles`, body);
    expect(reply.body.message).toBe(
      'clusterroles.rbac.authorization.k8s.io "all" is forbidden: ' +
        'must have cluster-admin privileges to use the aggregationRule',
    );
  });

  it('API-1105: a star covers all, a name covers itself only', async () => {
    await give(
      writesRbac,
      { ...secrets, resourceNames: ['s'] },
      { apiGroups: ['apps'], resources: ['*/scale'], verbs: ['*'] },
      { nonResourceURLs: ['/logs/*'], verbs: ['get'] },
    );
    const rules = [
      { ...secrets, resourceNames: ['s'] },
      { apiGroups: ['apps'], resources: ['statefulsets/scale'], verbs: ['update'] },
      { nonResourceURLs: ['/logs/a'], verbs: ['get'] },
    ];
    expect((await asJane(`POST ${RBAC}/clusterroles`, role(...rules))).code).toBe(201);
    for (const rule of [
      secrets,
      { ...secrets, resourceNames: ['s', 't'] },
      { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['update'] },
      { nonResourceURLs: ['/logs'], verbs: ['get'] },
    ]) {
      const body = { ...role(rule), metadata: { name: 'more' } };
      expect((await asJane(`POST ${RBAC}/clusterroles`, body)).code).toBe(403);
    }
  });
});

describe('bindings', () => {
  const binding = (kind: string, name: string) => ({
    metadata: { name: 'b' },
    roleRef: { kind, name },
    subjects,
  });

  it('API-1105: may grant what their author holds, and no more', async () => {
    await give(writesRbac, readPods);
    await api.ok(`POST ${IN_DEFAULT}/roles`, role(readPods));
    await api.ok(`POST ${RBAC}/clusterroles`, role(secrets));
    const own = await asJane(`POST ${IN_DEFAULT}/rolebindings`, binding('Role', 'r'));
    expect(own.code).toBe(201);
    for (const path of [`${IN_DEFAULT}/rolebindings`, `${RBAC}/clusterrolebindings`]) {
      const more = await asJane(`POST ${path}`, {
        ...binding('ClusterRole', 'r'),
        metadata: { name: 'more' },
      });
      expect(more.code).toBe(403);
      expect(more.body.message).toContain(
        '\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
      );
    }
  });

  it('API-1105: to a role that is missing are 404', async () => {
    await give(writesRbac);
    const reply = await asJane(`POST ${IN_DEFAULT}/rolebindings`, binding('ClusterRole', 'none'));
    expect(reply.code).toBe(404);
    expect(reply.body.message).toBe('clusterroles.rbac.authorization.k8s.io "none" not found');
  });

  it('API-1105: the verb bind allows that role', async () => {
    const mayBind = { ...writesRbac, resources: ['roles'], verbs: ['bind'], resourceNames: ['r'] };
    await give({ ...writesRbac, resources: ['rolebindings'] }, mayBind);
    await api.ok(`POST ${IN_DEFAULT}/roles`, role(secrets));
    await api.ok(`POST ${IN_DEFAULT}/roles`, { ...role(secrets), metadata: { name: 'other' } });
    const post = (name: string) => asJane(`POST ${IN_DEFAULT}/rolebindings`, binding('Role', name));
    expect((await post('other')).code).toBe(403);
    expect((await post('r')).code).toBe(201);
  });
});

it('API-301: a PUT that creates needs the right to create', async () => {
  await give({ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['update'] });
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
  const reply = await asJane(`PUT ${path}`, { metadata: { name: 'l' }, spec: {} });
  expect(reply.code).toBe(403);
  expect(reply.body.message).toContain('cannot create resource "leases"');
});
