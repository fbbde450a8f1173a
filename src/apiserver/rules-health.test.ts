// Rules of docs/semantics/kubernetes-api.md about health.
import { expect, test } from 'vitest';
import { healthReply } from './health.ts';

const checks = {
  store: () => {},
  disk: async () => {
    throw new Error('full');
  },
};

test('API-220: one check that fails makes it 500, and the text says which, not why', async () => {
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    expect(await healthReply(`/${endpoint}`, { checks, verbose: false })).toEqual({
      code: 500,
      text: `[+]ping ok\n[+]store ok\n[-]disk failed: reason withheld\n${endpoint} check failed\n`,
    });
  }
});

test('API-220: a check can be asked alone', async () => {
  const one = (name: string) => healthReply(`/readyz/${name}`, { checks, verbose: false });
  expect(await one('store')).toEqual({ code: 200, text: 'ok' });
  expect(await one('disk')).toEqual({ code: 500, text: 'internal server error: full' });
  expect(await one('none')).toBeUndefined();
  expect(await one('constructor')).toBeUndefined();
});

test('API-220: a check can be left out', async () => {
  const reply = await healthReply('/livez', { checks, verbose: true, excluded: ['disk'] });
  expect(reply?.text).toBe('[+]ping ok\n[+]store ok\n[+]disk excluded: ok\nlivez check passed\n');
});

test('API-220: a check that is not there cannot be left out', async () => {
  const excluded = ['disk', 'none'];
  const reply = await healthReply('/livez', { checks, verbose: true, excluded });
  expect(reply?.text).toContain('cannot be excluded: no matches for "none"\nlivez check passed\n');
});

test('API-220: who is not ready yet, or any more, is alive', async () => {
  const failing = () => {
    throw new Error('process is shutting down');
  };
  const code = async (path: string) =>
    (await healthReply(path, { checks: { shutdown: failing }, verbose: false }))?.code;
  expect([await code('/livez'), await code('/healthz'), await code('/readyz')]).toEqual([
    200, 200, 500,
  ]);
  expect(await code('/livez/shutdown')).toBeUndefined();
});
