import { beforeEach, describe, expect, it } from 'vitest';
import type { ConfigMap } from '../../api/generated/types.ts';
import type { KubernetesList } from '../../api/meta/object.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const CMS = '/api/v1/namespaces/default/configmaps';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

function create(name: string, labels: Record<string, string> = {}): Promise<ConfigMap> {
  return api.ok<ConfigMap>(`POST ${CMS}`, { metadata: { name, labels }, data: { k: name } });
}

async function list(query = '') {
  const reply = await api.ok<KubernetesList<ConfigMap>>(`GET ${CMS}${query}`);
  return { ...reply, names: reply.items.map((item) => item.metadata.name) };
}

async function three(): Promise<ConfigMap[]> {
  return [
    await create('a', { tier: 'front' }),
    await create('b', { tier: 'front' }),
    await create('c', { tier: 'back' }),
  ];
}

describe('list', () => {
  it('API-516: is in key order; API-403: carries a version not below its objects’', async () => {
    await create('b');
    await create('a');
    const { names, metadata } = await list();
    expect(names).toEqual(['a', 'b']);
    expect(Number(metadata.resourceVersion)).toBe(api.store.revision);
  });

  it('API-517, API-518: selects by labels and fields', async () => {
    await three();
    expect((await list('?labelSelector=tier%3Dfront')).names).toEqual(['a', 'b']);
    expect((await list('?fieldSelector=metadata.name!%3Db')).names).toEqual(['a', 'c']);
    expect((await list('?fieldSelector=metadata.name%3Da')).names).toEqual(['a']);
    expect((await list('?fieldSelector=metadata.name%3D')).names).toEqual([]);
    expect((await api.fails(`GET ${CMS}?fieldSelector=data.k%3Da`)).message).toBe(
      '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });

  it('API-515: pages show the state of the first one', async () => {
    await three();
    const first = await list('?limit=2');
    expect(first.names).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(1);
    await create('d');
    await api.ok(`DELETE ${CMS}/c`);
    const next = await list(`?limit=2&continue=${first.metadata.continue}`);
    expect(next.names).toEqual(['c']);
    expect(next.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(next.metadata.continue).toBeUndefined();
  });

  it('API-515: pages of a selection do not count what remains', async () => {
    await three();
    const first = await list('?limit=1&labelSelector=tier%3Dfront');
    expect(first.names).toEqual(['a']);
    expect(first.metadata.remainingItemCount).toBeUndefined();
    const next = await list(
      `?limit=1&labelSelector=tier%3Dfront&continue=${first.metadata.continue}`,
    );
    expect(next.names).toEqual(['b']);
    // Full, and there is more to look through: c, which isn't selected.
    const last = await list(
      `?limit=1&labelSelector=tier%3Dfront&continue=${next.metadata.continue}`,
    );
    expect(last.names).toEqual([]);
    expect(last.metadata.continue).toBeUndefined();
    const one = await list('?limit=1&fieldSelector=metadata.name%3Da');
    expect([one.names, one.metadata.continue]).toEqual([['a'], undefined]);
  });

  it('API-515: any version will do, so all of it comes at once', async () => {
    await three();
    const { names, metadata } = await list('?limit=1&resourceVersion=0');
    expect([names, metadata.continue]).toEqual([['a', 'b', 'c'], undefined]);
  });

  const encode = (token: string) => Buffer.from(token).toString('base64url');
  it.each([
    ['zzz', "invalid character 'Ï' looking for beginning of value"],
    ['ab!c', 'illegal base64 data at input byte 2'],
    ['zzzzz', 'illegal base64 data at input byte 4'],
    [encode('{"v":"'), 'unexpected end of JSON input'],
    [encode('[]'), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
    [
      encode('{"v":1}'),
      'json: cannot unmarshal number into Go struct field continueToken.v of type string',
    ],
    [encode('{}'), 'server does not recognize this encoded version '],
    [encode('{"v":"v2"}'), 'server does not recognize this encoded version v2'],
    [
      encode('{"v":"meta.k8s.io/v1"}'),
      'incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    ],
    [encode('{"v":"meta.k8s.io/v1","rv":5}'), 'encoded start key empty (version meta.k8s.io/v1)'],
    [encode('{"v":"meta.k8s.io/v1","rv":5,"start":"../a"}'), '../a'],
  ])('API-515: the continue token %s is refused', async (token, why) => {
    const { code, message } = await api.fails(`GET ${CMS}?continue=${token}`);
    expect([code, message]).toEqual([
      400,
      `invalid continue token: continue key is not valid: ${why}`,
    ]);
  });

  it('API-315: a forgotten continue token is 410 with one that goes on', async () => {
    await three();
    const { metadata } = await list('?limit=1');
    await create('d');
    await api.store.compact(api.store.revision);
    const expired = await api.fails(`GET ${CMS}?limit=1&continue=${metadata.continue}`);
    expect(expired).toMatchObject({ code: 410, reason: 'Expired' });
    expect((await list(`?continue=${expired.metadata?.continue}`)).names).toEqual(['b', 'c', 'd']);
  });

  it('API-502: Exact shows the past, or is 410', async () => {
    const [, , c] = await three();
    await api.ok(`DELETE ${CMS}/a`);
    const version = c?.metadata.resourceVersion;
    const query = `?resourceVersion=${version}&resourceVersionMatch=Exact`;
    expect((await list(query)).names).toEqual(['a', 'b', 'c']);
    expect((await list(`?resourceVersion=${version}`)).names).toEqual(['b', 'c']);
    await api.store.compact(api.store.revision);
    expect(await api.fails(`GET ${CMS}${query}`)).toMatchObject({
      code: 410,
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  it('API-503: a version of the future is 504, no number 400', async () => {
    expect(await api.fails(`GET ${CMS}?resourceVersion=99999999`)).toMatchObject({
      code: 504,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    });
    expect((await api.fails(`GET ${CMS}?resourceVersion=abc`)).message).toBe(
      'invalid resource version: resourceVersion: Invalid value: "abc": ' +
        'strconv.ParseUint: parsing "abc": invalid syntax',
    );
  });

  it.each([
    ['resourceVersionMatch=NotOlderThan', 'forbidden unless resourceVersion is provided'],
    ['resourceVersion=1&resourceVersionMatch=Newer', 'Unsupported value: "Newer"'],
    ['resourceVersion=0&resourceVersionMatch=Exact', 'is forbidden for resourceVersion "0"'],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
  ])('API-502, API-504: %s is 422', async (query, text) => {
    const status = await api.fails(`GET ${CMS}?${query}`);
    expect(status.code).toBe(422);
    expect(status.message).toContain(text);
  });

  it.each([
    ['limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['limit=9223372036854775808', 'parsing "9223372036854775808": value out of range'],
    ['resourceVersion=18446744073709551616', 'value out of range'],
  ])('API-502: %s is 400', async (query, text) => {
    const { code, message } = await api.fails(`GET ${CMS}?${query}`);
    expect(code).toBe(400);
    expect(message).toContain(text);
  });

  it('API-503: of one object, no number is 500, and an export 400', async () => {
    await create('a');
    expect(await api.fails(`GET ${CMS}/a?resourceVersion=abc`)).toMatchObject({
      code: 500,
      message:
        'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    });
    expect((await api.fails(`GET ${CMS}/a?export=true`)).code).toBe(400);
  });
});

describe('watch', () => {
  it('API-506: sends what comes after its version, in order', async () => {
    const [, b] = await three();
    const watch = await api.watch(
      `${CMS}?watch=true&resourceVersion=${b?.metadata.resourceVersion}`,
    );
    await create('x');
    await api.ok(`PATCH ${CMS}/x`, { data: { k: '2' } });
    await api.ok(`DELETE ${CMS}/x`);
    expect(watch.events.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'ADDED c',
      'ADDED x',
      'MODIFIED x',
      'DELETED x',
    ]);
    const versions = watch.events.map(({ resourceVersion }) => Number(resourceVersion));
    expect(versions).toEqual(versions.toSorted((p, q) => p - q));
    expect(new Set(versions).size).toBe(4);
    watch.stop();
    await create('y');
    expect(watch.events).toHaveLength(4);
  });

  it('API-505: without a version it starts with what exists', async () => {
    await three();
    const watch = await api.watch(`${CMS}?watch=true`);
    expect(watch.events.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'ADDED a',
      'ADDED b',
      'ADDED c',
    ]);
  });

  it('API-507: entering and leaving the selection are ADDED and DELETED', async () => {
    await create('a');
    const watch = await api.watch(
      `${CMS}?watch=true&labelSelector=on%3Dyes&resourceVersion=${api.store.revision}`,
    );
    await api.ok(`PATCH ${CMS}/a`, { metadata: { labels: { on: 'yes' } } });
    await api.ok(`PATCH ${CMS}/a`, { data: { k: '7' } });
    const left = await api.ok(`PATCH ${CMS}/a`, {
      metadata: { labels: { on: 'no' } },
      data: { k: '8' },
    });
    await api.ok(`PATCH ${CMS}/a`, { data: { k: '9' } });
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    const last = watch.events.at(-1);
    expect(last?.object).toMatchObject({ data: { k: '7' }, metadata: { labels: { on: 'yes' } } });
    expect(last?.resourceVersion).toBe(left.metadata.resourceVersion);
  });

  it('API-510: a watch list ends its first part with a bookmark', async () => {
    await three();
    const watch = await api.watch(
      `${CMS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true` +
        '&resourceVersionMatch=NotOlderThan',
    );
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(watch.events.at(-1)?.object).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        resourceVersion: String(api.store.revision),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
  });

  it('API-510: a watch from any version is a watch list, too', async () => {
    await three();
    const types = async (query: string) => {
      const watch = await api.watch(`${CMS}?watch=true&allowWatchBookmarks=true${query}`);
      watch.stop();
      return watch.events.map(({ type }) => type);
    };
    const all = ['ADDED', 'ADDED', 'ADDED', 'BOOKMARK'];
    expect([await types(''), await types('&resourceVersion=0')]).toEqual([all, all]);
    const without = '&sendInitialEvents=false&resourceVersionMatch=NotOlderThan';
    expect(await types(without)).toEqual([]);
    expect(await types(`&resourceVersion=${api.store.revision}`)).toEqual([]);
  });

  it.each(['', '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'])(
    'API-503, API-514: a watch%s from the future is silent a while and ends with an ERROR event',
    async (query) => {
      const watch = await api.watch(`${CMS}?watch=true${query}&resourceVersion=99999999`);
      api.clock.advance(2_900);
      expect([watch.events, watch.ended]).toEqual([[], false]);
      api.clock.advance(100);
      expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 504 } }]);
      expect(watch.ended).toBe(true);
      expect(api.clock.nextDueMs()).toBeUndefined();
    },
  );

  it('API-503: a watch from a near future sends what comes after it', async () => {
    const future = api.store.revision + 1;
    const watch = await api.watch(`${CMS}?watch=true&resourceVersion=${future}`);
    for (const name of ['early', 'later']) {
      await api.ok(`POST ${CMS}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    }
    api.clock.advance(3_000);
    expect(watch.events).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'later' } } },
    ]);
    watch.stop();
  });

  it('API-521: the name of an old watch path is what may be selected by', async () => {
    const path = '/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3D';
    (await api.watch(`${path}a`)).stop();
    expect((await api.fails(`GET ${path}b`)).message).toBe(
      "fieldSelector metadata.name doesn't match requested name",
    );
  });

  it.each([
    ['sendInitialEvents=true', 'requires setting resourceVersionMatch to NotOlderThan'],
    ['resourceVersionMatch=NotOlderThan', 'forbidden for watch unless sendInitialEvents'],
  ])('API-504: %s alone is 422', async (query, text) => {
    const status = await api.fails(`GET ${CMS}?watch=true&${query}`);
    expect(status.code).toBe(422);
    expect(status.message).toContain(text);
  });

  it('API-509, API-513: bookmarks every minute and before the end, which is clean', async () => {
    const watch = await api.watch(
      `${CMS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=90` +
        `&resourceVersion=${api.store.revision}`,
    );
    api.clock.advance(60_000);
    expect(watch.events.map(({ type }) => type)).toEqual(['BOOKMARK']);
    api.clock.advance(28_000);
    expect(watch.events).toHaveLength(2);
    expect(watch.ended).toBe(false);
    api.clock.advance(2_000);
    expect(watch.ended).toBe(true);
    expect(watch.events).toHaveLength(2);
    expect(api.clock.nextDueMs()).toBeUndefined();
  });

  it('API-513: a stopped watch leaves no timers', async () => {
    const watch = await api.watch(`${CMS}?watch=true&allowWatchBookmarks=true`);
    watch.stop();
    expect(api.clock.nextDueMs()).toBeUndefined();
    expect(watch.ended).toBe(false);
  });

  it('API-514: a forgotten version gives one ERROR event and the end', async () => {
    await three();
    await api.store.compact(api.store.revision);
    const watch = await api.watch(`${CMS}?watch=true&resourceVersion=1`);
    expect(watch.events).toHaveLength(1);
    expect(watch.events[0]).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired' },
    });
    expect(watch.ended).toBe(true);
  });

  it('API-503: a version that is no number is 500', async () => {
    expect(await api.fails(`GET ${CMS}?watch=true&resourceVersion=abc`)).toMatchObject({
      code: 500,
      message:
        'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    });
  });

  it('a stop of the store ends its watches', async () => {
    const watch = await api.watch(`${CMS}?watch=true&resourceVersion=0`);
    await api.store.stop();
    expect(watch.ended).toBe(true);
  });

  it('gives all watchers the same frozen object', async () => {
    const first = await api.watch(`${CMS}?watch=true`);
    const second = await api.watch('/api/v1/configmaps?watch=true');
    await create('a');
    expect(first.events[0]?.object).toBe(second.events[0]?.object);
    expect(Object.isFrozen(first.events[0]?.object.metadata)).toBe(true);
  });
});
