// The algebra of field sets, and their text form.
import { describe, expect, test } from 'vitest';
import {
  below,
  difference,
  differenceBelow,
  fieldPathText,
  fieldPaths,
  fieldSetOf,
  hasField,
  intersection,
  isEmptySet,
  matching,
  parseFieldSet,
  sameFields,
  sortedSet,
  union,
} from './field-set.ts';

const a = ['f:a'];
const ab = ['f:a', 'f:b'];
const abc = ['f:a', 'f:b', 'f:c'];
const x = ['f:x'];

describe('field sets', () => {
  test('API-642: a member with members below it holds a dot, whichever came first', () => {
    const expected = { 'f:a': { '.': {}, 'f:b': {} } };
    expect(fieldSetOf(a, ab)).toEqual(expected);
    expect(fieldSetOf(ab, a)).toEqual(expected);
    expect(fieldSetOf(ab)).toEqual({ 'f:a': { 'f:b': {} } });
  });

  test('union, intersection and difference tell parents from children', () => {
    expect(union(fieldSetOf(a), fieldSetOf(abc, x))).toEqual(fieldSetOf(a, abc, x));
    expect(intersection(fieldSetOf(a, ab, x), fieldSetOf(ab, abc))).toEqual(fieldSetOf(ab));
    expect(difference(fieldSetOf(a, ab, x), fieldSetOf(ab))).toEqual(fieldSetOf(a, x));
    expect(difference(fieldSetOf(a, ab), fieldSetOf(a))).toEqual(fieldSetOf(ab));
    expect(isEmptySet(difference(fieldSetOf(ab), fieldSetOf(ab)))).toBe(true);
  });

  test('what an operation leaves alone stays the same object', () => {
    const set = fieldSetOf(a, ab, abc, x);
    expect(difference(set, fieldSetOf(['f:y'], ['f:x', 'f:y']))).toBe(set);
    expect(union(set, fieldSetOf(ab, x))).toBe(set);
  });

  test('API-648: differenceBelow takes what is under a member, too', () => {
    const set = fieldSetOf(a, ab, abc, x);
    expect(differenceBelow(set, fieldSetOf(a))).toEqual(fieldSetOf(x));
    expect(differenceBelow(set, fieldSetOf(abc))).toEqual(fieldSetOf(a, ab, x));
    expect(differenceBelow(set, fieldSetOf(ab))).toEqual(fieldSetOf(a, x));
  });

  test('matching keeps the paths of a pattern and all below their ends', () => {
    const item = ['f:l', 'k:{"n":1}'];
    const set = fieldSetOf([...item, 'f:r', 'f:cpu'], [...item, 'f:i'], item, x);
    const pattern = fieldSetOf([...item, 'f:r']);
    expect(matching(set, pattern)).toEqual(fieldSetOf([...item, 'f:r', 'f:cpu'], item));
  });

  test('membership and parts', () => {
    const set = fieldSetOf(ab, abc);
    expect([hasField(set, a), hasField(set, ab), hasField(set, abc)]).toEqual([false, true, true]);
    expect(below(set, 'f:a')).toEqual({ 'f:b': { '.': {}, 'f:c': {} } });
    expect(below(below(set, 'f:a'), 'f:b')).toEqual({ 'f:c': {} });
    expect(sameFields(set, fieldSetOf(abc, ab))).toBe(true);
    expect(sameFields(set, fieldSetOf(abc))).toBe(false);
  });

  test('paths are listed level by level and printed as upstream does', () => {
    const set = fieldSetOf(abc, x, ['f:l', 'k:{"name":"c","port":80}'], ['f:s', 'v:"v"']);
    expect(fieldPaths(set).map(fieldPathText)).toEqual([
      '.x',
      '.a.b.c',
      '.l[name="c",port=80]',
      '.s[="v"]',
    ]);
  });

  test('API-642: a set of the wire is brought into canonical form', () => {
    const sent = {
      'f:b': { '.': {} },
      'f:a': { 'k:{ "z": 1, "a": "x" }': { '.': {}, 'f:q': {} }, 'v:"1"': {}, 'i:02': {} },
      'z:unknown': {},
    };
    const set = parseFieldSet(sent);
    expect(JSON.stringify(sortedSet(set ?? {}))).toBe(
      '{"f:a":{"i:2":{},"k:{\\"a\\":\\"x\\",\\"z\\":1}":{".":{},"f:' +
        'q":{}},"v:\\"1\\"":{}},"f:b":{}}',
    );
    for (const wrong of [{ f: {} }, { 'k:1': {} }, { 'v:{': {} }, { 'i:x': {} }, 'text']) {
      expect(parseFieldSet(wrong)).toBeUndefined();
    }
  });
});

test('API-642: a map of very many members is built in time that grows with their number', () => {
  const paths = Array.from({ length: 50_000 }, (_, index) => ['f:labels', `f:${index}`]);
  const set = fieldSetOf(...paths);
  expect(Object.keys(below(set, 'f:labels'))).toHaveLength(50_000);
});
