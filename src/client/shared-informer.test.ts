import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap } from '../api/generated/types.ts';
import type { JsonObject } from '../api/meta/object.ts';
import { nameOf } from '../api/meta/object.ts';
import type { StatusError } from '../api/meta/status-error.ts';
import { statusError } from '../api/meta/status-error.ts';
import { configMaps } from '../api/resources.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Client } from './client.ts';
import { createClient } from './create-client.ts';
import { SharedInformer } from './shared-informer.ts';
import type { TransportRequest, WatchHandler } from './transport.ts';
import type { FakeApi } from './testing/fake-api.ts';
import { createFakeApi } from './testing/fake-api.ts';
import { settle } from './testing/settle.ts';

let clock: ManualClock;
let api: FakeApi;
let client: Client;
let informer: SharedInformer<ConfigMap>;
let seen: string[];

const name = (text: string) => ({ namespace: 'default', name: text });
const body = (text: string, data?: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...name(text), labels: { app: text } },
  ...(data === undefined ? {} : { data }),
});
const create = (text: string) => client.resource(configMaps).create(body(text));
const change = (text: string, value: string) =>
  client.resource(configMaps).update(body(text, { value }));
const remove = (text: string) => client.resource(configMaps).delete(name(text));
const queries = () => api.requests.filter(({ method }) => method === 'GET').map((r) => r.query);
const cached = () => informer.lister.list().map(nameOf).sort();

function setUp(options: { watchList?: boolean } = {}): void {
  clock = new ManualClock();
  const random = seededRandom(1);
  api = createFakeApi({ clock, random, ...options });
  client = createClient(api.transport);
  seen = [];
  const logger = silentLogger;
  informer = new SharedInformer({
    client,
    clock,
    random,
    logger,
    resource: configMaps,
    selection: {},
  });
  informer.addEventHandler({
    add: (object) => seen.push(`+${nameOf(object)}`),
    update: (before, object) =>
      seen.push(`~${nameOf(object)} ${before.data?.['value'] ?? '-'}>${object.data?.['value']}`),
    delete: (object) => seen.push(`-${nameOf(object)}`),
  });
}

function tooLarge(): StatusError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  return statusError('Timeout', 'Too large resource version: 9', { details: { causes } });
}

async function start(): Promise<void> {
  await informer.start();
  await informer.synced();
  await settle();
}

beforeEach(() => setUp());
afterEach(async () => {
  await informer.stop();
  expect(clock.nextDueMs()).toBeUndefined();
  expect(api.watchCount).toBe(0);
});

describe.each([{ watchList: true }, { watchList: false }])('with %o', (options) => {
  beforeEach(() => setUp(options));

  test('API-506: initial objects, then changes, in order', async () => {
    await create('a');
    await create('b');
    await start();
    expect(seen).toEqual(['+a', '+b']);
    await change('a', '1');
    await remove('b');
    await create('c');
    expect(seen.slice(2)).toEqual(['~a ->1', '-b', '+c']);
    expect(cached()).toEqual(['a', 'c']);
    expect(informer.resourceVersion).toBe('5');
  });

  test('after a reset it resumes from where it was, without a list', async () => {
    await create('a');
    await start();
    const before = api.requests.length;
    api.endWatches(new Error('ECONNRESET'));
    await create('b');
    clock.advance(100);
    await settle();
    expect(seen).toEqual(['+a', '+b']);
    const gets = api.requests.slice(before).filter(({ method }) => method === 'GET');
    expect(gets.map(({ query }) => query?.['resourceVersion'])).toEqual(['1']);
    expect(gets[0]?.query?.['sendInitialEvents']).toBeUndefined();
  });

  test('API-514: after 410 it lists again and tells deletions it missed', async () => {
    await create('a');
    await create('b');
    await start();
    api.endWatches(new Error('reset'));
    await remove('a');
    await change('b', '1');
    await create('c');
    api.compact();
    clock.advance(10_000);
    await settle();
    clock.advance(10_000);
    await settle();
    expect(seen.slice(2)).toEqual(['-a', '~b ->1', '+c']);
    expect(cached()).toEqual(['b', 'c']);
  });

  test('an object replaced during a gap is a delete and an add', async () => {
    await create('a');
    await start();
    api.endWatches(new Error('reset'));
    await remove('a');
    await create('a');
    api.compact();
    clock.advance(10_000);
    await settle();
    clock.advance(10_000);
    await settle();
    expect(seen).toEqual(['+a', '-a', '+a']);
  });
});

test('API-510: prefers initial events on the stream over a list', async () => {
  await start();
  expect(queries()).toMatchObject([
    {
      watch: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    },
  ]);
});

