import { expect, test } from 'vitest';
import type { KubernetesObject } from '../api/meta/object.ts';
import { nameOf } from '../api/meta/object.ts';
import { ObjectCache } from './object-cache.ts';

const object = (namespace: string, name: string, labels = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels },
});
const byApp = ({ metadata: { labels } }: KubernetesObject) => labels?.['app']?.split('.') ?? [];

test('get, and list by namespace', () => {
  const cache = new ObjectCache();
  cache.set(object('a', 'x'));
  cache.set(object('b', 'x'));
  cache.set({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  expect(cache.lister.get({ namespace: 'b', name: 'x' })?.metadata.namespace).toBe('b');
  expect(cache.lister.get({ name: 'n' })?.kind).toBe('Node');
  expect(cache.lister.list('a').length).toBe(1);
  expect(cache.lister.list().length).toBe(3);
  expect(cache.delete('a/x')?.metadata.namespace).toBe('a');
  expect(cache.lister.list('a')).toEqual([]);
  expect(cache.delete('a/x')).toBeUndefined();
});

test('an index follows changes, also when added later', () => {
  const cache = new ObjectCache();
  cache.set(object('a', 'one', { app: 'web.db' }));
  cache.addIndex('app', byApp);
  cache.addIndex('app', () => ['ignored: the name is taken']);
  cache.set(object('a', 'two', { app: 'web' }));
  const names = (value: string) => cache.lister.byIndex('app', value).map(nameOf).sort();
  expect(names('web')).toEqual(['one', 'two']);
  expect(names('db')).toEqual(['one']);
  const before = cache.set(object('a', 'one', { app: 'cache' }));
  expect(before?.metadata.labels).toEqual({ app: 'web.db' });
  expect([names('web'), names('db'), names('cache')]).toEqual([['two'], [], ['one']]);
  expect(() => cache.lister.byIndex('unknown', 'x')).toThrow('index unknown is missing');
});
