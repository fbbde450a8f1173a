import { beforeEach, describe, expect, it } from 'vitest';
import type { UserInfo } from '../../api-request.ts';
import { createTestApi } from '../../testing/test-api.ts';
import type { TestApi } from '../../testing/test-api.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

const onMaps = matchMaps(['CREATE', 'UPDATE', 'DELETE']);

function matchMaps(operations: readonly string[]) {
  return {
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], operations, resources: ['configmaps'] },
    ],
  };
}

async function policy(spec: object, binding: object = {}, name = 'p') {
  await api.ok(`POST ${GROUP}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: onMaps, ...spec },
  });
  await bind(name, binding);
}

function bind(policyName: string, spec: object = {}, name = `${policyName}-b`) {
  return api.ok(`POST ${GROUP}/validatingadmissionpolicybindings`, {
    metadata: { name },
    spec: { policyName, validationActions: ['Deny'], ...spec },
  });
}

function create(name: string, data: object = {}) {
  return api.call(`POST ${MAPS}`, { body: { metadata: { name }, data } });
}

describe('validating admission policies', () => {
  it('API-931: an expression that is false denies, with the text of the reference', async () => {
    await policy({ validations: [{ expression: "object.metadata.name.startsWith('a')" }] });
    expect((await create('a')).code).toBe(201);
    expect((await create('b')).body).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message:
        "configmaps \"b\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p-b' " +
        "denied request: failed expression: object.metadata.name.startsWith('a')",
      details: { name: 'b', kind: 'configmaps', causes: [{}] },
    });
  });

  it('API-931: a policy without binding does nothing', async () => {
    await api.ok(`POST ${GROUP}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: { matchConstraints: onMaps, validations: [{ expression: 'false' }] },
    });
    expect((await create('a')).code).toBe(201);
  });

  it('API-931: messages, reasons, variables, old objects and the request', async () => {
    await policy({
      variables: [
        { name: 'size', expression: 'has(object.data) ? size(object.data) : 0' },
        { name: 'tooBig', expression: 'variables.size > 1' },
      ],
      validations: [
        {
          expression: '!variables.tooBig',
          messageExpression: "string(variables.size) + ' is too many for ' + request.name",
          reason: 'Forbidden',
        },
        {
          expression: "request.operation != 'UPDATE' || oldObject.data == object.data",
          message: 'data stays',
        },
        { expression: "namespaceObject.metadata.name == 'default'" },
      ],
    });
    expect((await create('m', { a: '1', b: '2' })).body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining('denied request: 2 is too many for m'),
    });
    expect((await create('m', { a: '1' })).code).toBe(201);
    const update = await api.fails(`PATCH ${MAPS}/m`, { data: { a: '2' } });
    expect(update.message).toContain('denied request: data stays');
    await api.ok(`PATCH ${MAPS}/m`, { metadata: { labels: { a: 'b' } } });
  });

  it('API-931: match conditions, selectors and exclusions narrow a policy down', async () => {
    await policy({
      matchConstraints: {
        ...onMaps,
        excludeResourceRules: [{ ...onMaps.resourceRules[0], resourceNames: ['spared'] }],
      },
      matchConditions: [{ name: 'user', expression: "request.userInfo.username != 'robot'" }],
      validations: [{ expression: 'false', message: 'no' }],
    });
    expect((await create('m')).code).toBe(422);
    expect((await create('spared')).code).toBe(201);
    const user: UserInfo = { name: 'robot', uid: '', groups: ['system:masters'] };
    const reply = await api.call(`POST ${MAPS}`, { user, body: { metadata: { name: 'm' } } });
    expect(reply.code).toBe(201);
  });

  it('API-931: parameters come from the objects that a binding names', async () => {
    await policy(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [{ expression: 'size(object.metadata.name) <= int(params.data.max)' }],
      },
      { paramRef: { name: 'limits', namespace: 'kube-system', parameterNotFoundAction: 'Deny' } },
    );
    expect((await create('m')).body).toMatchObject({
      message: expect.stringContaining(
        'denied request: failed to configure binding: no params found for policy binding with ' +
          '`Deny` parameterNotFoundAction',
      ),
    });
    await api.ok(`POST /api/v1/namespaces/kube-system/services`, {
      metadata: { name: 'not-matched' },
      spec: { ports: [{ port: 1 }] },
    });
    await api.ok(`DELETE ${GROUP}/validatingadmissionpolicybindings/p-b`);
    await api.ok('POST /api/v1/namespaces/kube-system/configmaps', {
      metadata: { name: 'limits' },
      data: { max: '3' },
    });
    const paramRef = {
      name: 'limits',
      namespace: 'kube-system',
      parameterNotFoundAction: 'Deny',
    };
    await bind('p', { paramRef });
    expect((await create('abc')).code).toBe(201);
    expect((await create('abcd')).code).toBe(422);
  });

  it('API-931: failures of an expression deny, unless they are to be ignored', async () => {
    await policy({ validations: [{ expression: 'object.nothing.here == 1' }] });
    expect((await create('m')).body).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        "denied request: expression 'object.nothing.here == 1' resulted in error: no such key",
      ),
    });
    await api.ok(`PATCH ${GROUP}/validatingadmissionpolicies/p`, {
      spec: { failurePolicy: 'Ignore' },
    });
    expect((await create('m')).code).toBe(201);
  });

  it('API-931: a binding may warn instead', async () => {
    await policy(
      { validations: [{ expression: 'false', message: 'better not' }] },
      { validationActions: ['Warn', 'Audit'] },
    );
    const reply = await create('m');
    expect(reply).toMatchObject({
      code: 201,
      warnings: [
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': better not",
      ],
    });
  });

  it('API-931: variables have types, and may fail without harm', async () => {
    const variables = [
      { name: 'ok', expression: "object.metadata.name == 'a'" },
      { name: 'bad', expression: "object.data.none == 'x'" },
    ];
    await policy({ variables, validations: [{ expression: 'variables.ok || variables.bad' }] });
    expect((await create('a')).code).toBe(201);
    expect((await create('b')).body).toMatchObject({
      message: expect.stringContaining('composited variable "bad" fails to evaluate: '),
    });
    const wrong = { variables, validations: [{ expression: 'variables.other' }] };
    await expect(policy(wrong, {}, 'q')).rejects.toThrow("undefined field 'other'");
  });

  it('API-931: all expressions of a policy have one budget', async () => {
    const data = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, 'v']));
    const expression = 'object.data.all(a, object.data.all(b, a != b || a == b))';
    await policy({ validations: Array.from({ length: 20 }, () => ({ expression })) });
    expect((await create('a', data)).body).toMatchObject({
      message: expect.stringContaining('running out of cost budget'),
    });
  });

  it('API-931: what the user may do is known', async () => {
    const may = "authorizer.group('').resource('secrets').namespace('default').check('get')";
    await policy({
      validations: [
        { expression: `${may}.allowed()` },
        { expression: "authorizer.requestResource.check('create').allowed()" },
      ],
    });
    expect((await create('m')).code).toBe(201);
    await api.ok('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    });
    await api.ok('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'maps' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    });
    const user: UserInfo = { name: 'ann', uid: '', groups: [] };
    const reply = await api.call(`POST ${MAPS}`, { user, body: { metadata: { name: 'n' } } });
    expect(reply.body).toMatchObject({
      message: expect.stringContaining("check('get').allowed()"),
    });
  });

  it('API-931: selectors narrow what is asked of the authorizer', async () => {
    const pods = "authorizer.group('').resource('pods')";
    const own = "fieldSelector('spec.nodeName=n1').labelSelector('a=b')";
    await policy({
      validations: [
        { expression: `${pods}.${own}.check('list').allowed()`, message: 'own pods' },
        { expression: `!${pods}.check('list').allowed()`, message: 'all pods' },
      ],
    });
    await api.ok('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    });
    await api.ok('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'maps' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
    });
    const post = (name: string) =>
      api.call(`POST ${MAPS}`, {
        user: { name: `system:node:${name}`, uid: '', groups: ['system:nodes'] },
        body: { metadata: { name } },
      });
    expect((await post('n1')).code).toBe(201);
    expect((await post('n2')).body).toMatchObject({
      message: expect.stringContaining('denied request: own pods'),
    });
  });

  it('API-931: messages can’t ask the authorizer', async () => {
    const messageExpression = "string(authorizer.path('/x').check('get').allowed())";
    const status = await api.fails(`POST ${GROUP}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: onMaps,
        validations: [{ expression: 'true', messageExpression }],
      },
    });
    expect(status.details?.causes).toMatchObject([
      {
        field: 'spec.validations[0].messageExpression',
        message: expect.stringContaining(
          "compilation failed: ERROR: <input>:1:8: undeclared reference to 'authorizer'",
        ),
      },
    ]);
  });

  it('API-931: expressions that can’t be compiled are refused', async () => {
    const status = await api.fails(`POST ${GROUP}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: onMaps,
        validations: [{ expression: 'object.a ==' }, { expression: "'text'" }],
      },
    });
    expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(status.details?.causes?.map(({ field }) => field)).toEqual([
      'spec.validations[0].expression',
      'spec.validations[1].expression',
    ]);
    expect(status.message).toContain('compilation failed: ERROR: <input>:1:12: Syntax error');
    expect(status.message).toContain('must evaluate to bool');
  });
});

