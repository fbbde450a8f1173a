// Rules of docs/semantics/kubernetes-api.md about writes, through the API server's core.
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap, Job, Pod, Scale, StatefulSet } from '../../api/generated/types.ts';
import { seededRandom } from '../../base/random.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
const APPLY = 'application/apply-patch+yaml';
const container = { name: 'c', image: 'reg.example/app:1' };

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => {
    api.store.check();
    return api.store.stop();
  };
});

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };

function createSet(spec: object = {}): Promise<StatefulSet> {
  return api.ok<StatefulSet>(`POST ${SETS}`, {
    metadata: { name: 'web' },
    spec: { serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template, ...spec },
  });
}

describe('warnings', () => {
  const text = '{"metadata":{"name":"Bad_Name"},"zz":1,"data":{"a":"1","a":"2"}}';
  const both = ['duplicate field "data.a"', 'unknown field "zz"'];

  test('API-114: what the body was warned about is said when the request fails, too', async () => {
    const created = await api.call(`POST ${MAPS}`, { body: text });
    expect(created.code).toBe(422);
    expect(created.warnings.toSorted()).toEqual(both);
    await api.ok(`POST ${MAPS}`, { metadata: { name: 'cm' } });
    const put = await api.call(`PUT ${MAPS}/cm`, { body: text });
    expect(put.code).toBe(400);
    expect(put.warnings.toSorted()).toEqual(both);
    const patched = await api.call(`PATCH ${MAPS}/cm`, {
      body: [{ op: 'replace', path: '', value: { a: 1 } }],
      contentType: 'application/json-patch+json',
    });
    expect(patched).toMatchObject({ code: 400, warnings: ['unknown field "a"'] });
  });

  test('API-308: duplicate and unknown members: warned about, refused or silent', async () => {
    const good = text.replace('Bad_Name', 'cm');
    const warn = await api.call<ConfigMap>(`POST ${MAPS}`, { body: good });
    expect(warn.code).toBe(201);
    expect(warn.warnings.toSorted()).toEqual(both);
    expect(warn.body.data).toEqual({ a: '2' });
    expect(warn.body).not.toHaveProperty('zz');
    const strict = await api.call(`PUT ${MAPS}/cm?fieldValidation=Strict`, { body: good });
    expect(strict).toMatchObject({
      code: 400,
      body: { message: expect.stringContaining('strict decoding error') as string },
    });
    const ignore = await api.call(`PUT ${MAPS}/cm?fieldValidation=Ignore`, { body: good });
    expect(ignore).toMatchObject({ code: 200, warnings: [] });
  });
});

describe('names', () => {
  test('API-303: apiVersion, kind and namespace are the path’s where they are left out', async () => {
    const filled = await api.ok(`POST ${MAPS}`, { metadata: { name: 'cm' } });
    expect(filled).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default' },
    });
    const other = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } };
    expect(await api.fails(`POST ${MAPS}`, other)).toMatchObject({ code: 400 });
    const version = { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } };
    expect(await api.fails(`POST ${MAPS}`, version)).toMatchObject({ code: 400 });
    expect(await api.fails(`PUT ${MAPS}/cm`, { metadata: { name: 'x' } })).toMatchObject({
      code: 400,
    });
  });

  test('API-311, API-405: a generated name that clashes again and again says when to retry', async () => {
    const same = { ...seededRandom(1), integer: () => 3 };
    const clashing = await createTestApi({ random: same });
    const body = { metadata: { generateName: `${'x'.repeat(60)}-` } };
    const { metadata } = await clashing.ok(`POST ${MAPS}`, body);
    expect(metadata.name).toBe(`${'x'.repeat(58)}fffff`);
    expect(await clashing.fails(`POST ${MAPS}`, body)).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      details: { retryAfterSeconds: 1 },
    });
    await clashing.store.stop();
  });
});