test('API-511, API-512: falls back to list and watch, and remembers', async () => {
  setUp({ watchList: false });
  await create('a');
  await start();
  await settle();
  expect(queries().slice(1)).toMatchObject([
    { limit: '500', resourceVersion: '0' },
    { watch: 'true', resourceVersion: '1', allowWatchBookmarks: 'true' },
  ]);
  const seconds = Number(queries()[2]?.['timeoutSeconds']);
  expect(seconds).toBeGreaterThanOrEqual(300);
  expect(seconds).toBeLessThan(600);
});

test('API-511: a server that ignores sendInitialEvents is found out', async () => {
  await create('a');
  const transport = {
    ...api.transport,
    watch: (request: TransportRequest, handler: WatchHandler) => {
      const { sendInitialEvents: _, ...query } = request.query ?? {};
      return api.transport.watch({ ...request, query: { ...query, had: String(_) } }, handler);
    },
  };
  const random = seededRandom(1);
  informer = new SharedInformer({
    client: createClient(transport),
    clock,
    random,
    logger: silentLogger,
    resource: configMaps,
    selection: {},
  });
  await informer.start();
  await settle();
  expect(informer.hasSynced).toBe(false);
  clock.advance(15_000);
  await informer.synced();
  expect(cached()).toEqual(['a']);
});

test('API-510: changes between the initial events count', async () => {
  await create('a');
  await create('b');
  let handler: WatchHandler | undefined;
  const transport = {
    ...api.transport,
    watch: async (_: TransportRequest, given: WatchHandler) => {
      handler = given;
      return { stop: () => {} };
    },
  };
  informer = new SharedInformer({
    client: createClient(transport),
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    resource: configMaps,
    selection: {},
  });
  await informer.start();
  const [a, b] = api.list(configMaps) as object[] as JsonObject[];
  const c = { ...b, metadata: { name: 'b', namespace: 'default', resourceVersion: '3' } };
  const end = { 'k8s.io/initial-events-end': 'true' };
  const mark = { metadata: { resourceVersion: '4', annotations: end } };
  if (a === undefined || b === undefined) throw new Error('not created');
  handler?.event({ type: 'ADDED', object: a });
  handler?.event({ type: 'ADDED', object: b });
  handler?.event({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '2' } } });
  handler?.event({ type: 'DELETED', object: a });
  handler?.event({ type: 'MODIFIED', object: c });
  expect(informer.hasSynced).toBe(false);
  handler?.event({ type: 'BOOKMARK', object: mark });
  expect(informer.hasSynced).toBe(true);
  expect(informer.lister.list()).toEqual([c]);
  expect(informer.resourceVersion).toBe('4');
});

test.each([
  ['a refused resume point', statusError('BadRequest', 'invalid resourceVersion')],
  ['a server that is behind (API-321)', tooLarge()],
])('%s leads to a fresh start', async (_, error) => {
  await create('a');
  await start();
  api.endWatches(new Error('reset'));
  api.beforeRequest = ({ query }) => {
    if (query?.['resourceVersion'] !== undefined) throw error;
  };
  await settle();
  clock.advance(100);
  await settle();
  clock.advance(10_000);
  await settle();
  expect(api.watchCount).toBe(1);
  expect(seen).toEqual(['+a']);
});

test('API-509: bookmarks move the resourceVersion', async () => {
  await start();
  await client.resource(configMaps).create({ ...body('x'), metadata: name('x') });
  const other = { apiVersion: 'v1', kind: 'Secret', metadata: name('s') };
  await api.transport.request({
    method: 'POST',
    path: '/api/v1/namespaces/default/secrets',
    body: other,
  });
  expect(informer.resourceVersion).toBe('1');
  api.sendBookmarks();
  expect(informer.resourceVersion).toBe('2');
});

test('silence: reconnects from where it was', async () => {
  await create('a');
  await start();
  // A dead connection: nothing comes any more, no end either.
  api.pauseWatches();
  await create('b');
  const before = api.requests.length;
  clock.advance(149_000);
  await settle();
  expect(api.requests.length).toBe(before);
  clock.advance(2_000);
  api.resumeWatches();
  await settle();
  expect(api.requests.slice(before).map(({ query }) => query?.['resourceVersion'])).toEqual(['1']);
  expect(cached()).toEqual(['a', 'b']);
  expect(api.watchCount).toBe(1);
});

test('events postpone the limit on silence', async () => {
  await start();
  const before = api.requests.length;
  for (let round = 0; round < 5; round++) {
    clock.advance(100_000);
    api.sendBookmarks();
    await settle();
  }
  expect(api.requests.length).toBe(before);
});

test('duplicates are told once', async () => {
  const object = await create('a');
  await start();
  api.sendToWatches({ type: 'ADDED', object });
  api.sendToWatches({ type: 'MODIFIED', object });
  expect(seen).toEqual(['+a']);
  await remove('a');
  api.sendToWatches({ type: 'DELETED', object });
  expect(seen).toEqual(['+a', '-a']);
});

