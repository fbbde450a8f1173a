// Custom resources through the whole core of the API server.
import { beforeEach, describe, expect, test } from 'vitest';
import type { CustomResourceDefinition } from '../../api/generated/types.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { define, DEFINITIONS, version, widget, widgets, WIDGETS } from './definitions.fixture.ts';
import type { Widget } from './definitions.fixture.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const definition = (name = 'widgets.example.com') =>
  api.ok<CustomResourceDefinition>(`GET ${DEFINITIONS}/${name}`);
const merge = (name: string, body: object) =>
  api.call<Widget>(`PATCH ${WIDGETS}/${name}`, { body });
const messages = async (line: string, body: object) => {
  const { details } = await api.fails(line, body);
  return (details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
};

describe('definitions', () => {
  test('API-1006: with the reply a definition is established and its objects can be made', async () => {
    await define(api, { size: { type: 'integer' } });
    const { status, spec } = await definition();
    expect(status?.conditions?.map(({ type, status: is }) => [type, is])).toEqual([
      ['NamesAccepted', 'True'],
      ['Established', 'True'],
    ]);
    expect(status?.acceptedNames).toMatchObject({ kind: 'Widget', listKind: 'WidgetList' });
    expect(status?.storedVersions).toEqual(['v1']);
    expect(spec.conversion).toEqual({ strategy: 'None' });
    const made = await api.ok<Widget>(`POST ${WIDGETS}`, widget('a', { size: 1 }));
    expect(made.metadata.generation).toBe(1);
  });

  test('API-1006: names that are taken are not accepted until they are free', async () => {
    await define(api, {});
    const other = widgets([version({ type: 'object' })], {
      names: { plural: 'wodgets', kind: 'Widget' },
    });
    await api.ok(`POST ${DEFINITIONS}`, { ...other, metadata: { name: 'wodgets.example.com' } });
    const { status } = await definition('wodgets.example.com');
    expect(status?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'ListKindConflict' });
    expect((await api.call(WODGETS_LIST)).code).toBe(404);
    await api.ok(`DELETE ${DEFINITIONS}/widgets.example.com`);
    expect((await api.call(WODGETS_LIST)).code).toBe(200);
  });
  const WODGETS_LIST = 'GET /apis/example.com/v1/wodgets';

  test('API-1006: groups of Kubernetes need to be approved', async () => {
    const own = widgets([version({ type: 'object' })], { group: 'x.k8s.io' });
    const metadata = { name: 'widgets.x.k8s.io' };
    const [cause] = await messages(`POST ${DEFINITIONS}`, { ...own, metadata });
    expect(cause).toContain('protected groups must have approval annotation');
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
    await api.ok(`POST ${DEFINITIONS}`, { ...own, metadata: { ...metadata, annotations } });
    const { status } = await definition('widgets.x.k8s.io');
    expect(status?.conditions?.[2]).toMatchObject({
      type: 'KubernetesAPIApprovalPolicyConformant',
      status: 'False',
      reason: 'UnapprovedAnnotation',
    });
  });

  test('API-1007: the end of a definition takes its objects and its paths away', async () => {
    await define(api, {});
    await api.ok(`POST ${WIDGETS}`, widget('a'));
    const ended = await api.ok<CustomResourceDefinition>(
      `DELETE ${DEFINITIONS}/widgets.example.com`,
    );
    expect(ended.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect((await api.call(`GET ${DEFINITIONS}/widgets.example.com`)).code).toBe(404);
    expect((await api.call(`GET ${WIDGETS}`)).code).toBe(404);
    await define(api, {});
    expect((await api.ok<{ items: object[] }>(`GET ${WIDGETS}`)).items).toEqual([]);
  });

  test('API-1007: an object with a finalizer holds its definition; nothing is added', async () => {
    await define(api, {});
    const held = widget('a') as Widget;
    held.metadata.finalizers = ['example.com/hold'];
    await api.ok(`POST ${WIDGETS}`, held);
    await api.ok(`DELETE ${DEFINITIONS}/widgets.example.com`);
    const { status } = await definition();
    expect(status?.conditions?.at(-1)).toMatchObject({ type: 'Terminating', status: 'True' });
    expect((await api.call(`POST ${WIDGETS}`, { body: widget('b') })).code).toBe(405);
    await merge('a', { metadata: { finalizers: null } });
    await expect
      .poll(async () => (await api.call(`GET ${DEFINITIONS}/widgets.example.com`)).code)
      .toBe(404);
  });

  test('API-1006: a version that was stored stays on the list', async () => {
    const both = [
      version({ type: 'object' }, { storage: false }),
      version({ type: 'object', properties: {} }, { name: 'v2' }),
    ];
    await define(api, {});
    await api.ok(`PATCH ${DEFINITIONS}/widgets.example.com`, { spec: { versions: both } });
    expect((await definition()).status?.storedVersions).toEqual(['v1', 'v2']);
  });
});

describe('objects', () => {
  test('API-1003, API-1004: unknown members go, defaults come', async () => {
    await define(api, {
      color: { type: 'string', default: 'red' },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    });
    const spec = { odd: 1, open: { any: [1] } };
    const { body, warnings } = await api.call<Widget>(`POST ${WIDGETS}`, {
      body: widget('a', spec),
    });
    expect(body.spec).toEqual({ color: 'red', open: { any: [1] } });
    expect(warnings).toEqual(['unknown field "spec.odd"']);
  });

  test('API-1004: a default that was added later shows when old objects are read', async () => {
    await define(api, {});
    await api.ok(`POST ${WIDGETS}`, widget('a'));
    const properties = { level: { type: 'integer', default: 3 } };
    const versions = [version({ type: 'object', properties })];
    await api.ok(`PATCH ${DEFINITIONS}/widgets.example.com`, { spec: { versions } });
    expect((await api.ok<Widget>(`GET ${WIDGETS}/a`)).spec).toEqual({ level: 3 });
    const { items } = await api.ok<{ items: Widget[] }>(`GET ${WIDGETS}`);
    expect(items[0]?.spec).toEqual({ level: 3 });
  });

  test('API-1005: what does not fit the schema is refused with causes', async () => {
    await define(api, {
      size: { type: 'integer', minimum: 1 },
      names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    });
    expect(await messages(`POST ${WIDGETS}`, widget('a', { size: 0 }))).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    ]);
    expect(await messages(`POST ${WIDGETS}`, widget('a', { names: ['x', 'x'] }))).toEqual([
      'spec.names[1]: Duplicate value: "x"',
    ]);
  });

  test('API-1005: what was wrong before may stay as it is', async () => {
    await define(api, { text: { type: 'string' }, size: { type: 'integer' } });
    await api.ok(`POST ${WIDGETS}`, widget('a', { text: 'long' }));
    const properties = { text: { type: 'string', maxLength: 2 }, size: { type: 'integer' } };
    const versions = [version({ type: 'object', properties })];
    await api.ok(`PATCH ${DEFINITIONS}/widgets.example.com`, { spec: { versions } });
    expect((await merge('a', { spec: { size: 1 } })).code).toBe(200);
    expect((await merge('a', { spec: { text: 'other' } })).code).toBe(422);
  });

  test('API-302: what is not offered is said in the words of the reference', async () => {
    await define(api, {}, { subresources: { status: {} } });
    await api.ok(`POST ${WIDGETS}`, widget('w'));
    expect((await api.fails(`PUT ${WIDGETS}`, {})).message).toBe('name must be provided');
    expect((await api.fails(`DELETE ${WIDGETS}/w/status`)).message).toBe(
      'delete is not supported on resources of kind "widgets.example.com"',
    );
    const everywhere = WIDGETS.replace('/namespaces/default', '');
    expect((await api.call(`POST ${everywhere}`, { body: widget('x') })).body).toBe(
      '404 page not found\n',
    );
    expect((await api.call(`GET ${everywhere}`)).code).toBe(200);
  });

  test('API-404, API-701: with a status subresource only the spec counts', async () => {
    await define(api, { size: { type: 'integer' } }, { subresources: { status: {} } });
    const body = { ...widget('a', { size: 1 }), status: { phase: 'x' } };
    expect(await api.ok<Widget>(`POST ${WIDGETS}`, body)).not.toHaveProperty('status');
    const status = { metadata: { labels: { a: 'b' } }, spec: { size: 9 }, status: { phase: 'y' } };
    const written = await api.ok<Widget>(`PATCH ${WIDGETS}/a/status`, status);
    expect(written).toMatchObject({ spec: { size: 1 }, status: { phase: 'y' } });
    expect(written.metadata).not.toHaveProperty('labels');
    expect(written.metadata.generation).toBe(1);
    const changed = await merge('a', { spec: { size: 2 }, status: { phase: 'z' } });
    expect(changed.body).toMatchObject({ metadata: { generation: 2 }, status: { phase: 'y' } });
  });

  test('API-702: scale reads and writes the paths of the definition', async () => {
    const scale = {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.ready',
      labelSelectorPath: '.status.selector',
    };
    await define(api, { size: { type: 'integer' } }, { subresources: { status: {}, scale } });
    await api.ok(`POST ${WIDGETS}`, widget('a', { size: 2 }));
    await api.ok(`PATCH ${WIDGETS}/a/status`, { status: { ready: 1, selector: 'app=a' } });
    const read = await api.ok<Widget>(`GET ${WIDGETS}/a/scale`);
    expect(read).toMatchObject({
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=a' },
    });
    await api.ok(`PATCH ${WIDGETS}/a/scale`, { spec: { replicas: 5 } });
    expect((await api.ok<Widget>(`GET ${WIDGETS}/a`)).spec).toEqual({ size: 5 });
    expect((await api.fails(`GET ${WIDGETS}/none/scale`)).code).toBe(404);
  });

  test('API-1009: PUT needs a resourceVersion; strategic patches are not for custom resources', async () => {
    await define(api, {});
    await api.ok(`POST ${WIDGETS}`, widget('a'));
    expect((await api.fails(`PUT ${WIDGETS}/a`, widget('a'))).code).toBe(422);
    const contentType = 'application/strategic-merge-patch+json';
    expect((await api.call(`PATCH ${WIDGETS}/a`, { body: {}, contentType })).code).toBe(415);
  });

  test('API-1009: server-side apply merges lists by the keys of the schema', async () => {
    const item = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };
    await define(api, {
      parts: {
        type: 'array',
        items: item,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
    });
    const apply = (manager: string, names: string[]) => {
      const body = widget('a', { parts: names.map((name) => ({ name })) });
      const contentType = 'application/apply-patch+yaml';
      return api.call<Widget>(`PATCH ${WIDGETS}/a?fieldManager=${manager}`, { body, contentType });
    };
    await apply('one', ['x', 'y']);
    await apply('two', ['z']);
    const { body } = await apply('one', ['x']);
    expect(body.spec).toEqual({ parts: [{ name: 'x' }, { name: 'z' }] });
  });

  test('API-518: selectable fields select in lists and watches', async () => {
    const selectableFields = [{ jsonPath: '.spec.color' }];
    await define(api, { color: { type: 'string' } }, { selectableFields });
    const watch = await api.watch(`${WIDGETS}?watch=true&fieldSelector=spec.color%3Dred`);
    await api.ok(`POST ${WIDGETS}`, widget('a', { color: 'red' }));
    await api.ok(`POST ${WIDGETS}`, widget('b', { color: 'blue' }));
    const query = 'fieldSelector=spec.color%3Dblue';
    const { items } = await api.ok<{ items: Widget[] }>(`GET ${WIDGETS}?${query}`);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['b']);
    expect(watch.events.map(({ name }) => name)).toEqual(['a']);
    watch.stop();
  });
});