describe('metadata', () => {
  test('API-403: every write gets a greater version, which no object had before', async () => {
    const seen: bigint[] = [];
    for (const name of ['a', 'b', 'c']) {
      const { metadata } = await api.ok<ConfigMap>(`POST ${MAPS}`, { metadata: { name } });
      seen.push(BigInt(metadata.resourceVersion ?? ''));
      const patched = await api.ok<ConfigMap>(`PATCH ${MAPS}/${name}`, { data: { n: name } });
      seen.push(BigInt(patched.metadata.resourceVersion ?? ''));
    }
    const list = await api.ok(`GET ${MAPS}`);
    expect(seen.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(seen);
    expect(new Set(seen).size).toBe(6);
    expect(seen[0]).toBeGreaterThan(0n);
    expect(BigInt(list.metadata.resourceVersion ?? '')).toBeGreaterThanOrEqual(seen[5]!);
  });

  test('API-406: owners of fields are kept on every write and shown on every read', async () => {
    await api.ok(`POST ${MAPS}?fieldManager=one`, { metadata: { name: 'cm' }, data: { a: '1' } });
    await api.ok(`PATCH ${MAPS}/cm?fieldManager=two`, { data: { b: '1' } });
    const { metadata } = await api.ok<ConfigMap>(`GET ${MAPS}/cm`);
    expect(metadata.managedFields).toMatchObject([
      { manager: 'one', fieldsV1: { 'f:data': { 'f:a': {} } } },
      { manager: 'two', fieldsV1: { 'f:data': { 'f:b': {} } } },
    ]);
  });

  test('API-411: no selfLink, and no namespace on what belongs to none', async () => {
    const metadata = { name: 'n', namespace: '', selfLink: '/x', clusterName: 'here' };
    const node = await api.ok('POST /api/v1/nodes', { metadata });
    expect(node.metadata).not.toHaveProperty('selfLink');
    expect(node.metadata).not.toHaveProperty('namespace');
    const misplaced = { metadata: { name: 'm', namespace: 'x' } };
    const other = await api.ok('POST /api/v1/nodes', misplaced);
    expect(other.metadata).not.toHaveProperty('namespace');
  });

  test('API-412: an empty list still has items; null, absent and order are all the same', async () => {
    expect(await api.ok(`GET ${MAPS}`)).toHaveProperty('items', []);
    const first = await api.ok<ConfigMap>(`POST ${MAPS}`, {
      data: { b: '2', a: '1' },
      metadata: { labels: null, annotations: {}, name: 'cm' },
      kind: 'ConfigMap',
    });
    const { resourceVersion } = first.metadata;
    const put = await api.ok<ConfigMap>(`PUT ${MAPS}/cm`, {
      metadata: { name: 'cm', annotations: null, labels: {} },
      data: { a: '1', b: '2' },
      binaryData: {},
    });
    expect(put.metadata.resourceVersion).toBe(resourceVersion);
  });
});

describe('scale', () => {
  test('API-626: by merge patch, and by PUT of what was read', async () => {
    await createSet({ replicas: 1 });
    const patched = await api.ok<Scale>(`PATCH ${SETS}/web/scale`, { spec: { replicas: 3 } });
    expect(patched.spec?.replicas).toBe(3);
    const read = await api.ok<Scale>(`GET ${SETS}/web/scale`);
    const put = await api.call<Scale>(`PUT ${SETS}/web/scale`, {
      body: { ...read, spec: { replicas: 5 } },
      contentType: '', // as kubectl sends it
    });
    expect(put).toMatchObject({ code: 200, body: { spec: { replicas: 5 } } });
    expect((await api.ok<StatefulSet>(`GET ${SETS}/web`)).spec?.replicas).toBe(5);
  });

  test('API-649: who scales owns spec.replicas of the parent, by way of the subresource', async () => {
    await createSet({ replicas: 1 });
    await api.ok(`PATCH ${SETS}/web/scale?fieldManager=hpa`, { spec: { replicas: 3 } });
    const { metadata } = await api.ok<StatefulSet>(`GET ${SETS}/web`);
    const entry = metadata.managedFields?.find(({ manager }) => manager === 'hpa');
    expect(entry).toMatchObject({
      operation: 'Update',
      apiVersion: 'apps/v1',
      subresource: 'scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    });
    const body = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web' },
      spec: { replicas: 9 },
    };
    const conflict = await api.call(`PATCH ${SETS}/web?fieldManager=m`, {
      body,
      contentType: APPLY,
    });
    expect(conflict).toMatchObject({
      code: 409,
      body: {
        message: expect.stringMatching(
          /conflict with "hpa" with subresource "scale" using apps\/v1.*: \.spec\.replicas/,
        ) as string,
      },
    });
  });
});

describe('owners', () => {
  test('API-643: nobody owns what names an object or what the server writes', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm', namespace: 'default', labels: { a: 'b' } },
    };
    const applied = await api.call<ConfigMap>(`PATCH ${MAPS}/cm?fieldManager=m`, {
      body,
      contentType: APPLY,
    });
    const { metadata } = applied.body;
    expect(metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1)).toEqual([
      { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    ]);
  });

  test('API-646: owners can be moved from one manager to another by JSON patch', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm' },
      data: { a: '1' },
    };
    await api.ok(`POST ${MAPS}?fieldManager=kubectl-client-side-apply`, body);
    const before = await api.ok<ConfigMap>(`GET ${MAPS}/cm`);
    const [entry] = before.metadata.managedFields ?? [];
    const moved = [{ ...entry, manager: 'kubectl', operation: 'Apply' }];
    const patch = (resourceVersion: string) => [
      { op: 'replace', path: '/metadata/managedFields', value: moved },
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ];
    const send = (resourceVersion: string) =>
      api.call<ConfigMap>(`PATCH ${MAPS}/cm?fieldValidation=Strict`, {
        body: patch(resourceVersion),
        contentType: 'application/json-patch+json',
      });
    expect((await send('1')).code).toBe(409);
    const { code, body: after } = await send(before.metadata.resourceVersion ?? '');
    expect(code).toBe(200);
    expect(after.metadata.managedFields).toMatchObject([
      { manager: 'kubectl', operation: 'Apply', fieldsV1: { 'f:data': { 'f:a': {} } } },
    ]);
    // Applying without the member now removes it.
    const next = await api.call<ConfigMap>(`PATCH ${MAPS}/cm?fieldManager=kubectl`, {
      body: { ...body, data: { b: '1' } },
      contentType: APPLY,
    });
    expect(next.body.data).toEqual({ b: '1' });
  });
});

