import { beforeEach, describe, expect, it } from 'vitest';
import type {
  SelfSubjectRulesReview,
  Status,
  SubjectAccessReview,
  TokenReview,
} from '../../../api/generated/types.ts';
import type { UserInfo } from '../../api-request.ts';
import { bootstrapPolicy } from '../../authorization/bootstrap-policy.ts';
import { seededRandom } from '../../../base/random.ts';
import { createTestApi, type TestApi } from '../../testing/test-api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const jane: UserInfo = {
  name: 'jane',
  uid: 'u1',
  groups: ['system:authenticated'],
  extra: { scope: ['view'] },
};

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi({
    reviewToken: (token, audiences = ['api']) =>
      token === 'good' ? { user: jane, audiences } : { error: 'invalid bearer token' },
  });
  await bootstrapPolicy({ store: api.store, clock: api.clock, random: seededRandom(1) });
  await api.ok(`POST ${RBAC}/namespaces/default/roles`, {
    metadata: { name: 'r' },
    rules: [{ apiGroups: [''], resources: ['pods'], resourceNames: ['p'], verbs: ['get'] }],
  });
  await api.ok(`POST ${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: 'b' },
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'jane' }],
  });
});

const getPod = { namespace: 'default', verb: 'get', resource: 'pods', name: 'p' };
const reason = 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "jane"';

describe('access reviews', () => {
  it('API-1106: what the asker may do, with the reason', async () => {
    const ask = async (resourceAttributes: object) => {
      const reply = await api.call<SubjectAccessReview>(
        `POST ${AUTHORIZATION}/selfsubjectaccessreviews`,
        { user: jane, body: { spec: { resourceAttributes } } },
      );
      expect(reply.code).toBe(201);
      return reply.body.status;
    };
    expect(await ask(getPod)).toEqual({ allowed: true, reason });
    expect(await ask({ ...getPod, name: 'q' })).toEqual({ allowed: false });
    expect(await ask({ ...getPod, namespace: 'other' })).toEqual({ allowed: false });
  });

  it('API-1106: what another may do, by user or group', async () => {
    const path = `POST ${AUTHORIZATION}/subjectaccessreviews`;
    const ask = async (spec: object) => (await api.ok<SubjectAccessReview>(path, { spec })).status;
    expect(await ask({ user: 'jane', resourceAttributes: getPod })).toEqual({
      allowed: true,
      reason,
    });
    const nonResourceAttributes = { path: '/healthz', verb: 'get' };
    const groups = ['system:unauthenticated'];
    expect(await ask({ groups, nonResourceAttributes })).toMatchObject({ allowed: true });
  });

  it('API-1106: what another may do in the namespace of the request only', async () => {
    const path = `POST ${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`;
    const spec = { user: 'jane', resourceAttributes: getPod };
    const reply = await api.ok<SubjectAccessReview>(path, { spec });
    expect(reply.status).toEqual({ allowed: true, reason });
    const elsewhere = { ...getPod, namespace: 'other' };
    const refused = await api.fails(path, { spec: { ...spec, resourceAttributes: elsewhere } });
    expect(refused.details?.causes).toMatchObject([
      { field: 'spec.resourceAttributes.namespace', reason: 'FieldValueInvalid' },
    ]);
  });

  it.each([
    [{ user: 'u' }, 'spec.resourceAttributes'],
    [{ resourceAttributes: {} }, 'spec.user'],
    [
      { user: 'u', resourceAttributes: {}, nonResourceAttributes: {} },
      'spec.nonResourceAttributes',
    ],
    [
      { user: 'u', resourceAttributes: { fieldSelector: {} } },
      'spec.resourceAttributes.fieldSelector.requirements',
    ],
    [
      {
        user: 'u',
        resourceAttributes: {
          fieldSelector: { requirements: [{ operator: 'In' }, { key: 'k', operator: 'New' }] },
        },
      },
      'spec.resourceAttributes.fieldSelector.requirements[0].key,' +
        'spec.resourceAttributes.fieldSelector.requirements[0].values',
    ],
    [
      {
        user: 'u',
        resourceAttributes: {
          labelSelector: { requirements: [{ key: '-', operator: 'Exists', values: ['a'] }] },
        },
      },
      'spec.resourceAttributes.labelSelector.requirements[0].values,' +
        'spec.resourceAttributes.labelSelector.requirements[0].key',
    ],
  ])('API-1106: a question without sense is 422: %j', async (spec, field) => {
    const status = await api.fails(`POST ${AUTHORIZATION}/subjectaccessreviews`, { spec });
    expect(status.code).toBe(422);
    expect(status.details?.causes?.map((cause) => cause.field)).toEqual(field.split(','));
  });

  it('API-1106: the metadata of a question is empty', async () => {
    const body = { metadata: { name: 'x' }, spec: { user: 'u', resourceAttributes: getPod } };
    const status = await api.fails(`POST ${AUTHORIZATION}/subjectaccessreviews`, body);
    expect(status.details?.causes?.map(({ field }) => field)).toEqual(['metadata']);
  });
});

it('API-1106: the rules of the asker in a namespace', async () => {
  const { body } = await api.call<SelfSubjectRulesReview>(
    `POST ${AUTHORIZATION}/selfsubjectrulesreviews`,
    { user: jane, body: { spec: { namespace: 'default' } } },
  );
  expect(body.status?.incomplete).toBe(false);
  expect(body.status?.resourceRules).toContainEqual({
    verbs: ['get'],
    apiGroups: [''],
    resources: ['pods'],
    resourceNames: ['p'],
  });
  expect(body.status?.nonResourceRules).toContainEqual({
    verbs: ['get'],
    nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'],
  });
});

describe('authentication reviews', () => {
  it('API-1106: who the asker is', async () => {
    const { body } = await api.call(`POST ${AUTHENTICATION}/selfsubjectreviews`, {
      user: jane,
      body: {},
    });
    expect(body).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      status: {
        userInfo: {
          username: 'jane',
          uid: 'u1',
          groups: ['system:authenticated'],
          extra: { scope: ['view'] },
        },
      },
    });
  });

  it('API-1106: whose a token is, for which audiences', async () => {
    const path = `POST ${AUTHENTICATION}/tokenreviews`;
    const ask = async (spec: object) => (await api.ok<TokenReview>(path, { spec })).status;
    expect(await ask({ token: 'good', audiences: ['vault'] })).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
      user: { username: 'jane' },
    });
    expect(await ask({ token: 'bad' })).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(await api.fails(path, { spec: { token: '' } })).toMatchObject({
      code: 400,
      message: 'token is required for TokenReview in authentication',
    });
  });
});

it('API-302: reviews are asked, never read', async () => {
  for (const line of [
    `GET ${AUTHORIZATION}/subjectaccessreviews`,
    `DELETE ${AUTHENTICATION}/tokenreviews`,
    `PUT ${AUTHORIZATION}/selfsubjectaccessreviews/x`,
  ]) {
    expect((await api.call<Status>(line, { body: {} })).code).toBe(405);
  }
});