describe('mutating admission policies', () => {
  async function mutation(mutations: object[], spec: object = {}, name = 'm') {
    await api.ok(`POST ${GROUP}/mutatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        matchConstraints: matchMaps(['CREATE', 'UPDATE']),
        reinvocationPolicy: 'Never',
        mutations,
        ...spec,
      },
    });
    await api.ok(`POST ${GROUP}/mutatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name },
    });
  }

  const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
  const apply = (expression: string) => ({
    patchType: 'ApplyConfiguration',
    applyConfiguration: { expression },
  });

  it('API-931: a patch is made of operations', async () => {
    const key = "jsonpatch.escapeKey('example.com/by')";
    await mutation([
      patch(
        "[JSONPatch{op: 'test', path: '/metadata/name', value: 'm'}, " +
          "JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}, " +
          `JSONPatch{op: "add", path: "/metadata/annotations/" + ${key}, value: object.data.a}]`,
      ),
    ]);
    const { body } = await create('m', { a: 'x' });
    expect(body).toMatchObject({ metadata: { annotations: { 'example.com/by': 'x' } } });
    expect((await create('other', { a: 'x' })).body).not.toHaveProperty('metadata.annotations');
  });

  it('API-931: a configuration is merged, lists by their keys', async () => {
    const matchConstraints = {
      resourceRules: [{ ...matchMaps(['CREATE']).resourceRules[0], resources: ['pods'] }],
    };
    const container = "Object.spec.containers{name: 'c', imagePullPolicy: 'Always'}";
    await mutation(
      [
        apply(
          `Object{spec: Object.spec{containers: [${container}], hostname: object.metadata.name}}`,
        ),
        apply("Object{metadata: Object.metadata{labels: {'seen': object.spec.hostname}}}"),
      ],
      { matchConstraints },
    );
    const pod = await api.ok('POST /api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: {
        containers: [
          { name: 'b', image: 'reg.example/b:1' },
          { name: 'c', image: 'reg.example/c:1' },
        ],
      },
    });
    expect(pod).toMatchObject({
      metadata: { labels: { seen: 'p' } },
      spec: {
        hostname: 'p',
        containers: [
          { name: 'b', imagePullPolicy: 'IfNotPresent' },
          { name: 'c', image: 'reg.example/c:1', imagePullPolicy: 'Always' },
        ],
      },
    });
  });

  it('API-931: conditions are asked once; mutations see what those before them did', async () => {
    const matchConditions = [{ name: 'new', expression: '!has(object.metadata.labels)' }];
    await mutation(
      [
        apply("Object{metadata: Object.metadata{labels: {'of': request.namespace}}}"),
        patch(
          "[JSONPatch{op: 'add', path: '/metadata/labels/b', value: object.metadata.labels.of}]",
        ),
      ],
      { matchConditions },
    );
    expect((await create('m')).body).toMatchObject({
      metadata: { labels: { of: 'default', b: 'default' } },
    });
  });

  it('API-931: what fails is refused', async () => {
    await mutation([patch("[JSONPatch{op: 'remove', path: '/nothing'}]")]);
    expect((await create('m')).body).toMatchObject({
      code: 422,
      message: expect.stringContaining("policy 'm' with binding 'm' denied request: JSON Patch: "),
    });
  });
});
