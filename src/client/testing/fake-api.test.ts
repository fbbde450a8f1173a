import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap, Pod } from '../../api/generated/types.ts';
import { isConflict, isNotFound, StatusError } from '../../api/meta/status-error.ts';
import { configMaps, namespaces, pods, statefulSets } from '../../api/resources.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Client } from '../client.ts';
import { createClient } from '../create-client.ts';
import type { WatchEvent } from '../transport.ts';
import type { FakeApi } from './fake-api.ts';
import { createFakeApi } from './fake-api.ts';

let clock: ManualClock;
let api: FakeApi;
let client: Client;

beforeEach(() => {
  clock = new ManualClock();
  api = createFakeApi({ clock, random: seededRandom(1) });
  client = createClient(api.transport);
});

const configMap = (name: string, extra: Partial<ConfigMap['metadata']> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, ...extra },
});

const pod = (name: string, extra: Partial<Pod['metadata']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, ...extra },
  spec: { containers: [{ name: 'main', image: 'none' }] },
});

describe('objects', () => {
  test('API-401, API-402, API-404: create sets uid, time, generation and version', async () => {
    const created = await client.resource(pods).create(pod('a'));
    expect(created.metadata).toMatchObject({
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      resourceVersion: '1',
    });
    expect(created.status).toEqual({ phase: 'Pending' });
    expect(Object.isFrozen(created.spec)).toBe(true);
  });

  test('API-405: generateName', async () => {
    const { metadata } = configMap('');
    const body = { ...configMap(''), metadata: { ...metadata, generateName: 'x-' } };
    const created = await client.resource(configMaps).create(body);
    expect(created.metadata.name).toMatch(/^x-[a-z0-9]{5}$/);
  });

  test('API-311, API-310: a second create, a missing object', async () => {
    await client.resource(configMaps).create(configMap('a'));
    const again = client.resource(configMaps).create(configMap('a'));
    await expect(again).rejects.toThrow('configmaps "a" already exists');
    const missing = client.resource(configMaps).get({ namespace: 'default', name: 'b' });
    await expect(missing).rejects.toSatisfy(isNotFound);
  });

  test('API-312: an update with a stale version conflicts, a blind one does not', async () => {
    const first = await client.resource(configMaps).create(configMap('a'));
    await client.resource(configMaps).update({ ...first, data: { a: '1' } });
    const stale = client.resource(configMaps).update({ ...first, data: { a: '2' } });
    await expect(stale).rejects.toSatisfy(isConflict);
    const blind = { ...configMap('a'), data: { a: '3' } };
    expect((await client.resource(configMaps).update(blind)).data).toEqual({ a: '3' });
  });

  test('API-305: an update that changes nothing keeps the version', async () => {
    const first = await client.resource(configMaps).create(configMap('a'));
    const second = await client.resource(configMaps).update(first);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('status and spec are written apart; only the spec counts the generation', async () => {
    const set = await client.resource(statefulSets).create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { namespace: 'default', name: 'web' },
      spec: { replicas: 1 } as never,
      status: { replicas: 7 },
    });
    expect(set.status).toBeUndefined();
    const reported = await client
      .resource(statefulSets)
      .updateStatus({ ...set, spec: { replicas: 9 } as never, status: { replicas: 1 } });
    expect(reported).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 1 },
      metadata: { generation: 1 },
    });
    const scaled = await client
      .resource(statefulSets)
      .patch(
        { namespace: 'default', name: 'web' },
        { type: 'merge', body: { spec: { replicas: 2 } } },
      );
    expect(scaled).toMatchObject({ status: { replicas: 1 }, metadata: { generation: 2 } });
  });
});

test('API-601: the three patches', async () => {
  const name = { namespace: 'default', name: 'a' };
  await client.resource(pods).create(pod('a', { labels: { x: '1', y: '2' } }));
  const merge = { metadata: { labels: { x: null, y: undefined } } };
  const first = await client.resource(pods).patch(name, { type: 'merge', body: merge });
  expect(first.metadata.labels).toEqual({ y: '2' });
  const strategic = { spec: { containers: [{ name: 'side', image: 'b' }] } };
  const second = await client.resource(pods).patch(name, { type: 'strategic', body: strategic });
  expect(second.spec?.containers.map((container) => container.name).sort()).toEqual([
    'main',
    'side',
  ]);
  const json = [{ op: 'remove', path: '/metadata/labels/y' }];
  const third = await client.resource(pods).patch(name, { type: 'json', body: json });
  expect(third.metadata.labels ?? {}).toEqual({});
});

