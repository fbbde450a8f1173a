// Rules of docs/semantics/kubernetes-api.md about definitions, as clients meet them over HTTPS.
import { request as httpsRequest } from 'node:https';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CustomResourceDefinition, Status } from '../../api/generated/types.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import { startEdgeServer, type EdgeServer } from '../testing/edge-server.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { createCustomResources } from './custom-registry.ts';
import { define, DEFINITIONS, version, WIDGETS, widget, widgets } from './definitions.fixture.ts';

let api: TestApi;
let edge: EdgeServer;

beforeEach(async () => {
  const store = createMemoryStore();
  const customResources = createCustomResources(store);
  api = await createTestApi({ store, customResources });
  edge = await startEdgeServer(api.handler, { customResources: () => customResources.resources() });
});
afterEach(() => edge.server.stop());

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

function call(path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  const { certificates, port } = edge;
  const authorization = `Bearer ${certificates.adminToken}`;
  const target = { host: '127.0.0.1', port, path, method, ca: certificates.ca, agent: false };
  return new Promise<{ code: number; text: string }>((resolve, reject) => {
    const request = httpsRequest({ ...target, headers: { authorization, ...headers } }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => resolve({ code: reply.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const OPEN = 'x-kubernetes-preserve-unknown-fields';

const conditions = async () => {
  const { status } = await api.ok<CustomResourceDefinition>(
    `GET ${DEFINITIONS}/widgets.example.com`,
  );
  return Object.fromEntries((status?.conditions ?? []).map(({ type, status: is }) => [type, is]));
};

test('API-211: what is established is in every form of discovery, what is deleted in none', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const places = async () => ({
    aggregated: (await call('/apis', { headers: { accept } })).text.includes('"widgets"'),
    groups: (await call('/apis')).text.includes('example.com'),
    group: (await call('/apis/example.com')).code,
    version: (await call('/apis/example.com/v1')).code,
    openApi: (await call('/openapi/v3')).text.includes('apis/example.com/v1'),
    list: (await call(WIDGETS)).code,
  });
  const absent = { aggregated: false, groups: false, group: 404, version: 404, openApi: false };
  expect(await places()).toEqual({ ...absent, list: 404 });
  await define(api, { size: { type: 'integer' } });
  expect(await conditions()).toMatchObject({ Established: 'True' });
  const there = { aggregated: true, groups: true, group: 200, version: 200, openApi: true };
  expect(await places()).toEqual({ ...there, list: 200 });
  await api.ok(`DELETE ${DEFINITIONS}/widgets.example.com`);
  await expect.poll(places).toEqual({ ...absent, list: 404 });
});

describe('API-1001: definitions', () => {
  const spec = { type: 'object' };

  test('have names, a scope and versions, one of which is stored', async () => {
    const two = [
      version(spec, { name: 'v1beta1', storage: false }),
      version(spec, { name: 'v1' }),
      version(spec, { name: 'v2', served: false, storage: false }),
    ];
    await api.ok(`POST ${DEFINITIONS}`, widgets(two));
    const stored = await api.ok<CustomResourceDefinition>(`GET ${DEFINITIONS}/widgets.example.com`);
    expect(stored.spec.names).toMatchObject({ singular: 'widget', listKind: 'WidgetList' });
    expect(stored.status?.storedVersions).toEqual(['v1']);
    const group = JSON.parse((await call('/apis/example.com')).text) as {
      versions: { version: string }[];
      preferredVersion: { version: string };
    };
    expect(group.versions.map((entry) => entry.version)).toEqual(['v1', 'v1beta1']);
    expect(group.preferredVersion.version).toBe('v1');
  });

  test.each([
    ['no stored version', [version(spec, { storage: false })], {}],
    ['two stored versions', [version(spec), version(spec, { name: 'v2' })], {}],
    ['a version twice', [version(spec), version(spec, { storage: false })], {}],
    ['another name', [version(spec)], { group: 'other.example.com' }],
    ['another scope', [version(spec)], { scope: 'Everywhere' }],
    ['unknown fields everywhere', [version(spec)], { preserveUnknownFields: true }],
  ])('%s is 422', async (_, versions, more) => {
    expect(await api.fails(`POST ${DEFINITIONS}`, widgets(versions, more))).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
  });
});

describe('API-1001: mistakes of definitions', () => {
  const spec = { type: 'object', properties: { color: { type: 'string' } } };
  const service = { name: 'a', namespace: 'b', path: 'x' };
  const webhook = { clientConfig: { service }, conversionReviewVersions: ['v1'] };

  test.each<[string, object, object, string[]]>([
    [
      'a warning that is empty',
      { deprecated: true, deprecationWarning: '' },
      {},
      ['Invalid value: "": must not be an empty string'],
    ],
    [
      'a warning with a line break',
      { deprecated: true, deprecationWarning: 'a\nb' },
      {},
      [
        'Invalid value: "a\\nb": must only contain printable UTF-8 characters; ' +
          'non-printable character found at index 1',
      ],
    ],
    [
      'a selectable field without a dot',
      { selectableFields: [{ jsonPath: 'spec.color' }] },
      {},
      ['Invalid value: "spec.color": is an invalid path: expected [ or . but got: spec'],
    ],
    [
      'the path of a webhook',
      {},
      { conversion: { strategy: 'Webhook', webhook } },
      [
        `Invalid value: "x": must start with a '/'`,
        'Invalid value: "x": segment[0] may not be empty',
      ],
    ],
    [
      'a $schema',
      { schema: { openAPIV3Schema: { type: 'object', $schema: 'x' } } },
      {},
      [`Invalid value: "": OpenAPIV3Schema 'schema' is not supported`],
    ],
  ])('%s', async (_, ofVersion, more, messages) => {
    const body = widgets([version(spec, ofVersion)], more);
    const { details } = await api.fails(`POST ${DEFINITIONS}`, body);
    expect(details?.causes?.map(({ message }) => message)).toEqual(messages);
  });
});

describe('API-1002: schemas are structural', () => {
  const path = 'spec.validation.openAPIV3Schema.properties[spec]';
  const causesOf = async (schema: object) => {
    const { details } = await api.fails(`POST ${DEFINITIONS}`, widgets([version(schema)]));
    return (details?.causes ?? []).map(({ field, reason }) => `${field} ${reason}`);
  };

  test('everything has a type', async () => {
    expect(await causesOf({ properties: { a: {} }, type: 'object' })).toEqual([
      `${path}.properties[a].type FieldValueRequired`,
    ]);
  });

  test('what stands inside a combinator only restricts', async () => {
    const a = { type: 'string', anyOf: [{ type: 'string', description: 'x', default: 'y' }] };
    const where = `${path}.properties[a].anyOf[0]`;
    const causes = await causesOf({ type: 'object', properties: { a } });
    expect(causes).toContain(`${where}.default FieldValueForbidden`);
    expect(causes).toContain(`${where}.description FieldValueForbidden`);
    expect(causes).toContain(`${where}.type FieldValueForbidden`);
  });

  test('there are no references, and members are either named or not', async () => {
    const both = { type: 'object', properties: {}, additionalProperties: { type: 'string' } };
    const named = { ...both, properties: { b: { type: 'string' } } };
    expect(await causesOf({ type: 'object', properties: { a: named } })).toEqual([
      `${path}.properties[a].additionalProperties FieldValueForbidden`,
    ]);
    const reference = { type: 'object', $ref: '#/x' };
    expect(await causesOf({ type: 'object', properties: { a: reference } })).toContain(
      `${path}.properties[a].$ref FieldValueForbidden`,
    );
  });
});

test('API-1202: a custom resource in protobuf is 415', async () => {
  await define(api, {});
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const body = Buffer.from('k8s\0\n\x00\x12\x00', 'latin1');
  const { code, text } = await call(WIDGETS, { method: 'POST', headers, body });
  expect(code).toBe(415);
  expect((JSON.parse(text) as Status).reason).toBe('UnsupportedMediaType');
  await api.ok(`POST ${WIDGETS}`, widget('a'));
});

test('API-236: v2 says of an open kind only that it is an object', async () => {
  const schema = { openAPIV3Schema: { type: 'object', [OPEN]: true } };
  await api.ok(`POST ${DEFINITIONS}`, widgets([{ ...version({}), schema }]));
  type Document = { definitions: Record<string, object> };
  const { definitions } = JSON.parse((await call('/openapi/v2')).text) as Document;
  expect(definitions['com.example.v1.Widget']).toEqual({
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
  });
});

test('API-1011: metadata has the usual text, an embedded resource must say what it is', async () => {
  const spec = {
    type: 'object',
    properties: { pod: { type: 'object', 'x-kubernetes-embedded-resource': true, [OPEN]: true } },
  };
  await api.ok(`POST ${DEFINITIONS}`, widgets([version(spec)]));
  type Own = { properties: { metadata: object; spec: { properties: { pod: object } } } };
  type Document = { components: { schemas: Record<string, Own> } };
  const { text } = await call('/openapi/v3/apis/example.com/v1');
  const own = (JSON.parse(text) as Document).components.schemas['com.example.v1.Widget'];
  expect(own?.properties.metadata).toMatchObject({
    description: expect.stringMatching(/^Standard object's metadata. More info: /) as string,
  });
  expect(own?.properties.spec.properties.pod).toMatchObject({ required: ['kind', 'apiVersion'] });
});

test('API-236: v2 says of what may be null, open or either that it is of any type', async () => {
  const either = {
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
  };
  const spec = {
    type: 'object',
    required: ['maybe', 'size'],
    properties: {
      maybe: { type: 'object', nullable: true, properties: { a: { type: 'string' } } },
      open: { type: 'object', [OPEN]: true },
      size: { type: 'integer', oneOf: [{ minimum: 1 }, { maximum: -1 }] },
      either,
    },
  };
  const fields = [{ jsonPath: '.spec.size' }];
  await api.ok(`POST ${DEFINITIONS}`, widgets([version(spec, { selectableFields: fields })]));
  type Document = { definitions: Record<string, { properties: { spec: object } }> };
  const { definitions } = JSON.parse((await call('/openapi/v2')).text) as Document;
  const own = definitions['com.example.v1.Widget'];
  expect(own).toMatchObject({ 'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.size' }] });
  expect(own?.properties.spec).toEqual({
    type: 'object',
    required: ['size'],
    properties: {
      maybe: {},
      open: { [OPEN]: true },
      size: { type: 'integer' },
      either: { 'x-kubernetes-int-or-string': true },
    },
  });
});
