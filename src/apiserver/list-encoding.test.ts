// Lists out of stored bytes.
import { expect, test } from 'vitest';
import { configMaps } from '../api/resources.ts';
import type { ConfigMap } from '../api/generated/types.ts';
import { encodeList } from './list-encoding.ts';
import { storedAt } from './registry/stored-view.ts';

const metadata = { resourceVersion: '7' };
const item = (name: string, text: string) => {
  const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
  return storedAt({ ...object, data: { text } } as ConfigMap, 7);
};
const listOf = (...items: ReturnType<typeof item>[]) =>
  encodeList({ kind: 'list', resource: configMaps, metadata, items, warnings: [] });

test('API-301: items come without apiVersion and kind, and a list of nothing is a list', () => {
  const { length, pieces } = listOf(item('a', 'x'), item('b', 'y'));
  const text = Buffer.concat([...pieces]).toString();
  expect(Buffer.byteLength(text)).toBe(length);
  expect(JSON.parse(text)).toEqual({
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata,
    items: [
      { metadata: { name: 'a', resourceVersion: '7' }, data: { text: 'x' } },
      { metadata: { name: 'b', resourceVersion: '7' }, data: { text: 'y' } },
    ],
  });
  expect(JSON.parse(Buffer.concat([...listOf().pieces]).toString())).toMatchObject({ items: [] });
});

test('a large list is made in pieces, when they are asked for', () => {
  const items = Array.from({ length: 100 }, (_, index) => item(`m${index}`, 'x'.repeat(10_000)));
  const { length, pieces } = listOf(...items);
  const sizes = Array.from(pieces, (piece) => piece.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(length);
  expect(length).toBeGreaterThan(1_000_000);
  expect(Math.max(...sizes)).toBeLessThan(100_000);
});