describe('deletion', () => {
  test('API-407: a bound pod terminates with grace until it is deleted with grace 0', async () => {
    const name = { namespace: 'default', name: 'a' };
    await client.resource(pods).create(pod('a'));
    await client
      .resource(pods)
      .createSubresource({ ...name, subresource: 'binding' }, { target: { name: 'node' } });
    await client.resource(pods).delete(name);
    expect(api.get(pods, name)?.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    await client.resource(pods).delete(name, { gracePeriodSeconds: 0 });
    expect(api.get(pods, name)).toBeUndefined();
  });

  test('API-408: finalizers hold an object', async () => {
    const name = { namespace: 'default', name: 'a' };
    await client.resource(configMaps).create(configMap('a', { finalizers: ['x.y/z'] }));
    await client.resource(configMaps).delete(name);
    expect(api.get(configMaps, name)?.metadata.deletionTimestamp).toBeDefined();
    const body = { metadata: { finalizers: null } };
    await client.resource(configMaps).patch(name, { type: 'merge', body });
    expect(api.get(configMaps, name)).toBeUndefined();
  });

  test('preconditions', async () => {
    await client.resource(configMaps).create(configMap('a'));
    const options = { preconditions: { uid: 'other' } };
    const attempt = client
      .resource(configMaps)
      .delete({ namespace: 'default', name: 'a' }, options);
    await expect(attempt).rejects.toSatisfy(isConflict);
  });

  test('a namespace stays until it is finalized', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
    await client.resource(namespaces).create(namespace);
    await client.resource(namespaces).delete({ name: 'n' });
    expect(api.get(namespaces, { name: 'n' })?.status).toEqual({ phase: 'Terminating' });
    await api.transport.request({
      method: 'PUT',
      path: '/api/v1/namespaces/n/finalize',
      body: { ...namespace, spec: { finalizers: [] } },
    });
    expect(api.get(namespaces, { name: 'n' })).toBeUndefined();
  });
});

describe('watch', () => {
  const record = async (selection: object) => {
    const events: WatchEvent[] = [];
    const ends: (Error | undefined)[] = [];
    const stream = await client.resource(configMaps).watch(selection, {
      event: (event) => events.push(event),
      end: (error) => ends.push(error),
    });
    const seen = () =>
      events.map(({ type, object }) => {
        const { name, resourceVersion } = object['metadata'] as Record<string, string>;
        return `${type} ${name ?? ''} ${resourceVersion ?? ''}`;
      });
    return { events, ends, seen, stream };
  };

  test('API-506, API-507: changes after a version, seen through a selector', async () => {
    const first = await client.resource(configMaps).create(configMap('a'));
    const watch = await record({ resourceVersion: '1', labelSelector: 'x=1' });
    const labelled = { ...first, metadata: { ...first.metadata, labels: { x: '1' } } };
    const second = await client.resource(configMaps).update(labelled);
    await client.resource(configMaps).update({ ...second, data: { a: '1' } });
    const body = { metadata: { labels: { x: '2' } } };
    await client
      .resource(configMaps)
      .patch({ namespace: 'default', name: 'a' }, { type: 'merge', body });
    expect(watch.seen()).toEqual(['ADDED a 2', 'MODIFIED a 3', 'DELETED a 4']);
  });

  test('API-510: initial events end with a bookmark', async () => {
    await client.resource(configMaps).create(configMap('a'));
    const watch = await record({ sendInitialEvents: true, allowWatchBookmarks: true });
    expect(watch.seen()).toEqual(['ADDED a 1', 'BOOKMARK  1']);
  });

  test('API-514: a version from before compaction gets one ERROR event and the end', async () => {
    await client.resource(configMaps).create(configMap('a'));
    await client.resource(configMaps).create(configMap('b'));
    api.compact();
    const watch = await record({ resourceVersion: '1' });
    expect(watch.events.map(({ object }) => object['code'])).toEqual([410]);
    expect(watch.ends).toEqual([undefined]);
  });

  test('faults: pauses, resets, failing and lost requests', async () => {
    const watch = await record({});
    api.pauseWatches();
    await client.resource(configMaps).create(configMap('a'));
    expect(watch.events).toEqual([]);
    api.resumeWatches();
    expect(watch.seen()).toEqual(['ADDED a 1']);
    const reset = new Error('reset');
    api.endWatches(reset);
    expect(watch.ends).toEqual([reset]);
    api.beforeReply = () => Promise.reject(new Error('lost'));
    await expect(client.resource(configMaps).create(configMap('b'))).rejects.toThrow('lost');
    expect(api.list(configMaps).length).toBe(2);
  });

  test('API-511: a server without WatchList answers 422', async () => {
    api = createFakeApi({ clock, random: seededRandom(1), watchList: false });
    client = createClient(api.transport);
    await expect(record({ sendInitialEvents: true })).rejects.toBeInstanceOf(StatusError);
  });
});
