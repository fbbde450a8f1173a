import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigMap, Pod } from '../../../api/generated/types.ts';
import type { NodeConnection } from '../../node-connection.ts';
import { createTestApi } from '../../testing/test-api.ts';
import type { TestApi } from '../../testing/test-api.ts';
import { patchWith, startWebhookServer } from '../../testing/webhook-server.ts';
import type { WebhookReply, WebhookServer } from '../../testing/webhook-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const GROUP = '/apis/admissionregistration.k8s.io/v1';
let api: TestApi;
let server: WebhookServer | undefined;

beforeEach(async () => {
  const issue = () => ({ token: 't', expiresMs: 0 });
  api = await createTestApi({ tokenIssuer: { audiences: ['api'], issue } });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await api.store.stop();
});

const onMaps = {
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
  operations: ['*'],
};

interface Configured {
  kind?: 'mutating' | 'validating';
  name?: string;
  webhook?: object;
}

function webhookOf(name: string, webhook: object) {
  return {
    name: `${name}.example.com`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: server?.clientConfig(`/${name}`),
    rules: [onMaps],
    ...webhook,
  };
}

function configure({ kind = 'validating', name = 'w', webhook = {} }: Configured) {
  return api.ok(`POST ${GROUP}/${kind}webhookconfigurations`, {
    metadata: { name },
    webhooks: [webhookOf(name, webhook)],
  });
}

async function serve(reply: WebhookReply) {
  server = await startWebhookServer(reply);
}

function createMap(name = 'm', extra: object = {}) {
  return api.call<ConfigMap>(`POST ${MAPS}`, {
    body: { metadata: { name, ...extra }, data: { a: '1' } },
  });
}

describe('validating webhooks', () => {
  it('API-930: are asked with the object and who wants it, and may allow it', async () => {
    await serve(() => ({ allowed: true, warnings: ['careful'] }));
    await configure({});
    const reply = await createMap();
    expect(reply).toMatchObject({ code: 201, warnings: ['careful'] });
    expect(server?.asked).toHaveLength(1);
    expect(server?.asked[0]).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      name: 'm',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'admin', groups: ['system:masters'] },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'm' }, data: { a: '1' } },
    });
  });

  it('API-930: refuse with their own status; updates and deletes show the old object', async () => {
    await createMap();
    await serve(({ operation }) => ({
      allowed: false,
      status: { code: 409, reason: 'Conflict', message: `no ${operation}` },
    }));
    await configure({});
    const update = await api.fails(`PATCH ${MAPS}/m`, { data: { a: '2' } });
    expect(update).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'admission webhook "w.example.com" denied the request: no UPDATE',
    });
    const deletion = await api.fails(`DELETE ${MAPS}/m`);
    expect(deletion.message).toContain('no DELETE');
    const [first, second] = server?.asked ?? [];
    expect(first).toMatchObject({ oldObject: { data: { a: '1' } }, object: { data: { a: '2' } } });
    expect(second).toMatchObject({ oldObject: { data: { a: '1' } }, object: null, name: 'm' });
    expect(await api.ok(`GET ${MAPS}/m`)).toMatchObject({ data: { a: '1' } });
  });

  it('API-930: a refusal without words has code 400', async () => {
    await serve(() => ({ allowed: false }));
    await configure({});
    expect((await createMap()).body).toMatchObject({
      code: 400,
      message: 'admission webhook "w.example.com" denied the request without explanation',
    });
  });

  it('API-930: only matching requests are asked about', async () => {
    await serve(() => ({ allowed: false }));
    const rule = (changed: object) => ({ rules: [{ ...onMaps, ...changed }] });
    await configure({ name: 'a', webhook: rule({ operations: ['UPDATE'] }) });
    await configure({ name: 'b', webhook: rule({ resources: ['configmaps/status', 'pods'] }) });
    await configure({ name: 'c', webhook: rule({ scope: 'Cluster' }) });
    await configure({ name: 'd', webhook: rule({ apiVersions: ['v2'] }) });
    const selected = { matchLabels: { ask: 'me' } };
    await configure({ name: 'e', webhook: { objectSelector: selected } });
    await configure({ name: 'f', webhook: { namespaceSelector: selected } });
    expect((await createMap()).code).toBe(201);
    expect((await createMap('n', { labels: { ask: 'me' } })).body).toMatchObject({
      message: expect.stringContaining('"e.example.com"'),
    });
    await api.ok('PATCH /api/v1/namespaces/default', { metadata: { labels: { ask: 'me' } } });
    expect((await createMap('o')).body).toMatchObject({
      message: expect.stringContaining('"f.example.com"'),
    });
  });

  it('API-930: match conditions are asked first; one that fails refuses', async () => {
    await serve(() => ({ allowed: false }));
    const condition = (expression: string) => ({ matchConditions: [{ name: 'c', expression }] });
    await configure({ name: 'a', webhook: condition("object.metadata.name == 'asked'") });
    expect((await createMap()).code).toBe(201);
    expect((await createMap('asked')).body).toMatchObject({
      message: expect.stringContaining('"a.example.com" denied'),
    });
    await configure({ name: 'b', webhook: condition('object.metadata.labels.x == "y"') });
    expect((await createMap('n')).body).toMatchObject({
      code: 403,
      message:
        'configmaps "n" is forbidden: expression \'object.metadata.labels.x == "y"\' ' +
        'resulted in error: no such key: labels',
    });
    expect(server?.asked).toHaveLength(1);
  });

  it('API-930: never decide about the configurations of webhooks', async () => {
    await serve(() => ({ allowed: false }));
    const everything = {
      apiGroups: ['*'],
      apiVersions: ['*'],
      resources: ['*/*'],
      operations: ['*'],
    };
    await configure({ webhook: { rules: [everything] } });
    await api.ok(`DELETE ${GROUP}/validatingwebhookconfigurations/w`);
    expect((await createMap()).code).toBe(201);
  });

  it('API-930: Equivalent matches other versions of a resource, in that version', async () => {
    await serve(() => ({ allowed: true }));
    const rules = [
      { ...onMaps, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
    ];
    await configure({ name: 'a', webhook: { rules } });
    await configure({ name: 'b', webhook: { rules, matchPolicy: 'Exact' } });
    await api.ok('POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: 'h' },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      },
    });
    expect(server?.asked).toHaveLength(1);
    expect(server?.asked[0]).toMatchObject({
      kind: { version: 'v1' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'autoscaling/v1' },
    });
  });
});