describe('deletion', () => {
  const job = (name: string) =>
    api.ok<Job>(`POST ${JOBS}`, {
      metadata: { name },
      spec: {
        suspend: true,
        template: { spec: { containers: [container], restartPolicy: 'Never' } },
      },
    });

  test('API-904: Background removes, Foreground and Orphan hold by a finalizer', async () => {
    await createSet();
    const foreground = await api.ok(`DELETE ${SETS}/web`, { propagationPolicy: 'Foreground' });
    expect(foreground.metadata.finalizers).toEqual(['foregroundDeletion']);
    const orphan = await api.ok(`DELETE ${SETS}/web`, { propagationPolicy: 'Orphan' });
    expect(orphan.metadata.finalizers).toEqual(['orphan']);
    await api.ok(`DELETE ${SETS}/web`, { propagationPolicy: 'Background' });
    expect(await api.fails(`GET ${SETS}/web`)).toMatchObject({ code: 404 });
  });

  test('API-904: without a policy Jobs and ReplicationControllers leave their pods', async () => {
    await job('j');
    const silent = await api.call<Job>(`DELETE ${JOBS}/j`);
    expect(silent.body.metadata.finalizers).toEqual(['orphan']);
    expect(silent.warnings).toEqual([
      expect.stringContaining('child pods are preserved by default when jobs are deleted'),
    ]);
    const all = await api.call(`DELETE ${JOBS}`);
    expect(all.warnings).toEqual(silent.warnings);
    await job('k');
    const said = await api.call(`DELETE ${JOBS}/k`, { body: { propagationPolicy: 'Background' } });
    expect(said).toMatchObject({ code: 200, warnings: [], body: { status: 'Success' } });
    const controllers = '/api/v1/namespaces/default/replicationcontrollers';
    await api.ok(`POST ${controllers}`, {
      metadata: { name: 'r' },
      spec: { replicas: 1, template },
    });
    const { metadata } = await api.ok(`DELETE ${controllers}/r`);
    expect(metadata.finalizers).toEqual(['orphan']);
  });

  test('API-902: what kubectl sends to delete: a policy, --now, --force, a dry run', async () => {
    const pod = () =>
      api.ok<Pod>(`POST ${PODS}`, {
        metadata: { name: 'p' },
        spec: { nodeName: 'n', automountServiceAccountToken: false, containers: [container] },
      });
    await pod();
    const dry = { propagationPolicy: 'Background', dryRun: ['All'] };
    expect((await api.ok<Pod>(`DELETE ${PODS}/p`, dry)).metadata.deletionTimestamp).toBeDefined();
    const background = await api.ok<Pod>(`GET ${PODS}/p`);
    expect(background.metadata.deletionTimestamp).toBeUndefined();
    const now = { propagationPolicy: 'Background', gracePeriodSeconds: 1 };
    const dying = await api.ok<Pod>(`DELETE ${PODS}/p`, now);
    expect(dying.metadata.deletionGracePeriodSeconds).toBe(1);
    await api.ok(`DELETE ${PODS}/p`, { propagationPolicy: 'Background', gracePeriodSeconds: 0 });
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });
});

