import { beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import type { UserInfo } from '../api-request.ts';
import { createAuthorizer, type Authorizer } from './authorizer.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const userOf = (name: string, ...groups: string[]): UserInfo => ({ name, uid: '', groups });
const action = (verb: string, resource: string, more: object = {}) => {
  const [main = '', subresource = ''] = resource.split('/');
  return { verb, group: '', resource: main, subresource, namespace: 'default', name: '', ...more };
};

let api: TestApi;
let authorizer: Authorizer;
beforeEach(async () => {
  api = await createTestApi();
  authorizer = createAuthorizer(api.store);
});

const role = (name: string, ...rules: object[]) =>
  api.ok(`POST ${RBAC}/namespaces/default/roles`, { metadata: { name }, rules });
const clusterRole = (name: string, ...rules: object[]) =>
  api.ok(`POST ${RBAC}/clusterroles`, { metadata: { name }, rules });
const bind = (name: string, [kind, of]: readonly [string, string], ...subjects: object[]) =>
  api.ok(`POST ${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name },
    roleRef: { kind, name: of },
    subjects,
  });
const bindEverywhere = (name: string, of: string, ...subjects: object[]) =>
  api.ok(`POST ${RBAC}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { kind: 'ClusterRole', name: of },
    subjects,
  });

const readPods = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
const jane = { kind: 'User', name: 'jane' };
const allowed = (user: UserInfo, attributes: Parameters<Authorizer['decide']>[1]) =>
  authorizer.decide(user, attributes).allowed;

describe('decisions', () => {
  it('API-1104: members of system:masters may do everything', () => {
    const root = userOf('root', 'system:masters');
    expect(authorizer.decide(root, action('explode', 'worlds'))).toEqual({
      allowed: true,
      reason: '',
    });
  });

  it('API-1105: a role holds in its namespace only, and says why', async () => {
    await role('reader', readPods);
    await bind('r', ['Role', 'reader'], jane);
    const reason = 'RBAC: allowed by RoleBinding "r/default" of Role "reader" to User "jane"';
    expect(authorizer.decide(userOf('jane'), action('get', 'pods'))).toEqual({
      allowed: true,
      reason,
    });
    expect(allowed(userOf('jane'), action('get', 'pods', { namespace: 'other' }))).toBe(false);
    expect(allowed(userOf('jane'), action('get', 'pods', { namespace: '' }))).toBe(false);
    expect(allowed(userOf('joe'), action('get', 'pods'))).toBe(false);
  });

  it('API-1105: bindings are followed from the moment they change', async () => {
    await role('reader', readPods);
    expect(allowed(userOf('jane'), action('get', 'pods'))).toBe(false);
    await bind('r', ['Role', 'reader'], jane);
    expect(allowed(userOf('jane'), action('get', 'pods'))).toBe(true);
    const path = `${RBAC}/namespaces/default/rolebindings/r`;
    await api.ok(`PATCH ${path}`, { subjects: [{ kind: 'Group', name: 'team' }] });
    expect(allowed(userOf('jane'), action('get', 'pods'))).toBe(false);
    expect(allowed(userOf('jane', 'team'), action('get', 'pods'))).toBe(true);
    await api.ok(`DELETE ${path}`);
    expect(allowed(userOf('jane', 'team'), action('get', 'pods'))).toBe(false);
  });

  it('API-1105: subresources are named, by their own or for all resources', async () => {
    const get = ['get'];
    await clusterRole(
      'sub',
      { apiGroups: [''], resources: ['pods/log'], verbs: get },
      { apiGroups: ['apps'], resources: ['*/scale'], verbs: get },
    );
    await bindEverywhere('sub', 'sub', jane);
    expect(allowed(userOf('jane'), action('get', 'pods/log'))).toBe(true);
    expect(allowed(userOf('jane'), action('get', 'pods'))).toBe(false);
    expect(allowed(userOf('jane'), action('get', 'pods/exec'))).toBe(false);
    const apps = { group: 'apps' };
    expect(allowed(userOf('jane'), action('get', 'deployments/scale', apps))).toBe(true);
    expect(allowed(userOf('jane'), action('get', 'deployments/status', apps))).toBe(false);
    expect(allowed(userOf('jane'), action('get', 'deployments/autoscale', apps))).toBe(false);
  });

  it('API-1105: resourceNames narrow a rule; what has no name is not among them', async () => {
    await role('one', { ...readPods, resourceNames: ['web-0'] });
    await bind('one', ['Role', 'one'], jane);
    expect(allowed(userOf('jane'), action('get', 'pods', { name: 'web-0' }))).toBe(true);
    expect(allowed(userOf('jane'), action('get', 'pods', { name: 'web-1' }))).toBe(false);
    expect(allowed(userOf('jane'), action('list', 'pods'))).toBe(false);
  });

  it('API-1105: service accounts are subjects, in the binding’s namespace by default', async () => {
    await clusterRole('reader', readPods);
    await bind('sa', ['ClusterRole', 'reader'], { kind: 'ServiceAccount', name: 'robot' });
    const robot = userOf('system:serviceaccount:default:robot');
    expect(authorizer.decide(robot, action('get', 'pods')).reason).toBe(
      'RBAC: allowed by RoleBinding "sa/default" of ClusterRole "reader" ' +
        'to ServiceAccount "robot/default"',
    );
    const other = userOf('system:serviceaccount:other:robot');
    expect(allowed(other, action('get', 'pods'))).toBe(false);
  });

  it('API-1105: a cluster role bound to a group allows paths, with a star at the end', async () => {
    await clusterRole('paths', { nonResourceURLs: ['/logs/*', '/metrics'], verbs: ['get'] });
    await bindEverywhere('paths', 'paths', { kind: 'Group', name: 'ops' });
    const ops = userOf('o', 'ops');
    for (const path of ['/metrics', '/logs/', '/logs/a/b']) {
      expect(allowed(ops, { verb: 'get', path })).toBe(true);
    }
    for (const path of ['/metrics/', '/metricsx', '/log', '/logs']) {
      expect(allowed(ops, { verb: 'get', path })).toBe(false);
    }
    expect(allowed(ops, { verb: 'post', path: '/metrics' })).toBe(false);
  });

  it('API-317: a binding to a role that is missing says so and grants nothing', async () => {
    await bind('none', ['Role', 'gone'], jane);
    await bindEverywhere('none', 'lost', jane);
    expect(authorizer.decide(userOf('jane'), action('get', 'pods'))).toEqual({
      allowed: false,
      reason:
        'RBAC: [clusterrole.rbac.authorization.k8s.io "lost" not found, ' +
        'role.rbac.authorization.k8s.io "gone" not found]',
    });
  });
});