describe('webhooks of subresources', () => {
  const pods = '/api/v1/namespaces/default/pods';
  const ask = (...resources: string[]) => ({ rules: [{ ...onMaps, resources }] });

  it('API-930: bindings, evictions and connections are asked about', async () => {
    await api.ok(`POST ${pods}`, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    });
    await serve(() => ({ allowed: false }));
    const asked = ['pods/binding', 'pods/eviction', 'pods/exec', 'serviceaccounts/token'];
    await configure({ webhook: ask(...asked) });
    const target = { kind: 'Node', name: 'n' };
    await api.fails(`POST ${pods}/p/binding`, { metadata: { name: 'p' }, target });
    await api.fails(`POST ${pods}/p/eviction`, { metadata: { name: 'p' } });
    await api.fails(`POST ${pods}/p/exec?command=ls&command=-l&stdout=true`);
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.fails(`POST ${accounts}/default/token`, { spec: { audiences: ['vault'] } });
    expect(server?.asked).toMatchObject([
      { operation: 'CREATE', subResource: 'binding', kind: { kind: 'Binding' } },
      { operation: 'CREATE', subResource: 'eviction', kind: { group: 'policy', kind: 'Eviction' } },
      {
        operation: 'CONNECT',
        subResource: 'exec',
        name: 'p',
        kind: { kind: 'PodExecOptions' },
        object: { kind: 'PodExecOptions', command: ['ls', '-l'], stdout: true },
      },
      {
        operation: 'CREATE',
        subResource: 'token',
        name: 'default',
        kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
        object: { spec: { audiences: ['vault'] } },
      },
    ]);
  });

  it('API-930: a scale is asked about as a Scale', async () => {
    const template = {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    };
    const sets = '/apis/apps/v1/namespaces/default/statefulsets';
    await api.ok(`POST ${sets}`, {
      metadata: { name: 's' },
      spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template },
    });
    await serve(() => patchWith({ op: 'replace', path: '/spec/replicas', value: 2 }));
    const rule = { ...onMaps, apiGroups: ['apps'], resources: ['statefulsets/scale'] };
    await configure({ kind: 'mutating', webhook: { rules: [rule] } });
    await api.ok(`PATCH ${sets}/s/scale`, { spec: { replicas: 9 } });
    expect(server?.asked).toMatchObject([
      {
        kind: { group: 'autoscaling', kind: 'Scale' },
        resource: { group: 'apps', resource: 'statefulsets' },
        subResource: 'scale',
        object: { kind: 'Scale', spec: { replicas: 9 } },
        oldObject: { kind: 'Scale', spec: { replicas: 1 } },
      },
    ]);
    expect(await api.ok(`GET ${sets}/s`)).toMatchObject({ spec: { replicas: 2 } });
  });

  it('API-930: a status is asked about apart from its object', async () => {
    await serve(() => ({ allowed: false }));
    await configure({ webhook: ask('pods/status') });
    await api.ok(`POST ${pods}`, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    });
    await api.fails(`PATCH ${pods}/p/status`, { status: { message: 'x' } });
    expect(server?.asked).toHaveLength(1);
  });
});