test('API-924: of a set only seven fields of the spec may change', async () => {
  const { spec } = await createSet();
  const allowed = {
    replicas: 2,
    ordinals: { start: 1 },
    updateStrategy: { type: 'OnDelete' },
    revisionHistoryLimit: 1,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    minReadySeconds: 1,
    template: { ...template, metadata: { labels: { app: 'web', v: '2' } } },
  };
  await api.ok(`PUT ${SETS}/web`, { metadata: { name: 'web' }, spec: { ...spec, ...allowed } });
  for (const change of [
    { serviceName: 'other' },
    { podManagementPolicy: 'Parallel' },
    {
      volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    },
  ]) {
    const { code, message } = await api.fails(`PATCH ${SETS}/web`, { spec: change });
    expect(code).toBe(422);
    expect(message).toContain(
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', " +
        "'template', 'updateStrategy', 'revisionHistoryLimit', " +
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
  }
});

describe('API-930: the order of a write', () => {
  test('decoding before rights over the namespace, admission before validation', async () => {
    const wrong = { metadata: { name: 'Bad_Name' }, spec: { containers: [] } };
    const there = await api.fails(`POST ${PODS}`, wrong);
    expect(there).toMatchObject({ code: 422 });
    const nowhere = await api.fails('POST /api/v1/namespaces/none/pods', wrong);
    expect(nowhere).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
    const broken = await api.call('POST /api/v1/namespaces/none/pods', { body: '{' });
    expect(broken.code).toBe(400);
  });

  test('defaults come before admission and validation; the reply has all of them', async () => {
    const pod = await api.ok<Pod>(`POST ${PODS}`, {
      metadata: { name: 'p' },
      spec: { containers: [container] },
    });
    expect(pod.spec).toMatchObject({
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      priority: 0,
    });
    expect(pod.spec?.tolerations).toHaveLength(2);
  });

  test('an update is decided again on fresh state until it is stored', async () => {
    await api.ok(`POST ${MAPS}`, { metadata: { name: 'cm' } });
    const members = Array.from({ length: 20 }, (_, index) => `m${index}`);
    await Promise.all(
      members.map((member) => api.ok(`PATCH ${MAPS}/cm`, { data: { [member]: 'x' } })),
    );
    const { data } = await api.ok<ConfigMap>(`GET ${MAPS}/cm`);
    expect(Object.keys(data ?? {}).toSorted()).toEqual(members.toSorted());
  });
});
