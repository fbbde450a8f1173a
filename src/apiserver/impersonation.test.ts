import type { IncomingHttpHeaders } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { StatusError } from '../api/meta/status-error.ts';
import type { UserInfo } from './api-request.ts';
import { createAuthorizer } from './authorization/authorizer.ts';
import { impersonated } from './impersonation.ts';
import { createTestApi, type TestApi } from './testing/test-api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const root: UserInfo = { name: 'root', uid: '', groups: ['system:masters'] };
const jane: UserInfo = { name: 'jane', uid: '', groups: ['system:authenticated'] };
const listPods = {
  verb: 'list',
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: '',
};

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
});

function become(user: UserInfo, headers: IncomingHttpHeaders, attributes: object = listPods) {
  const authorizer = createAuthorizer(api.store);
  const what = attributes as typeof listPods;
  return impersonated(user, headers, { authorizer, attributes: what });
}

function refusedAs(user: UserInfo, headers: IncomingHttpHeaders, attributes?: object) {
  try {
    become(user, headers, attributes);
  } catch (error) {
    if (error instanceof StatusError) return [error.code, error.message];
  }
  throw new Error('it was not refused');
}

async function give(...rules: object[]): Promise<void> {
  const metadata = { name: 'janes' };
  await api.ok(`POST ${RBAC}/clusterroles`, { metadata, rules });
  const roleRef = { kind: 'ClusterRole', name: 'janes' };
  const subjects = [{ kind: 'User', name: 'jane' }];
  await api.ok(`POST ${RBAC}/clusterrolebindings`, { metadata, roleRef, subjects });
}

describe('who one becomes', () => {
  it('API-1107: without headers oneself', () => {
    expect(become(jane, {})).toBe(jane);
  });

  it('API-1107: a user with the groups and extras that are asked for', () => {
    const headers = {
      'impersonate-user': 'boss',
      'impersonate-uid': 'u1',
      'impersonate-group': 'a, b',
      'impersonate-extra-example.com%2fscope': 'x',
    };
    expect(become(root, headers)).toEqual({
      name: 'boss',
      uid: 'u1',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'example.com/scope': ['x'] },
    });
  });

  it('API-1107: a service account with its groups, a node with its own', () => {
    const account = become(root, { 'impersonate-user': 'system:serviceaccount:ns:robot' });
    expect(account.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:ns',
      'system:authenticated',
    ]);
    const node = become(root, { 'impersonate-user': 'system:node:n1' });
    expect(node.groups).toEqual(['system:nodes', 'system:authenticated']);
  });

  it('API-1107: the anonymous user is not authenticated', () => {
    const { groups } = become(root, { 'impersonate-user': 'system:anonymous' });
    expect(groups).toEqual(['system:unauthenticated']);
  });
});

describe('who may', () => {
  const boss = { 'impersonate-user': 'boss' };

  it('API-1107: nobody without a right; the text names the first mode that might have served', () => {
    const text = (mode: string) =>
      `pods is forbidden: User "jane" cannot impersonate-on:${mode}:list resource "pods" ` +
      'in API group "" in the namespace "default"';
    expect(refusedAs(jane, boss)).toEqual([403, text('user-info')]);
    const account = { 'impersonate-user': 'system:serviceaccount:ns:robot' };
    expect(refusedAs(jane, account)).toEqual([403, text('serviceaccount')]);
    const node = { 'impersonate-user': 'system:node:n1' };
    expect(refusedAs(jane, node)).toEqual([403, text('arbitrary-node')]);
    expect(refusedAs(jane, boss, { verb: 'get', path: '/metrics' })).toEqual([
      403,
      'forbidden: User "jane" cannot impersonate-on:user-info:get path "/metrics"',
    ]);
  });

  it('API-1107: headers without a name are a bad request', () => {
    expect(refusedAs(root, { 'impersonate-group': 'g' })).toEqual([
      400,
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, ' +
        'Extra:map[string][]string(nil)} without impersonating a user name',
    ]);
  });

  it('API-1107: the verb impersonate, for the name and each part', async () => {
    await give({ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] });
    expect(become(jane, boss).name).toBe('boss');
    expect(refusedAs(jane, { ...boss, 'impersonate-group': 'g' })[0]).toBe(403);
    expect(refusedAs(jane, { 'impersonate-user': 'system:serviceaccount:ns:r' })[0]).toBe(403);
  });

  it('API-1107: extras are a subresource of their own', async () => {
    const impersonate = ['impersonate'];
    await give(
      { apiGroups: [''], resources: ['users'], verbs: impersonate },
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['userextras/scope'],
        resourceNames: ['view'],
        verbs: impersonate,
      },
    );
    const withScope = (value: string) => ({ ...boss, 'impersonate-extra-scope': value });
    expect(become(jane, withScope('view')).extra).toEqual({ scope: ['view'] });
    expect(refusedAs(jane, withScope('admin'))[0]).toBe(403);
  });

  it('API-1107: constrained, only for what the right names', async () => {
    const authentication = ['authentication.k8s.io'];
    await give(
      { apiGroups: authentication, resources: ['users'], verbs: ['impersonate:user-info'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:list'] },
    );
    expect(become(jane, boss).name).toBe('boss');
    expect(refusedAs(jane, boss, { ...listPods, resource: 'secrets' })[0]).toBe(403);
    const masters = { ...boss, 'impersonate-group': 'system:masters' };
    expect(refusedAs(jane, masters)[1]).toContain(
      'impersonating the system:masters group is not allowed',
    );
  });

  it('API-1107: a service account may be let act as the node it runs on', async () => {
    await give(
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['nodes'],
        verbs: ['impersonate:associated-node'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:associated-node:list'] },
    );
    const extra = { 'authentication.kubernetes.io/node-name': ['n1'] };
    const onNode: UserInfo = { ...jane, extra };
    expect(become(onNode, { 'impersonate-user': 'system:node:n1' }).groups).toContain(
      'system:nodes',
    );
    expect(refusedAs(onNode, { 'impersonate-user': 'system:node:n2' })[0]).toBe(403);
  });
});
