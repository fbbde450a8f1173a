import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json, type JsonObject } from '../object.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';

const cm: JsonObject = deepFreeze({
  metadata: { name: 'cm', finalizers: ['e/one', 'e/two'], annotations: { 'example.com/d': '3' } },
  data: { a: '1', b: '2' },
});

const apply = (...operations: Json[]) => applyJsonPatch(cm, deepFreeze(operations)) as JsonObject;
const data = (...operations: Json[]) => apply(...operations)['data'];
const finalizers = (...operations: Json[]) =>
  (apply(...operations)['metadata'] as JsonObject)['finalizers'];

describe('applyJsonPatch (recorded)', () => {
  it('API-602: the operations on members', () => {
    expect(data({ op: 'add', path: '/data/n', value: 'new' })).toEqual({
      a: '1',
      b: '2',
      n: 'new',
    });
    expect(data({ op: 'add', path: '/data/a', value: 'new' })).toEqual({ a: 'new', b: '2' });
    expect(data({ op: 'replace', path: '/data/a', value: null })).toEqual({ a: null, b: '2' });
    expect(data({ op: 'replace', path: '/data/zz', value: 'x' })).toEqual({
      a: '1',
      b: '2',
      zz: 'x',
    });
    expect(data({ op: 'remove', path: '/data' })).toBeUndefined();
    expect(data({ op: 'move', from: '/data/a', path: '/data/m' })).toEqual({ b: '2', m: '1' });
    expect(data({ op: 'copy', from: '/data/a', path: '/data/c' })).toEqual({
      a: '1',
      b: '2',
      c: '1',
    });
    expect(data({ op: 'test', path: '/data/a', value: '1' })).toEqual({ a: '1', b: '2' });
    expect(data({ op: 'test', path: '/data/none', value: null })).toEqual({ a: '1', b: '2' });
    expect(apply({ op: 'replace', path: '', value: { a: 1 } })).toEqual({ a: 1 });
    const escaped = { op: 'remove', path: '/metadata/annotations/example.com~1d' };
    expect(apply(escaped)['metadata']).toMatchObject({ annotations: {} });
  });

  it('API-602: positions in lists, from the end too', () => {
    expect(finalizers({ op: 'add', path: '/metadata/finalizers/0', value: 'z' })).toEqual([
      'z',
      'e/one',
      'e/two',
    ]);
    expect(finalizers({ op: 'add', path: '/metadata/finalizers/-', value: 'z' })).toEqual([
      'e/one',
      'e/two',
      'z',
    ]);
    expect(finalizers({ op: 'add', path: '/metadata/finalizers/-1', value: 'z' })).toEqual([
      'e/one',
      'e/two',
      'z',
    ]);
    expect(finalizers({ op: 'remove', path: '/metadata/finalizers/-1' })).toEqual(['e/one']);
    expect(finalizers({ op: 'replace', path: '/metadata/finalizers/1', value: 'z' })).toEqual([
      'e/one',
      'z',
    ]);
  });

  it.each<[string, Json]>([
    ['remove of nothing', { op: 'remove', path: '/data/zz' }],
    ['a failed test', { op: 'test', path: '/data/a', value: '2' }],
    ['a position out of range', { op: 'add', path: '/metadata/finalizers/9', value: 'x' }],
    [
      'a replaced position out of range',
      { op: 'replace', path: '/metadata/finalizers/2', value: 'x' },
    ],
    ['a negative position out of range', { op: 'remove', path: '/metadata/finalizers/-3' }],
    ['a missing parent', { op: 'add', path: '/spec/x/y', value: 1 }],
    ['no op', { path: '/data/a', value: 'x' }],
    ['an unknown op', { op: 'paint', path: '/data/a' }],
    ['no path', { op: 'add', value: 'x' }],
    ['a move from nowhere', { op: 'move', from: '/data/zz', path: '/data/a' }],
    ['a prototype', { op: 'add', path: '/__proto__/polluted', value: 1 }],
    [
      'a prototype through the constructor',
      { op: 'add', path: '/constructor/prototype/x', value: 1 },
    ],
  ])('API-602: %s is 422', (_, operation) => {
    expect(() => apply(operation)).toThrow(
      expect.objectContaining({
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      }),
    );
    expect('polluted' in {}).toBe(false);
  });

  it('API-602: what is no list of operations is 400', () => {
    expect(() => applyJsonPatch(cm, { op: 'add' })).toThrow(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    expect(() => apply('x')).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('API-112: more than ten thousand operations are 413', () => {
    const test = { op: 'test', path: '/data/a', value: '1' };
    expect(() => apply(...Array.from({ length: 10_001 }, () => test))).toThrow(
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    expect(data(...Array.from({ length: 10_000 }, () => test))).toEqual({ a: '1', b: '2' });
  });

  it('API-602: a later operation may reach into an earlier value; the patch stays as it was', () => {
    const value = { x: 1 };
    expect(
      apply({ op: 'add', path: '/n', value }, { op: 'add', path: '/n/y', value: 2 })['n'],
    ).toEqual({ x: 1, y: 2 });
    expect(value).toEqual({ x: 1 });
  });
});

describe('merge patches', () => {
  it('API-602: null is no operation, absent members copy as null, the whole is an object', () => {
    expect(applyJsonPatch(cm, null)).toEqual(cm);
    expect(data({ op: 'copy', from: '/data/zz', path: '/data/c' })).toMatchObject({ c: null });
    expect(finalizers({ op: 'remove', path: '/metadata/finalizers/+1' })).toEqual(['e/one']);
    expect(() => apply({ op: 'replace', path: '', value: 'x' })).toThrow('the server rejected');
    expect(() => apply({ op: 5, path: '/data/a' })).toThrow(
      'cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    );
  });

  it('API-603: the examples of RFC 7386', () => {
    const examples: [Json, Json, Json][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [
        ['a', 'b'],
        ['c', 'd'],
        ['c', 'd'],
      ],
      [{ a: 'b' }, ['c'], ['c']],
      [{ a: 'foo' }, null, null],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: 'b', c: null }, { a: 'b' }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [target, patch, result] of examples) {
      expect(applyMergePatch(deepFreeze(target), deepFreeze(patch))).toEqual(result);
    }
  });

  it('API-603: a patch made of two values turns one into the other', () => {
    const json = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', '__proto__'),
      fc.oneof(
        fc.integer(),
        fc.array(fc.integer(), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()),
      ),
    );
    fc.assert(
      fc.property(json, json, (from, to) => {
        const before = deepFreeze(JSON.parse(JSON.stringify(from)) as JsonObject);
        const after = deepFreeze(JSON.parse(JSON.stringify(to)) as JsonObject);
        const patch = createMergePatch(before, after);
        const result = applyMergePatch(before, patch);
        expect(JSON.parse(JSON.stringify(result))).toEqual(after);
      }),
      { seed: 7, numRuns: 500 },
    );
    expect(createMergePatch({ a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } })).toEqual({});
    expect(createMergePatch({ a: 1, b: undefined }, { a: undefined })).toEqual({ a: null });
  });

  it('API-603: what is not touched is shared', () => {
    const result = applyMergePatch(cm, { data: { a: 'x' } }) as JsonObject;
    expect(result['metadata']).toBe(cm['metadata']);
  });
});
