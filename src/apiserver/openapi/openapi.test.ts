import { describe, expect, it } from 'vitest';
import { expectBytes, wireFields } from '../../api/meta/protobuf/wire-reader.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import { builtinResources, groupVersion } from '../../api/resources.ts';
import { enumValues } from './enum-values.ts';
import { createOpenApi } from './openapi.ts';
import { reachableTypes, schemaName } from './schema-names.ts';

const openApi = createOpenApi(builtinResources, 'v1.36.0');

async function document(path: string, hash: string | null = null) {
  const reply = await openApi(path, { hash });
  if (reply?.kind !== 'document') throw new Error(`no document at ${path}`);
  return { headers: reply.headers, value: JSON.parse(reply.body.toString()) as unknown };
}

type Tree = Record<string, unknown>;

/** What stands at a path of member names. */
function at(value: unknown, ...path: string[]): Tree {
  return path.reduce((node, name) => (node as Tree)[name] as Tree, value as Tree);
}

const schemasIn = (value: unknown) => at(value, 'components', 'schemas');

describe('OpenAPI v3', () => {
  it('API-230, API-233: the index lists every group version with a hash', async () => {
    const { value, headers } = await document('/openapi/v3');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    const served = builtinResources.map((resource) =>
      resource.group === '' ? `api/${resource.version}` : `apis/${groupVersion(resource)}`,
    );
    expect(new Set(Object.keys(at(value, 'paths')))).toEqual(new Set(served));
    const url = at(value, 'paths', 'apis/apps/v1')['serverRelativeURL'];
    expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/);
  });

  it('API-231: the right hash makes a document cacheable, a stale one redirects', async () => {
    const index = await document('/openapi/v3');
    const url = at(index.value, 'paths', 'apis/apps/v1')['serverRelativeURL'] as string;
    const [path = '', hash = ''] = url.split('?hash=');
    expect((await document(path, hash)).headers['cache-control']).toContain('immutable');
    expect(await openApi(path, { hash: 'OLD' })).toEqual({ kind: 'redirect', location: url });
  });

  it('API-232: every kind has a patch operation with fieldValidation', async () => {
    const { value } = await document('/openapi/v3/apis/apps/v1');
    const path = '/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}';
    const patch = at(value, 'paths', path, 'patch');
    expect(patch['x-kubernetes-group-version-kind']).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'StatefulSet',
    });
    expect(patch['parameters']).toContainEqual(
      expect.objectContaining({ name: 'fieldValidation' }),
    );
    expect(Object.keys(at(patch, 'requestBody', 'content'))).toContain(
      'application/strategic-merge-patch+json',
    );
  });

  it('API-232: no list of parameters is empty', async () => {
    for (const path of ['apis/apps/v1', 'apis/rbac.authorization.k8s.io/v1', 'api/v1']) {
      const { value } = await document(`/openapi/v3/${path}`);
      expect(JSON.stringify(value)).not.toContain('"parameters":[]');
    }
  });

  it('API-232: collections, lists and subresources have their paths', async () => {
    const { value } = await document('/openapi/v3/apis/apps/v1');
    const sets = '/apis/apps/v1/namespaces/{namespace}/statefulsets';
    const list = { $ref: '#/components/schemas/io.k8s.api.apps.v1.StatefulSetList' };
    for (const path of [sets, '/apis/apps/v1/statefulsets']) {
      const answer = at(value, 'paths', path, 'get', 'responses', '200', 'content');
      expect(at(answer, 'application/json')['schema']).toEqual(list);
    }
    expect(at(value, 'paths', sets, 'delete')['x-kubernetes-action']).toBe('deletecollection');
    expect(at(value, 'paths', `${sets}/{name}/scale`, 'patch')).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    });
    expect(Object.keys(at(value, 'paths', `${sets}/{name}/status`))).toEqual([
      'parameters',
      'get',
      'put',
      'patch',
    ]);
    const items = at(schemasIn(value), 'io.k8s.api.apps.v1.StatefulSetList', 'properties', 'items');
    expect(items['items']).toEqual({ $ref: '#/components/schemas/io.k8s.api.apps.v1.StatefulSet' });
    const core = (await document('/openapi/v3/api/v1')).value;
    const pod = '/api/v1/namespaces/{namespace}/pods/{name}';
    expect(at(core, 'paths', `${pod}/exec`, 'post')).toMatchObject({
      'x-kubernetes-action': 'connect',
      'x-kubernetes-group-version-kind': { kind: 'PodExecOptions' },
    });
    const options = at(core, 'paths', pod, 'delete', 'requestBody', 'content', 'application/json');
    expect(options['schema']).toEqual({
      $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
    });
    expect(Object.keys(at(core, 'paths', `${pod}/eviction`))).toEqual(['parameters', 'post']);
  });

  it('API-234: schemas carry merge keys', async () => {
    const schemas = schemasIn((await document('/openapi/v3/apis/apps/v1')).value);
    const properties = at(schemas, 'io.k8s.api.core.v1.PodSpec', 'properties');
    expect(properties['containers']).toMatchObject({
      type: 'array',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-list-map-keys': ['name'],
    });
    expect(at(properties, 'volumes')['x-kubernetes-patch-strategy']).toBe('merge,retainKeys');
    const deployment = at(schemas, 'io.k8s.api.apps.v1.DeploymentSpec', 'properties');
    expect(at(deployment, 'strategy')['x-kubernetes-patch-strategy']).toBe('retainKeys');
  });

  it('API-235: schemas have texts, kinds and no reference that leads nowhere', async () => {
    for (const path of [
      'api/v1',
      'apis/apps/v1',
      'apis/policy/v1',
      'apis/storage.k8s.io/v1',
      'apis/batch/v1',
    ]) {
      const { value } = await document(`/openapi/v3/${path}`);
      const text = JSON.stringify(value);
      for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
        expect(schemasIn(value)[name], name).toBeDefined();
      }
    }
    const schemas = schemasIn((await document('/openapi/v3/apis/apps/v1')).value);
    const set = at(schemas, 'io.k8s.api.apps.v1.StatefulSet');
    expect(set['x-kubernetes-group-version-kind']).toEqual([
      { group: 'apps', version: 'v1', kind: 'StatefulSet' },
    ]);
    expect(set['description']).toMatch(/^StatefulSet represents a set of pods/);
  });

  it('API-235: fields that take one of a few words tell them', async () => {
    const schemas = schemasIn((await document('/openapi/v3/api/v1')).value);
    const pod = at(schemas, 'io.k8s.api.core.v1.PodSpec', 'properties', 'restartPolicy');
    expect(pod['enum']).toEqual(['Always', 'Never', 'OnFailure']);
    expect(pod['description']).toMatch(/Possible enum values:\n - `"Always"`\n/);
    const claim = at(schemas, 'io.k8s.api.core.v1.PersistentVolumeClaimSpec', 'properties');
    expect(claim['accessModes']).toMatchObject({
      type: 'array',
      items: { enum: expect.arrayContaining(['ReadWriteOncePod']) as unknown },
    });
  });

  it('API-235: quantities are a type of their own', async () => {
    const schemas = schemasIn((await document('/openapi/v3/api/v1')).value);
    const limits = at(schemas, 'io.k8s.api.core.v1.ResourceRequirements', 'properties', 'limits');
    const name = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
    expect(limits['additionalProperties']).toEqual({ $ref: `#/components/schemas/${name}` });
    expect(schemas[name]).toMatchObject({ oneOf: [{ type: 'string' }, { type: 'number' }] });
  });

  it('API-235: every field with an enum exists and is text', () => {
    for (const field of enumValues.keys()) {
      const [owner = '', name = ''] = field.split('.');
      const type = builtinTypes.type(owner)?.fields.get(name)?.type;
      expect(JSON.stringify(type), field).toContain('"scalar":"string"');
    }
  });

  it('API-230: there is no document of an unknown version', async () => {
    expect(await openApi('/openapi/v3/apis/none/v1', { hash: null })).toBeUndefined();
  });

  it('API-237: types have the names of the reference, each its own', () => {
    expect(schemaName('EventsV1Event')).toBe('io.k8s.api.events.v1.Event');
    expect(schemaName('TopologySelectorTerm')).toBe('io.k8s.api.core.v1.TopologySelectorTerm');
    expect(schemaName('Scale')).toBe('io.k8s.api.autoscaling.v1.Scale');
    expect(schemaName('CustomResourceDefinition')).toBe(
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    );
    expect(schemaName('HorizontalPodAutoscalerV1')).toMatch(/autoscaling\.v1\.Horizontal\w+r$/);
    const names = builtinTypes.names.map(schemaName);
    expect(new Set(names).size).toBe(names.length);
  });

  it('API-235: every reachable type has a package', () => {
    for (const { model } of builtinResources) {
      for (const { name } of reachableTypes(model)) expect(schemaName(name)).toMatch(/^io\.k8s\./);
    }
  });
});

