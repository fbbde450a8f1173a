import { beforeEach, describe, expect, it } from 'vitest';
import type { ConfigMap, Status } from '../../api/generated/types.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const CMS = '/api/v1/namespaces/default/configmaps';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => {
    api.store.check();
    return api.store.stop();
  };
});

function create(name: string, extra: object = {}): Promise<ConfigMap> {
  return api.ok<ConfigMap>(`POST ${CMS}`, { metadata: { name, ...extra }, data: { a: '1' } });
}

describe('POST', () => {
  it('API-401, API-402: fills in what only the server knows', async () => {
    const { code, body } = await api.call<ConfigMap>(`POST ${CMS}`, {
      body: {
        metadata: {
          name: 'cm',
          uid: 'mine',
          generation: 7,
          creationTimestamp: '2020-01-01T00:00:00Z',
        },
        data: { a: '1' },
      },
    });
    expect(code).toBe(201);
    expect(body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
    expect(body.metadata).toMatchObject({
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.uid).not.toBe('mine');
    expect(Number(body.metadata.resourceVersion)).toBe(api.store.revision);
  });

  it('API-401: a resourceVersion is refused after all else, and not in a dry run', async () => {
    const metadata = { name: 'cm', resourceVersion: '7' };
    const path = `POST ${CMS}`;
    expect(await api.fails(path, { metadata })).toMatchObject({
      code: 500,
      message: 'resourceVersion should not be set on objects to be created',
    });
    const bad = { metadata: { ...metadata, name: 'Bad_Name' } };
    expect(await api.fails(path, bad)).toMatchObject({ code: 422 });
    expect((await api.call(`${path}?dryRun=All`, { body: { metadata } })).code).toBe(201);
    const other = { metadata: { ...metadata, resourceVersion: 'none' } };
    expect((await api.call(path, { body: other })).code).toBe(201);
  });

  it('API-405: generateName gives another name each time', async () => {
    const body = { metadata: { generateName: 'x-' } };
    const first = await api.ok(`POST ${CMS}`, body);
    const second = await api.ok(`POST ${CMS}`, body);
    expect(first.metadata.name).toMatch(/^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(second.metadata.name).not.toBe(first.metadata.name);
  });

  it('API-311: an existing name is 409', async () => {
    await create('cm');
    const status = await api.fails(`POST ${CMS}`, { metadata: { name: 'cm' } });
    expect(status).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "cm" already exists',
      details: { name: 'cm', kind: 'configmaps' },
    });
  });

  it('API-303: a namespace that is not the path’s is 400', async () => {
    const status = await api.fails(`POST ${CMS}`, { metadata: { name: 'cm', namespace: 'other' } });
    expect(status.message).toBe(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  });

  it('API-909: a missing namespace is 404, a terminating one 403 with its cause', async () => {
    const missing = await api.fails('POST /api/v1/namespaces/none/configmaps', {
      metadata: { name: 'cm' },
    });
    expect(missing).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
    await api.ok('POST /api/v1/namespaces', { metadata: { name: 'going' } });
    const deleted = await api.ok('DELETE /api/v1/namespaces/going');
    expect(deleted).toMatchObject({ status: { phase: 'Terminating' } });
    const refused = await api.fails('POST /api/v1/namespaces/going/configmaps', {
      metadata: { name: 'cm' },
    });
    expect(refused).toMatchObject({
      code: 403,
      message:
        'configmaps "cm" is forbidden: unable to create new content in namespace going ' +
        'because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
  });

  it('API-920: a dry run stores nothing and shows no resourceVersion', async () => {
    const before = api.store.revision;
    const object = await api.ok(`POST ${CMS}?dryRun=All`, { metadata: { name: 'cm' } });
    expect(object.metadata.uid).toBeDefined();
    expect(object.metadata.resourceVersion).toBeUndefined();
    expect(api.store.revision).toBe(before);
    expect(await api.fails(`GET ${CMS}/cm`)).toMatchObject({ code: 404 });
  });

  it('API-920, API-921: unknown option values are 422', async () => {
    expect((await api.fails(`POST ${CMS}?dryRun=Some`, {})).message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: ' +
        'supported values: "All"',
    );
    expect((await api.fails(`POST ${CMS}?fieldValidation=Loose`, {})).message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: ' +
        '"Loose": supported values: "", "Ignore", "Strict", "Warn"',
    );
  });
});

describe('paths and users', () => {
  it('API-302: methods that a path does not offer are 405', async () => {
    await create('cm');
    for (const line of [
      `POST ${CMS}/cm`,
      `PUT ${CMS}`,
      `PATCH ${CMS}`,
      'POST /api/v1/configmaps',
    ]) {
      expect(await api.fails(line, {})).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
    }
    expect(await api.fails('DELETE /api/v1/namespaces')).toMatchObject({ code: 405 });
  });

  it('API-116: unknown resources are 404, unknown groups plain text', async () => {
    for (const path of ['/api/v1/gadgets', '/api/v1/namespaces/default/nodes', `${CMS}/cm/scale`]) {
      expect(await api.fails(`GET ${path}`)).toMatchObject({
        code: 404,
        message: 'the server could not find the requested resource',
        details: {},
      });
    }
    const { code, body } = await api.call('GET /apis/none.example/v1/things');
    expect([code, body]).toEqual([404, '404 page not found\n']);
    for (const path of ['/apis/apps/v2/deployments', '/api/v2/pods', '/api/v1/bindings']) {
      const { reason, message } = await api.fails(`POST ${path}`, {});
      expect([reason, message]).toEqual([
        'NotFound',
        'the server could not find the requested resource',
      ]);
    }
  });

  it('API-410: a name that could be another place is 400, an escaped slash is a slash', async () => {
    expect((await api.fails(`GET ${CMS}/%252e`)).message).toBe(
      'Name parameter invalid: "%2e": may not contain \'%\'',
    );
    expect((await api.fails(`GET ${CMS}/cm%2Fstatus`)).message).toBe(
      'the server could not find the requested resource',
    );
  });

  it('API-317: who is no master is told what is forbidden', async () => {
    const user = { name: 'eve', uid: '', groups: ['system:authenticated'] };
    const eviction = 'POST /api/v1/namespaces/default/pods/p/eviction';
    const { body } = await api.call<Status>(eviction, { user });
    expect(body.message).toBe(
      'pods "p" is forbidden: User "eve" cannot create resource "pods/eviction" in API ' +
        'group "" in the namespace "default"',
    );
    const list = await api.call<Status>('GET /apis/apps/v1/statefulsets', { user });
    expect(list.body.message).toBe(
      'statefulsets.apps is forbidden: User "eve" cannot list resource "statefulsets" ' +
        'in API group "apps" at the cluster scope',
    );
  });
});

describe('PUT', () => {
  it('API-304: a stale resourceVersion is 409, none at all the last writer', async () => {
    const first = await create('cm');
    const next = await api.ok<ConfigMap>(`PUT ${CMS}/cm`, { ...first, data: { a: '2' } });
    expect(next.data).toEqual({ a: '2' });
    const stale = await api.fails(`PUT ${CMS}/cm`, { ...first, data: { a: '3' } });
    expect(stale).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "cm": the object has been ' +
        'modified; please apply your changes to the latest version and try again',
    });
    const last = await api.ok<ConfigMap>(`PUT ${CMS}/cm`, {
      metadata: { name: 'cm' },
      data: { a: '4' },
    });
    expect(last.data).toEqual({ a: '4' });
    expect(last.metadata).toMatchObject({
      uid: first.metadata.uid,
      creationTimestamp: first.metadata.creationTimestamp,
    });
  });

  it('API-304: a resourceVersion that is no number is 500', async () => {
    const object = await create('cm');
    object.metadata.resourceVersion = 'abc';
    expect(await api.fails(`PUT ${CMS}/cm`, object)).toMatchObject({
      code: 500,
      message: 'strconv.ParseUint: parsing "abc": invalid syntax',
    });
  });

  it('API-304: leases need a resourceVersion', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    await api.ok(`POST ${path}`, { metadata: { name: 'lease' } });
    const status = await api.fails(`PUT ${path}/lease`, { metadata: { name: 'lease' } });
    expect(status).toMatchObject({
      code: 422,
      details: { group: 'coordination.k8s.io', kind: 'leases' },
      message:
        'leases.coordination.k8s.io "lease" is invalid: metadata.resourceVersion: ' +
        'Invalid value: 0: must be specified for an update',
    });
  });

  it('API-301: PUT creates a Lease, and no ConfigMap', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/lease';
    const metadata = { name: 'lease', resourceVersion: '5' };
    expect(await api.call(`PUT ${path}`, { body: { metadata } })).toMatchObject({ code: 201 });
    expect(await api.fails(`PUT ${CMS}/cm`, { metadata: { name: 'cm' } })).toMatchObject({
      code: 404,
    });
  });

  it('API-305: a PUT of what is stored keeps the version', async () => {
    const object = await create('cm');
    const { revision } = api.store;
    expect(await api.ok(`PUT ${CMS}/cm`, object)).toEqual(object);
    expect(api.store.revision).toBe(revision);
  });

  it('API-306: another uid is a failed precondition', async () => {
    const object = await create('cm');
    const wrong = { ...object, metadata: { ...object.metadata, uid: '1111' } };
    expect((await api.fails(`PUT ${CMS}/cm`, wrong)).message).toBe(
      'Operation cannot be fulfilled on configmaps "cm": StorageError: invalid object, Code: 4, ' +
        'Key: /registry/configmaps/default/cm, ResourceVersion: 0, AdditionalErrorMsg: ' +
        'Precondition failed: ' +
        `UID in precondition: 1111, UID in object meta: ${object.metadata.uid}`,
    );
  });

  it('API-303: name and namespace must be the path’s', async () => {
    const object = await create('cm');
    const named = (name: string) => ({ ...object, metadata: { ...object.metadata, name } });
    expect((await api.fails(`PUT ${CMS}/cm`, named('other'))).message).toBe(
      'the name of the object (other) does not match the name on the URL (cm)',
    );
    expect((await api.fails(`PUT ${CMS}/cm`, named(''))).message).toBe(
      'the name of the object (cm based on URL) was undeterminable: name must be provided',
    );
  });

  it('API-920: a dry run shows the change and keeps the old', async () => {
    const object = await create('cm');
    const shown = await api.ok<ConfigMap>(`PUT ${CMS}/cm?dryRun=All`, {
      ...object,
      data: { a: '9' },
    });
    expect(shown.data).toEqual({ a: '9' });
    expect(await api.ok(`GET ${CMS}/cm`)).toEqual(object);
  });
});

