// Rules of docs/semantics/kubernetes-api.md about lists and watches, through the API server's core.
import { beforeEach, describe, expect, test } from 'vitest';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  for (const name of ['a', 'b', 'c']) await api.ok(`POST ${MAPS}`, { metadata: { name } });
  return () => api.store.stop();
});

describe('lists', () => {
  test('API-502: beside a token there is neither version nor match', async () => {
    const { metadata } = await api.ok<{ metadata: { continue: string } }>(`GET ${MAPS}?limit=1`);
    const next = `GET ${MAPS}?limit=1&continue=${metadata.continue}`;
    const match = await api.fails(`${next}&resourceVersionMatch=Exact`);
    expect(match).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(match.message).toContain('resourceVersionMatch is forbidden when continue is provided');
    expect(await api.fails(`${next}&resourceVersion=5`)).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
    expect((await api.call(`${next}&resourceVersion=0`)).code).toBe(200);
  });
});

describe('watches', () => {
  test('API-513: without a time of its own a watch ends cleanly after 30 to 60 minutes', async () => {
    const watch = await api.watch(`${MAPS}?watch=true`);
    const minutes = (count: number) => api.clock.advance(count * 60_000);
    minutes(29);
    expect(watch.ended).toBe(false);
    minutes(31);
    expect(watch.ended).toBe(true);
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED']);
    expect(api.clock.nextDueMs()).toBeUndefined();
  });

  test('API-521: the old paths watch, all of a kind or one object', async () => {
    for (const [path, names] of [
      ['/api/v1/watch/namespaces/default/configmaps', ['a', 'b', 'c']],
      ['/api/v1/watch/namespaces/default/configmaps/b', ['b']],
    ] as const) {
      const watch = await api.watch(path);
      expect(watch.events.map(({ name }) => name)).toEqual(names);
      watch.stop();
    }
  });
});