describe('webhooks of custom resources', () => {
  const schema = {
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema });

  it('API-930: are shown the version that they know, and may change it', async () => {
    await api.ok('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'foos.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' },
        versions: [version('v1', true), version('v2', false)],
      },
    });
    await serve(() => patchWith({ op: 'add', path: '/spec', value: { seen: true } }));
    const rule = { ...onMaps, apiGroups: ['example.com'], resources: ['foos'] };
    await configure({ kind: 'mutating', webhook: { rules: [rule] } });
    const foos = '/apis/example.com/v2/namespaces/default/foos';
    const foo = await api.ok(`POST ${foos}`, {
      apiVersion: 'example.com/v2',
      kind: 'Foo',
      metadata: { name: 'f' },
    });
    expect(foo).toMatchObject({ apiVersion: 'example.com/v2', spec: { seen: true } });
    expect(server?.asked).toMatchObject([
      { kind: { version: 'v1' }, requestKind: { version: 'v2' } },
    ]);
    expect(server?.asked[0]?.object).toMatchObject({ apiVersion: 'example.com/v1' });
  });
});

describe('failing webhooks', () => {
  it('API-930: a call that fails refuses with 500, unless failures are ignored', async () => {
    await serve(() => 503);
    await configure({});
    expect((await createMap()).body).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message:
        'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: ' +
        'an error on the server ("no") has prevented the request from succeeding',
    });
    const { webhooks } = await api.ok<{ webhooks: object[] }>(
      `GET ${GROUP}/validatingwebhookconfigurations/w`,
    );
    await api.ok(`PATCH ${GROUP}/validatingwebhookconfigurations/w`, {
      webhooks: [{ ...webhooks[0], failurePolicy: 'Ignore' }],
    });
    expect((await createMap()).code).toBe(201);
  });

  it('API-930: an unreachable webhook is named with its address', async () => {
    await serve(() => ({ allowed: true }));
    await configure({});
    const port = server?.port;
    await server?.stop();
    expect((await createMap()).body).toMatchObject({
      message:
        'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: ' +
        `Post "https://127.0.0.1:${port}/w?timeout=10s": dial tcp 127.0.0.1:${port}: ` +
        'connect: connection refused',
    });
  });

  it('API-930: a webhook that is silent is waited for as long as it says', async () => {
    await serve(() => {
      // The clock stands still, so the time out comes when the question is there.
      setImmediate(() => api.clock.advance(3000));
      return undefined;
    });
    await configure({ webhook: { timeoutSeconds: 3 } });
    expect((await createMap()).body).toMatchObject({
      message: expect.stringContaining('?timeout=3s": context deadline exceeded'),
    });
  });

  it.each([
    [{ uid: 'other', allowed: true }, 'expected response.uid='],
    [
      { allowed: true, review: { apiVersion: 'admission.k8s.io/v1beta1' } },
      'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, ' +
        'got admission.k8s.io/v1beta1, Kind=AdmissionReview',
    ],
    [patchWith({ op: 'remove', path: '/data' }), 'may not return response.patch'],
  ])('API-930: %j is no answer', async (answer, text) => {
    await serve(() => answer);
    await configure({});
    expect((await createMap()).body).toMatchObject({
      code: 500,
      message: expect.stringContaining(text),
    });
  });

  it('API-930: a service that is not there or has no endpoints can’t be asked', async () => {
    const service = { name: 'hook', namespace: 'default', path: '/check' };
    await configure({ webhook: { clientConfig: { service } } });
    expect((await createMap()).body).toMatchObject({
      message: expect.stringContaining(
        'Post "https://hook.default.svc:443/check?timeout=10s": service "hook" not found',
      ),
    });
    await api.ok('POST /api/v1/namespaces/default/services', {
      metadata: { name: 'hook' },
      spec: { ports: [{ port: 443 }] },
    });
    expect((await createMap()).body).toMatchObject({
      message: expect.stringContaining('no endpoints available for service "hook"'),
    });
  });

  it('API-930: a service is asked at a pod of its own, by its name in the cluster', async () => {
    server = await startWebhookServer(() => ({ allowed: false }), ['hook.default.svc']);
    const dialled: unknown[] = [];
    const { port, caBundle } = server;
    const dial = (pod: object, podPort: number) => {
      dialled.push(pod, podPort);
      return Promise.resolve(connect(port, '127.0.0.1'));
    };
    const dialNode = () => ({ dial }) as unknown as NodeConnection;
    const own = await createTestApi({ dialNode });
    await own.ok('POST /api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    });
    await own.ok('POST /api/v1/namespaces/default/services', {
      metadata: { name: 'hook' },
      spec: { ports: [{ port: 443, targetPort: 9443 }] },
    });
    await own.ok('POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.2'], targetRef: { kind: 'Pod', name: 'p' } }],
      ports: [{ name: '', port: 9443 }],
    });
    const service = { name: 'hook', namespace: 'default' };
    await own.ok(`POST ${GROUP}/validatingwebhookconfigurations`, {
      metadata: { name: 'w' },
      webhooks: [webhookOf('w', { clientConfig: { service, caBundle } })],
    });
    const status = await own.fails(`POST ${MAPS}`, { metadata: { name: 'm' } });
    expect(status.message).toContain('denied the request');
    expect(dialled).toEqual([{ namespace: 'default', pod: 'p' }, 9443]);
    await own.store.stop();
  });

  it('API-920: webhooks are told of a dry run, and may have no effects then', async () => {
    await serve(() => ({ allowed: true }));
    await expect(configure({ webhook: { sideEffects: 'Some' } })).rejects.toThrow(
      'webhooks[0].sideEffects: Unsupported value: \\"Some\\": ' +
        'supported values: \\"None\\", \\"NoneOnDryRun\\"',
    );
    await configure({});
    await api.ok(`POST ${MAPS}?dryRun=All`, { metadata: { name: 'm' } });
    expect(server?.asked).toMatchObject([{ dryRun: true, options: { dryRun: ['All'] } }]);
  });
});