describe('PATCH', () => {
  it('API-603: a merge patch; API-305: one that changes nothing keeps the version', async () => {
    const object = await create('cm');
    const patched = await api.ok<ConfigMap>(`PATCH ${CMS}/cm`, { data: { a: null, b: '2' } });
    expect(patched.data).toEqual({ b: '2' });
    expect(patched.metadata.uid).toBe(object.metadata.uid);
    expect(await api.ok(`PATCH ${CMS}/cm`, {})).toEqual(patched);
  });

  it('API-604: a resourceVersion in the patch is a lock', async () => {
    const { metadata } = await create('cm');
    const lock = { metadata: { resourceVersion: metadata.resourceVersion }, data: { a: 'x' } };
    await api.ok(`PATCH ${CMS}/cm`, lock);
    expect(await api.fails(`PATCH ${CMS}/cm`, lock)).toMatchObject({ reason: 'Conflict' });
  });

  it('API-604: many patches at once all take effect', async () => {
    await create('cm');
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => api.ok(`PATCH ${CMS}/cm`, { data: { [key]: 'x' } })));
    const { data = {} } = await api.ok<ConfigMap>(`GET ${CMS}/cm`);
    expect(Object.keys(data).sort()).toEqual(['a', ...keys].sort());
  });

  it('API-602: a JSON patch; a list is what it must be', async () => {
    await create('cm');
    const contentType = 'application/json-patch+json';
    const body = [{ op: 'add', path: '/data/n', value: 'new' }];
    const { body: patched } = await api.call<ConfigMap>(`PATCH ${CMS}/cm`, { body, contentType });
    expect(patched.data).toEqual({ a: '1', n: 'new' });
    const wrong = await api.call<Status>(`PATCH ${CMS}/cm`, { body: {}, contentType });
    expect(wrong.code).toBe(400);
  });

  it('API-605: a missing object is 404', async () => {
    expect(await api.fails(`PATCH ${CMS}/none`, {})).toMatchObject({
      code: 404,
      message: 'configmaps "none" not found',
    });
  });

  it('API-607: the name may not change', async () => {
    await create('cm');
    expect((await api.fails(`PATCH ${CMS}/cm`, { metadata: { name: 'x' } })).message).toBe(
      'the name of the object (x) does not match the name on the URL (cm)',
    );
  });

  it('API-601: unknown patch types are 415', async () => {
    await create('cm');
    const options = { body: {}, contentType: 'application/json' };
    expect(await api.call(`PATCH ${CMS}/cm`, options)).toMatchObject({ code: 415 });
  });
});