describe('the default policy', () => {
  const bootstrap = () => {
    const { store, clock } = api;
    return bootstrapPolicy({ store, clock, random: seededRandom(2) });
  };
  const known = userOf('u', 'system:authenticated');
  const stranger = userOf('system:anonymous', 'system:unauthenticated');
  const get = (path: string) => ({ verb: 'get', path });

  it('API-1105: discovery is for all who are known, health and version for everybody', async () => {
    await bootstrap();
    for (const path of ['/api', '/apis', '/apis/apps/v1', '/openapi/v3', '/healthz', '/version']) {
      expect(allowed(known, get(path))).toBe(true);
    }
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
      expect(allowed(stranger, get(path))).toBe(true);
    }
    for (const path of ['/api', '/apis', '/openapi/v3', '/metrics', '/']) {
      expect(allowed(stranger, get(path))).toBe(false);
    }
    expect(allowed(known, get('/metrics'))).toBe(false);
  });

  it('API-1105: the known may ask about themselves', async () => {
    await bootstrap();
    const reviews = { group: 'authorization.k8s.io', namespace: '' };
    expect(allowed(known, action('create', 'selfsubjectaccessreviews', reviews))).toBe(true);
    expect(allowed(known, action('create', 'subjectaccessreviews', reviews))).toBe(false);
    expect(allowed(stranger, action('create', 'selfsubjectaccessreviews', reviews))).toBe(false);
  });

  it('API-1105: a second start writes nothing', async () => {
    await bootstrap();
    const { revision } = api.store;
    await bootstrap();
    expect(api.store.revision).toBe(revision);
  });

  it('API-1105: a start restores what is missing and keeps what was added', async () => {
    await bootstrap();
    const path = `${RBAC}/clusterroles/system:discovery`;
    const extra = { nonResourceURLs: ['/extra'], verbs: ['get'] };
    await api.ok(`PATCH ${path}`, { rules: [extra] });
    const binding = `${RBAC}/clusterrolebindings/system:discovery`;
    await api.ok(`PATCH ${binding}`, { subjects: [jane] });
    await bootstrap();
    expect(allowed(known, get('/apis'))).toBe(true);
    expect(allowed(userOf('jane'), get('/extra'))).toBe(true);
  });

  it('API-1105: a start leaves alone what is not to be updated', async () => {
    await bootstrap();
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    const path = `${RBAC}/clusterroles/system:discovery`;
    await api.ok(`PATCH ${path}`, { metadata: { annotations }, rules: null });
    await bootstrap();
    expect(allowed(known, get('/apis'))).toBe(false);
  });
});
