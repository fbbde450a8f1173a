// Rules of docs/semantics/kubernetes-api.md about health.
import { expect, test } from 'vitest';
import { healthReply } from './health.ts';

const checks = {
  store: () => {},
  disk: async () => {
    throw new Error('full');
  },
};

test('API-220: one check that fails makes it 500, and the text says which', async () => {
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    expect(await healthReply(`/${endpoint}`, { checks, verbose: false })).toEqual({
      code: 500,
      text: `[+]ping ok\n[+]store ok\n[-]disk failed: full\n${endpoint} check failed\n`,
    });
  }
});

test('API-220: a check can be asked alone', async () => {
  const one = (name: string) => healthReply(`/readyz/${name}`, { checks, verbose: false });
  expect(await one('store')).toEqual({ code: 200, text: 'ok' });
  expect(await one('disk')).toEqual({ code: 500, text: 'internal server error: full' });
  expect(await one('none')).toBeUndefined();
});

test('API-220: a check can be left out', async () => {
  const reply = await healthReply('/livez', { checks, verbose: true, excluded: ['disk'] });
  expect(reply?.text).toBe('[+]ping ok\n[+]store ok\n[+]disk excluded: ok\nlivez check passed\n');
});
