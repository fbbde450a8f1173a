import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyIndex } from './key-index.ts';

interface Entry {
  key: string;
  value: number;
}

/** Keys of a busy cluster, in an order that is neither sorted nor random. */
function manyKeys(count: number): string[] {
  return Array.from({ length: count }, (_, number) => {
    const shuffled = (number * 7919) % count;
    return `/registry/pods/ns-${shuffled % 100}/web-${shuffled}`;
  });
}

describe('KeyIndex', () => {
  test('agrees with a sorted array', () => {
    const key = fc.stringMatching(/^[ab/é\u{1f600}]{1,4}$/u);
    const change = fc.record({ key, remove: fc.boolean(), value: fc.nat() });
    const range = fc.record({
      prefix: fc.oneof(key, fc.constant('')),
      after: fc.option(key, { nil: undefined }),
      limit: fc.nat(5),
    });
    const property = fc.property(
      fc.array(change, { maxLength: 200, size: 'max' }),
      range,
      (changes, options) => {
        const index = new KeyIndex<Entry>();
        const model = new Map<string, Entry>();
        for (const { key: changed, remove, value } of changes) {
          const entry = { key: changed, value };
          if (remove) expect(index.delete(changed)).toBe(model.delete(changed));
          else index.set(entry);
          if (!remove) model.set(changed, entry);
          expect(index.get(changed)).toBe(model.get(changed));
        }
        const sorted = [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
        expect([...index]).toEqual(sorted);
        expect([...new KeyIndex(sorted)]).toEqual(sorted);
        const { prefix, after, limit } = options;
        const inRange = sorted.filter((entry) => {
          return entry.key.startsWith(prefix) && (after === undefined || entry.key > after);
        });
        const expected = { entries: inRange.slice(0, limit), total: inRange.length };
        expect(index.range(options)).toEqual(expected);
        expect(index.size).toBe(sorted.length);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  test('splits and drops its chunks as 20,000 keys come and go', () => {
    const keys = manyKeys(20_000);
    const index = new KeyIndex<Entry>();
    for (const [value, key] of keys.entries()) index.set({ key, value });
    expect(index.size).toBe(20_000);
    const sorted = keys.toSorted();
    expect([...index].map(({ key }) => key)).toEqual(sorted);
    const prefix = '/registry/pods/ns-42/';
    const listed = index.range({ prefix, limit: 150 });
    expect(listed.total).toBe(200);
    expect(listed.entries.map(({ key }) => key)).toEqual(
      sorted.filter((key) => key.startsWith(prefix)).slice(0, 150),
    );
    for (const key of keys.slice(1)) expect(index.delete(key)).toBe(true);
    expect([...index]).toEqual([{ key: keys[0], value: 0 }]);
    expect(index.range({ prefix: '' }).total).toBe(1);
    expect(index.delete(keys[0]!)).toBe(true);
    expect(index.get(keys[0]!)).toBeUndefined();
    index.set({ key: '/again', value: 1 });
    expect(index.range({ prefix: '/' }).total).toBe(1);
  });
});
