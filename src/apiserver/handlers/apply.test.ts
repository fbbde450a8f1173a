// Server-side apply and the owners of fields through the API server's core (API-640 … API-653).
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap, ManagedFieldsEntry, Pod, StatefulSet } from '../../api/generated/types.ts';
import type { Status } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi, TestReply } from '../testing/test-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

function apply<T = KubernetesObject>(
  path: string,
  body: object | string,
  query = 'fieldManager=m1',
): Promise<TestReply<T>> {
  const contentType = 'application/apply-patch+yaml';
  return api.call<T>(`PATCH ${path}?${query}`, { body, contentType });
}

const configMap = (data?: Record<string, string | null>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cm', ...metadata },
  ...(data ? { data } : {}),
});

const statefulSet = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    },
    ...spec,
  },
});

function owners({ metadata }: { metadata: { managedFields?: ManagedFieldsEntry[] | undefined } }) {
  return (metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => ({
    by: [operation, manager, ...(subresource === undefined ? [] : [subresource])].join(' '),
    fieldsV1,
  }));
}

const data = (...names: string[]) => ({
  'f:data': Object.fromEntries(names.map((name) => [name === '.' ? name : `f:${name}`, {}])),
});

describe('apply', () => {
  test('API-640: creates what is missing, from JSON and from YAML', async () => {
    const created = await apply<ConfigMap>(`${MAPS}/cm`, configMap({ a: '1' }));
    expect(created.code).toBe(201);
    expect(owners(created.body)).toEqual([{ by: 'Apply m1', fieldsV1: data('a') }]);
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata:\n  a: "1"\n';
    expect(await apply(`${MAPS}/two`, yaml)).toMatchObject({
      code: 201,
      body: { data: { a: '1' } },
    });
  });

  test('API-652: the same apply again writes nothing, whatever the clock says', async () => {
    const first = await apply<StatefulSet>(`${SETS}/web`, statefulSet());
    api.clock.advance(5_000);
    const again = await apply<StatefulSet>(`${SETS}/web`, statefulSet());
    expect(again.code).toBe(200);
    expect(again.body).toEqual(first.body);
  });

  test('API-313: a conflict names field, manager and version; force takes the field', async () => {
    await api.ok(`POST ${MAPS}?fieldManager=poster`, configMap({ a: '1', b: '1' }));
    await apply(`${MAPS}/cm`, configMap({ c: '1' }), 'fieldManager=m1');
    const { code, body } = await apply<Status>(
      `${MAPS}/cm`,
      configMap({ a: '2', b: '2', c: '2' }),
      'fieldManager=m2',
    );
    expect([code, body.reason]).toEqual([409, 'Conflict']);
    expect(body.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "m1":\n- .data.c\n' +
        'conflicts with "poster" using v1:\n- .data.a\n- .data.b',
    );
    expect(body.details?.causes?.[0]).toEqual({
      reason: 'FieldManagerConflict',
      message: 'conflict with "m1"',
      field: '.data.c',
    });
    const forced = await apply<ConfigMap>(
      `${MAPS}/cm`,
      configMap({ a: '2' }),
      'fieldManager=m2&force=true',
    );
    expect(owners(forced.body)).toEqual([
      { by: 'Apply m1', fieldsV1: data('c') },
      { by: 'Apply m2', fieldsV1: data('a') },
      { by: 'Update poster', fieldsV1: data('.', 'b') },
    ]);
  });

  test('API-644: a removed default comes back as the default', async () => {
    await apply(`${SETS}/web`, statefulSet({ replicas: 3 }));
    const { body } = await apply<StatefulSet>(`${SETS}/web`, statefulSet());
    expect(body.spec?.replicas).toBe(1);
  });

  test('API-640: what is wrong with the request', async () => {
    const refused = async (body: object | string, query?: string) => {
      const reply = await apply<Status>(`${MAPS}/cm`, body, query);
      return [reply.code, reply.body.message];
    };
    expect(await refused(configMap(), '')).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: ' +
        'fieldManager: Required value: is required for apply patch',
    ]);
    expect(await refused({ ...configMap(), kind: 'Secret' })).toEqual([
      400,
      'invalid object type: /v1, Kind=Secret',
    ]);
    expect(await refused([])).toEqual([
      400,
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: ' +
        'json: cannot unmarshal array into Go value of type map[string]interface {}',
    ]);
    expect(await refused({ ...configMap(), date: {} })).toEqual([
      500,
      'failed to create typed patch object (/cm; /v1, Kind=ConfigMap): ' +
        '.date: field not declared in schema',
    ]);
    expect(await refused(configMap({}, { managedFields: [{}] }))).toEqual([
      400,
      'metadata.managedFields must be nil',
    ]);
    expect(await refused(configMap({}, { name: 'other' }))).toEqual([
      400,
      'the name of the object (other) does not match the name on the URL (cm)',
    ]);
    const uid = '11111111-2222-3333-4444-555555555555';
    expect((await refused(configMap({}, { uid })))[0]).toBe(409);
    const twice =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata:\n  a: "1"\n  a: "2"\n';
    expect(await refused(twice, 'fieldManager=m&fieldValidation=Strict')).toEqual([
      400,
      'error strict decoding YAML: error converting YAML to JSON: ' +
        'yaml: unmarshal errors:\n  line 6: key "a" already set in map',
    ]);
    expect((await apply(`${MAPS}/cm`, twice)).warnings).toEqual([
      'line 6: key "a" already set in map',
    ]);
  });

  test('API-640: resourceVersion is a lock on what exists', async () => {
    const { body } = await apply<ConfigMap>(`${MAPS}/cm`, configMap({ a: '1' }));
    const { resourceVersion } = body.metadata;
    expect((await apply(`${MAPS}/cm`, configMap({ a: '2' }, { resourceVersion }))).code).toBe(200);
    expect((await apply(`${MAPS}/cm`, configMap({ a: '3' }, { resourceVersion }))).code).toBe(409);
  });

  test('API-653: a dry run shows the owners and writes nothing', async () => {
    const query = 'fieldManager=m1&dryRun=All';
    const { body } = await apply<ConfigMap>(`${MAPS}/cm`, configMap({ a: '1' }), query);
    expect(owners(body)).toEqual([{ by: 'Apply m1', fieldsV1: data('a') }]);
    expect((await api.call(`GET ${MAPS}/cm`)).code).toBe(404);
  });

  test('two appliers that create at once: one creates, the other joins', async () => {
    const replies = await Promise.all([
      apply(`${MAPS}/cm`, configMap({ a: '1' }), 'fieldManager=m1'),
      apply(`${MAPS}/cm`, configMap({ b: '1' }), 'fieldManager=m2'),
    ]);
    expect(new Set(replies.map(({ code }) => code))).toEqual(new Set([200, 201]));
    const stored = await api.ok<ConfigMap>(`GET ${MAPS}/cm`);
    expect(stored.data).toEqual({ a: '1', b: '1' });
  });
});