describe('mutating webhooks', () => {
  const label = (key: string) => ({ op: 'add', path: `/metadata/labels/${key}`, value: 'x' });

  it('API-930: change the object in order of their names; defaults follow', async () => {
    await serve(({ object }, path) =>
      path === '/a'
        ? patchWith({ op: 'add', path: '/metadata/labels', value: { a: 'x' } })
        : patchWith(label(JSON.stringify(object).includes('"a":"x"') ? 'afterA' : 'beforeA')),
    );
    await configure({ kind: 'mutating', name: 'b' });
    await configure({ kind: 'mutating', name: 'a' });
    const { body } = await createMap();
    expect(body.metadata.labels).toEqual({ a: 'x', afterA: 'x' });
    expect(body.metadata.uid).not.toBe('');
    expect(server?.asked[0]?.object).not.toHaveProperty('metadata.uid');
  });

  it('API-930: what they make of an object is validated', async () => {
    await serve(() => patchWith({ op: 'add', path: '/data/a!', value: 'x' }));
    await configure({ kind: 'mutating' });
    expect(await createMap()).toMatchObject({ code: 422 });
  });

  it('API-930: updates and their stored state', async () => {
    await createMap();
    await serve(() => patchWith({ op: 'add', path: '/data/b', value: '2' }));
    await configure({ kind: 'mutating' });
    await api.ok(`PATCH ${MAPS}/m`, { data: { c: '3' } });
    expect(await api.ok(`GET ${MAPS}/m`)).toMatchObject({ data: { a: '1', b: '2', c: '3' } });
  });

  it('API-930: those that want it are asked again when others changed the object', async () => {
    await serve(({ object }, path) => {
      const { data } = object as unknown as { data: Record<string, string> };
      if (path === '/b') return patchWith({ op: 'add', path: '/data/b', value: 'b' });
      return patchWith({ op: 'add', path: '/data/seen', value: Object.keys(data).join() });
    });
    await configure({ kind: 'mutating', name: 'a', webhook: { reinvocationPolicy: 'IfNeeded' } });
    await configure({ kind: 'mutating', name: 'b' });
    const { body } = await createMap();
    expect(body.data).toMatchObject({ b: 'b', seen: 'a,seen,b' });
    expect(server?.asked).toHaveLength(3);
  });

  it('API-930: the steps of the server run again on what was changed', async () => {
    await serve(() =>
      patchWith({
        op: 'add',
        path: '/spec/containers/-',
        value: { name: 'side', image: 'reg.example/side:1' },
      }),
    );
    await configure({
      kind: 'mutating',
      webhook: { rules: [{ ...onMaps, resources: ['pods'] }] },
    });
    const { spec } = await api.ok<Pod>('POST /api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    });
    expect(spec?.containers.map(({ volumeMounts = [] }) => volumeMounts.length)).toEqual([1, 1]);
    expect(spec?.containers[1]).toMatchObject({ imagePullPolicy: 'IfNotPresent' });
  });

  it('API-930: a patch that can’t be applied is an error of the server', async () => {
    await serve(() => patchWith({ op: 'remove', path: '/nothing/here' }));
    await configure({ kind: 'mutating' });
    expect(await createMap()).toMatchObject({ code: 500 });
    expect(await api.call(`GET ${MAPS}/m`)).toMatchObject({ code: 404 });
  });
});