test.each([
  { type: 'ADDED' },
  { type: 'MODIFIED', object: null },
  { type: 'MODIFIED', object: { metadata: { name: 'x' } } },
  { type: 'MODIFIED', object: { metadata: { resourceVersion: '9' } } },
  { type: 'SOMETHING', object: { metadata: { name: 'x', resourceVersion: '9' } } },
])('nonsense %o leads to a fresh start', async (event) => {
  await create('a');
  await start();
  api.sendToWatches(event);
  await remove('a');
  await create('b');
  clock.advance(100);
  await settle();
  expect(queries().at(-1)).toMatchObject({ sendInitialEvents: 'true' });
  expect(seen).toEqual(['+a', '-a', '+b']);
});

test('back-off grows from 50 ms over 0.8 s to 30 s; two good minutes reset it', async () => {
  await start();
  const times: number[] = [];
  api.beforeRequest = () => {
    times.push(clock.now());
    throw new Error('ECONNREFUSED');
  };
  const startMs = clock.now();
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      await settle();
    }
  };
  api.endWatches(new Error('reset'));
  await settle();
  await run(150_000);
  const gaps = times.map((time, i) => time - (times[i - 1] ?? startMs));
  expect(gaps[0]).toBeLessThanOrEqual(100);
  const floors = [800, 1600, 3200, 6400, 12_800, 25_600, 30_000];
  for (const [i, floor] of floors.slice(0, gaps.length - 1).entries()) {
    expect(gaps[i + 1]).toBeGreaterThanOrEqual(floor);
    expect(gaps[i + 1]).toBeLessThanOrEqual(2 * floor + 50);
  }
  api.beforeRequest = undefined;
  await run(60_000);
  expect(api.watchCount).toBe(1);
  for (let round = 0; round < 4; round++) {
    clock.advance(40_000);
    api.sendBookmarks();
    await settle();
  }
  api.endWatches(new Error('reset'));
  await settle();
  await run(100);
  expect(api.watchCount).toBe(1);
});

test('a watch that ends in good order is resumed at once, unless it was very short', async () => {
  await start();
  clock.advance(5_000);
  api.endWatches();
  await settle();
  expect(api.watchCount).toBe(1);
  api.endWatches();
  await settle();
  expect(api.watchCount).toBe(0);
  clock.advance(100);
  await settle();
  expect(api.watchCount).toBe(1);
});

test('a resume point that breaks the stream each time is given up', async () => {
  await start();
  for (let round = 0; round < 3; round++) {
    expect(queries().at(-1)?.['sendInitialEvents']).toBe(round === 0 ? 'true' : undefined);
    api.endWatches(new Error('malformed line'));
    await settle();
    clock.advance(10_000);
    await settle();
  }
  api.endWatches(new Error('malformed line'));
  await settle();
  clock.advance(10_000);
  await settle();
  expect(queries().at(-1)?.['sendInitialEvents']).toBe('true');
});

test('hasSynced turns true only after the initial handlers ran', async () => {
  await create('a');
  const states: boolean[] = [];
  informer.addEventHandler({ add: () => states.push(informer.hasSynced) });
  await start();
  expect(states).toEqual([false]);
  expect(informer.hasSynced).toBe(true);
});

test('objects are shared, not copied, and deeply frozen', async () => {
  const created = await create('a');
  await start();
  const object = informer.lister.get(name('a'));
  expect(object).toBe(api.get(configMaps, name('a')));
  expect(object).toEqual(created);
  expect(Object.isFrozen(object?.metadata.labels)).toBe(true);
});

test('late handlers get the cache; throwing ones harm nobody; unsubscribing', async () => {
  await create('a');
  informer.addEventHandler({
    add: () => {
      throw new Error('boom');
    },
  });
  await start();
  const late: string[] = [];
  const unsubscribe = informer.addEventHandler({ add: (object) => late.push(nameOf(object)) });
  expect(late).toEqual(['a']);
  await create('b');
  unsubscribe();
  await create('c');
  expect(late).toEqual(['a', 'b']);
  expect(seen).toEqual(['+a', '+b', '+c']);
});

test('a handler sees the change in the lister', async () => {
  await start();
  const sizes: number[] = [];
  informer.addEventHandler({
    add: () => sizes.push(informer.lister.list().length),
    delete: () => sizes.push(informer.lister.list().length),
  });
  await create('a');
  await remove('a');
  expect(sizes).toEqual([1, 0]);
});

test('stop during the first connection', async () => {
  api.beforeRequest = () => new Promise(() => {});
  await informer.start();
  await settle();
  await informer.stop();
  expect(informer.hasSynced).toBe(false);
});