describe('owners', () => {
  test('API-641: the manager is the client program unless it is named', async () => {
    const byAgent = await api.ok<ConfigMap>(`POST ${MAPS}`, configMap({ a: '1' }));
    expect(owners(byAgent)).toEqual([{ by: 'Update test', fieldsV1: data('.', 'a') }]);
    const named = await api.ok<ConfigMap>(`PUT ${MAPS}/cm?fieldManager=n`, configMap({ b: '1' }));
    expect(owners(named)).toEqual([
      { by: 'Update n', fieldsV1: data('b') },
      { by: 'Update test', fieldsV1: { 'f:data': {} } },
    ]);
  });

  test('API-647: an empty list forgets them', async () => {
    await api.ok(`POST ${MAPS}`, configMap({ a: '1' }));
    for (const reset of [[], [{}]]) {
      const patched = await api.ok<ConfigMap>(`PATCH ${MAPS}/cm`, {
        metadata: { managedFields: reset },
      });
      expect(patched.metadata.managedFields).toBeUndefined();
    }
  });

  test('API-648: a status is owned through its subresource only', async () => {
    await apply(`${SETS}/web`, statefulSet());
    const body = { ...statefulSet({ replicas: 7 }), status: { replicas: 2 } };
    const reply = await apply<StatefulSet>(`${SETS}/web/status`, body, 'fieldManager=ctl');
    expect(reply.body.spec?.replicas).toBe(1);
    expect(owners(reply.body)[0]).toEqual({
      by: 'Apply ctl status',
      fieldsV1: { 'f:status': { 'f:replicas': {} } },
    });
    expect((await apply(`${SETS}/none/status`, body, 'fieldManager=ctl')).code).toBe(404);
  });

  test('SS-743: scaling takes the replicas, and an applier lets go of them', async () => {
    await apply(`${SETS}/web`, statefulSet({ replicas: 2 }));
    await api.ok(`PATCH ${SETS}/web/scale?fieldManager=hpa`, { spec: { replicas: 5 } });
    const conflict = await apply<Status>(`${SETS}/web`, statefulSet({ replicas: 2 }));
    expect(conflict.body.message).toBe(
      'Apply failed with 1 conflict: ' +
        'conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas',
    );
    const { body } = await apply<StatefulSet>(`${SETS}/web`, statefulSet());
    expect(body.spec?.replicas).toBe(5);
  });

  test('SS-743: an apply on the scale meets the owner of the replicas', async () => {
    await apply(`${SETS}/web`, statefulSet({ replicas: 2 }));
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web' },
      spec: { replicas: 4 },
    };
    expect((await apply(`${SETS}/web/scale`, scale, 'fieldManager=s')).code).toBe(409);
    const forced = await apply(`${SETS}/web/scale`, scale, 'fieldManager=s&force=true');
    expect(forced).toMatchObject({ code: 200, body: { spec: { replicas: 4 } } });
    const set = await api.ok<StatefulSet>(`GET ${SETS}/web`);
    expect(owners(set)[0]).toEqual({
      by: 'Apply s scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    });
  });

  test('API-645: what admission adds belongs to nobody', async () => {
    const pod = await api.ok<Pod>('POST /api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    expect(pod.spec?.serviceAccountName).toBe('default');
    const [entry] = pod.metadata.managedFields ?? [];
    const fields = entry?.fieldsV1 as { 'f:spec': object };
    expect(Object.keys(fields['f:spec'])).toEqual([
      'f:containers',
      'f:dnsPolicy',
      'f:enableServiceLinks',
      'f:restartPolicy',
      'f:schedulerName',
      'f:securityContext',
      'f:terminationGracePeriodSeconds',
    ]);
  });
});