describe('OpenAPI v2', () => {
  async function whole(accept?: string) {
    const reply = await openApi('/openapi/v2', { hash: null, accept });
    if (reply?.kind !== 'document') throw new Error('no document');
    return reply;
  }

  it('API-236: one JSON document of everything served', async () => {
    const { body, headers } = await whole();
    expect(headers['content-type']).toBe('application/json');
    const value = JSON.parse(body.toString()) as Tree;
    expect(value).toMatchObject({ swagger: '2.0', info: { version: 'v1.36.0' } });
    const path = at(value, 'paths', '/apis/batch/v1/namespaces/{namespace}/jobs/{name}', 'patch');
    expect(path['x-kubernetes-group-version-kind']).toEqual({
      group: 'batch',
      version: 'v1',
      kind: 'Job',
    });
    const definitions = at(value, 'definitions');
    const referenced = body.toString().matchAll(/"#\/definitions\/([^"]+)"/g);
    for (const [, name = ''] of referenced) expect(definitions[name], name).toBeDefined();
    expect(body.toString()).not.toContain('#/components');
    const port = at(definitions, 'io.k8s.api.core.v1.ServicePort', 'properties', 'targetPort');
    expect(port['$ref']).toMatch(/IntOrString$/);
  });

  it('API-236: the same as a protobuf message, for old clients', async () => {
    const old = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const { body, headers } = await whole(old);
    expect(headers['content-type']).toContain('proto-openapi.spec.v2');
    const json = JSON.parse((await whole()).body.toString()) as Tree;
    const inside = (bytes: Buffer, number: number) =>
      [...wireFields(bytes, 'OpenAPI')]
        .filter((field) => field.number === number)
        .map((field) => expectBytes(field, 'field'));
    const nameOf = (bytes: Buffer) => inside(bytes, 1)[0]?.toString();
    expect(nameOf(body)).toBe('2.0');
    const definitions = inside(inside(body, 9)[0] ?? Buffer.alloc(0), 1);
    expect(definitions.map(nameOf)).toEqual(Object.keys(at(json, 'definitions')));
    const paths = inside(inside(body, 8)[0] ?? Buffer.alloc(0), 2);
    expect(paths.map(nameOf)).toEqual(Object.keys(at(json, 'paths')));
    // NamedSchema → Schema → vendor_extension → Any → yaml.
    const job = definitions.find((bytes) => nameOf(bytes) === 'io.k8s.api.batch.v1.Job');
    const schema = inside(job ?? Buffer.alloc(0), 2)[0] ?? Buffer.alloc(0);
    const kinds = inside(schema, 31).find(
      (bytes) => nameOf(bytes) === 'x-kubernetes-group-version-kind',
    );
    const yaml = inside(inside(kinds ?? Buffer.alloc(0), 2)[0] ?? Buffer.alloc(0), 2)[0];
    expect(JSON.parse(yaml?.toString() ?? '')).toEqual([
      { group: 'batch', version: 'v1', kind: 'Job' },
    ]);
  });

  it('API-324: other forms are not offered', async () => {
    await expect(whole('text/html')).rejects.toMatchObject({ code: 406 });
  });
});
