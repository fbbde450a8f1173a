// Rules of docs/semantics/kubernetes-api.md about other clients: the requests that they send,
// through the API server's core. Typed Go clients write protobuf.
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap, Lease, Secret, Status } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { slotsOf } from '../../api/meta/protobuf/field-numbers.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import type { TypeRef } from '../../api/meta/type-model.ts';
import { builtinResources, groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { seededRandom } from '../../base/random.ts';
import { bootstrapPolicy } from '../authorization/bootstrap-policy.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const NS = '/api/v1/namespaces/default';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const STRATEGIC = 'application/strategic-merge-patch+json';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...varint(Math.floor(value / 128))];
}

/** A length-delimited field. */
function field(number: number, ...content: (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

const integer = (number: number, value: number) => Buffer.from([number * 8, ...varint(value)]);

/** The body of a typed Go client. */
function envelope(apiVersion: string, kind: string, ...raw: Buffer[]): Buffer {
  const type = field(1, field(1, apiVersion), field(2, kind));
  return Buffer.concat([Buffer.from('k8s\0'), type, field(2, ...raw), field(3, ''), field(4, '')]);
}

/** ObjectMeta as Go writes it: fields without value, too. */
function objectMeta(
  name: string,
  {
    labels = {},
    resourceVersion = '',
  }: {
    labels?: Record<string, string>;
    resourceVersion?: string;
  } = {},
): Buffer {
  const pairs = Object.entries(labels).map(([key, value]) =>
    field(11, field(1, key), field(2, value)),
  );
  const rest = [field(2, ''), field(3, ''), field(4, ''), field(5, ''), field(6, resourceVersion)];
  return field(1, field(1, name), ...rest, integer(7, 0), field(8, ''), ...pairs);
}

const send = <T = KubernetesObject>(line: string, body: Buffer) =>
  api.call<T>(line, { body, contentType: PROTOBUF });

/** The message that a field holds, be it in a list or a map. */
function namesIn(type: TypeRef): string[] {
  if (type.form === 'object') return [type.name];
  if (type.form === 'list') return namesIn(type.item);
  return type.form === 'map' ? namesIn(type.value) : [];
}

function collectionOf({ group, version, resource, namespaced }: ResourceDefinition): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespaced ? '/namespaces/default' : ''}/${resource}`;
}

describe('protobuf', () => {
  const creatable = builtinResources.filter(({ verbs }) => verbs.includes('create'));

  test.each(creatable.map((resource) => [collectionOf(resource), resource] as const))(
    'API-1201, API-1202: %s takes a protobuf body as it takes a JSON one',
    async (path, resource) => {
      const body = envelope(groupVersion(resource), resource.kind, objectMeta('x'));
      const asProtobuf = await send<Status>(`POST ${path}?dryRun=All`, body);
      const json = { metadata: { name: 'x' } };
      const asJson = await api.call<Status>(`POST ${path}?dryRun=All`, { body: json });
      expect(asProtobuf.code).not.toBe(415);
      expect([asProtobuf.code, asProtobuf.body.message]).toEqual([
        asJson.code,
        asJson.body.message,
      ]);
    },
  );

  test('API-1209: every message that a served kind can reach has its fields in the table', () => {
    const reached = new Set<string>();
    const visit = (name: string) => {
      const type = builtinTypes.type(name);
      if (!type || reached.has(name)) return;
      reached.add(name);
      for (const one of type.fields.values()) for (const next of namesIn(one.type)) visit(next);
    };
    for (const { model } of builtinResources) visit(model);
    const stored = builtinResources.filter(({ model }) => builtinTypes.type(model));
    expect(stored.length).toBeGreaterThan(50);
    const empty = [...reached].filter(
      (name) => slotsOf(name).size === 0 && (builtinTypes.type(name)?.fields.size ?? 0) > 0,
    );
    expect(reached.size).toBeGreaterThan(300);
    expect(empty).toEqual([]);
  });
});

describe('client-go', () => {
  const lease = (holder: string, resourceVersion = '', seconds = 1_767_225_600) =>
    envelope(
      'coordination.k8s.io/v1',
      'Lease',
      objectMeta('lock', { resourceVersion }),
      field(2, field(1, holder), integer(2, 15), field(4, integer(1, seconds)), integer(5, 0)),
    );

  test('API-1403, API-1204: a leader holds a Lease by optimistic locks', async () => {
    const created = await send<Lease>(`POST ${LEASES}`, lease('one'));
    expect(created).toMatchObject({
      code: 201,
      body: {
        kind: 'Lease',
        spec: {
          holderIdentity: 'one',
          leaseDurationSeconds: 15,
          renewTime: '2026-01-01T00:00:00.000000Z',
          leaseTransitions: 0,
        },
      },
    });
    expect((await send<Status>(`POST ${LEASES}`, lease('two'))).body.reason).toBe('AlreadyExists');
    const { resourceVersion } = created.body.metadata;
    const renewed = await send<Lease>(
      `PUT ${LEASES}/lock`,
      lease('one', resourceVersion, 1_767_225_602),
    );
    expect(renewed.code).toBe(200);
    const late = await send<Status>(`PUT ${LEASES}/lock`, lease('two', resourceVersion));
    expect(late.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await send(`PUT ${LEASES}/lock`, lease('two'))).code).toBe(422);
  });

  test('API-1403: an informer starts with the objects, then the end of them, then changes', async () => {
    await api.ok(`POST ${NS}/configmaps`, { metadata: { name: 'a' } });
    const watch = await api.watch(
      `${NS}/configmaps?allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan` +
        '&sendInitialEvents=true&timeout=7m13s&timeoutSeconds=433&watch=true',
    );
    await api.ok(`POST ${NS}/configmaps`, { metadata: { name: 'b' } });
    await expect.poll(() => watch.events.length).toBe(3);
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK', 'ADDED']);
    expect(watch.events[1]?.object.metadata.annotations).toEqual({
      'k8s.io/initial-events-end': 'true',
    });
    watch.stop();
  });
});

describe('API-1404: controller-runtime', () => {
  const SETS = '/apis/apps/v1/namespaces/default/statefulsets';

  beforeEach(() =>
    api.ok(`POST ${SETS}`, {
      metadata: { name: 'web' },
      spec: {
        serviceName: 'web',
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
      },
    }),
  );

  test('finalizers go by merge patch under a lock', async () => {
    const { metadata } = await api.ok(`GET ${SETS}/web`);
    const patch = (resourceVersion: string | undefined) => ({
      metadata: { finalizers: ['example.com/own'], resourceVersion },
    });
    const held = await api.ok(`PATCH ${SETS}/web`, patch(metadata.resourceVersion));
    expect(held.metadata.finalizers).toEqual(['example.com/own']);
    expect(await api.fails(`PATCH ${SETS}/web`, patch(metadata.resourceVersion))).toMatchObject({
      code: 409,
    });
  });

  test('status goes through its subresource, and the spec stays', async () => {
    const set = await api.ok(`GET ${SETS}/web`);
    const status = { replicas: 0, readyReplicas: 0, observedGeneration: 1 };
    const spec = { replicas: 7 };
    const put = await api.ok(`PUT ${SETS}/web/status`, { ...set, status });
    expect(put).toMatchObject({ status: { observedGeneration: 1 }, spec: { replicas: 1 } });
    const patched = await api.ok(`PATCH ${SETS}/web/status`, { spec, status: { replicas: 3 } });
    expect(patched).toMatchObject({ status: { replicas: 3 }, spec: { replicas: 1 } });
  });
});

test('API-1405: helm keeps releases in labelled Secrets, and patches with three sides', async () => {
  const labels = { name: 'app', owner: 'helm', status: 'deployed', version: '1' };
  const release = field(2, field(1, 'release'), field(2, 'H4sIAAAAAAAA/w=='));
  const secret = envelope(
    'v1',
    'Secret',
    objectMeta('sh.helm.release.v1.app.v1', { labels }),
    release,
    field(3, 'helm.sh/release.v1'),
  );
  const created = await send<Secret>(`POST ${NS}/secrets`, secret);
  expect(created).toMatchObject({ code: 201, body: { type: 'helm.sh/release.v1' } });
  expect(Object.keys(created.body.data ?? {})).toEqual(['release']);
  const select = encodeURIComponent('name=app,owner=helm,status in (deployed)');
  const found = await api.ok<{ items: Secret[] }>(`GET ${NS}/secrets?labelSelector=${select}`);
  expect(found.items).toHaveLength(1);
  await api.ok(`POST ${NS}/configmaps`, { metadata: { name: 'cm' }, data: { a: '1', mine: 'x' } });
  const patched = await api.call<ConfigMap>(`PATCH ${NS}/configmaps/cm`, {
    body: { data: { a: null, b: '2' } },
    contentType: STRATEGIC,
  });
  expect(patched.body.data).toEqual({ b: '2', mine: 'x' });
});

test('API-1406: k9s asks what it may do', async () => {
  await bootstrapPolicy({ store: api.store, clock: api.clock, random: seededRandom(1) });
  const review = (verb: string) => ({
    spec: { resourceAttributes: { verb, resource: 'pods', namespace: 'default' } },
  });
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  expect(await api.ok(`POST ${path}`, review('list'))).toMatchObject({ status: { allowed: true } });
  const user = { name: 'somebody', uid: '', groups: ['system:authenticated'] };
  const refused = await api.call(`POST ${path}`, { body: review('delete'), user });
  expect(refused.body).toMatchObject({ status: { allowed: false } });
});

test('API-1407: a wait of a newer kubectl is a watch list of one object', async () => {
  for (const name of ['a', 'b']) await api.ok(`POST ${NS}/configmaps`, { metadata: { name } });
  const one = `fieldSelector=${encodeURIComponent('metadata.name=a')}`;
  const watch = await api.watch(
    `${NS}/configmaps?allowWatchBookmarks=true&${one}&resourceVersionMatch=NotOlderThan` +
      '&sendInitialEvents=true&watch=true',
  );
  await api.ok(`DELETE ${NS}/configmaps/b`);
  await api.ok(`DELETE ${NS}/configmaps/a`);
  await expect.poll(() => watch.events.length).toBe(3);
  expect(watch.events.map(({ type, name }) => [type, name])).toEqual([
    ['ADDED', 'a'],
    ['BOOKMARK', ''],
    ['DELETED', 'a'],
  ]);
  watch.stop();
});