describe('versions', () => {
  test('API-1008: one object in two versions, each with its own schema', async () => {
    const v1 = { type: 'object', properties: { a: { type: 'string' }, old: { type: 'string' } } };
    const v2 = { type: 'object', properties: { a: { type: 'string' }, fresh: { type: 'string' } } };
    const versions = [version(v1), version(v2, { name: 'v2', storage: false })];
    await api.ok(`POST ${DEFINITIONS}`, widgets(versions));
    await api.ok(`POST ${WIDGETS}`, widget('a', { a: 'x', old: 'y' }));
    const other = WIDGETS.replace('/v1/', '/v2/');
    const shown = await api.ok<Widget>(`GET ${other}/a`);
    expect([shown.apiVersion, shown.spec]).toEqual(['example.com/v2', { a: 'x' }]);
    const watch = await api.watch(`${other}?watch=true`);
    await merge('a', { spec: { a: 'z' } });
    expect(watch.events.at(-1)?.object).toMatchObject({ apiVersion: 'example.com/v2' });
    watch.stop();
    const { items } = await api.ok<{ items: Widget[] }>(`GET ${other}`);
    expect(items[0]).toMatchObject({ apiVersion: 'example.com/v2', spec: { a: 'z' } });
  });

  test('API-1008, API-303: versions that are not served, and bodies of another one', async () => {
    await define(api, {});
    expect((await api.call(`GET ${WIDGETS.replace('/v1/', '/v9/')}`)).code).toBe(404);
    const { message } = await api.fails(`POST ${WIDGETS}`, widget('a', {}, 'example.com/v2'));
    expect(message).toContain('does not match the expected API version');
  });
});
