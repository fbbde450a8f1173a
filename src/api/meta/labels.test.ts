import { describe, expect, it } from 'vitest';
import { fieldPath } from './field-errors.ts';
import {
  everything,
  formatSelector,
  matches,
  nothing,
  parseLabelSelector,
  selectorFromMap,
  selectorFromObject,
  selectsEverything,
  validateLabels,
  validateLabelSelector,
} from './labels.ts';
import { StatusError } from './status-error.ts';

const select = (text: string, labels: Record<string, string>) =>
  matches(parseLabelSelector(text), labels);

function refusal(text: string): string {
  try {
    parseLabelSelector(text);
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).code).toBe(400);
    return (error as StatusError).message;
  }
  return 'accepted';
}

describe('parseLabelSelector', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b, c)', { a: 'c' }, true],
    ['a in (b,c)', {}, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['! a', { a: 'x' }, false],
    ['a=', { a: '' }, true],
    ['a=,b', { a: '', b: '1' }, true],
    ['a in ()', { a: '' }, true],
    ['a in (,x)', { a: '' }, true],
    ['a in (x,)', { a: '' }, true],
    ['a in (x,,y)', { a: '' }, true],
    ['a>5', { a: '6' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: '-3' }, true],
    ['a<5', { a: 'x' }, false],
    ['in in (in,notin)', { in: 'notin' }, true],
    ['a=b,c!=d', { a: 'b', c: 'd' }, false],
    [' a = b , c ', { a: 'b', c: '' }, true],
    ['', { any: 'thing' }, true],
    ['example.com/x in (y)', { 'example.com/x': 'y' }, true],
    ['constructor', {}, false],
  ])('API-517: %j on %j is %s', (text, labels, expected) => {
    expect(select(text, labels as Record<string, string>)).toBe(expected);
  });

  it.each([
    ['tier ~ a', "unable to parse requirement: found '~', expected: in, notin, =, ==, !=, gt, lt"],
    ['a b=c', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [
      'tier=-x',
      "unable to parse requirement: values[0][tier]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    ['a,', "found '', expected: identifier after ','"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (=)', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a==(', "unable to parse requirement: found '(', expected: identifier"],
    [
      'a>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('API-517: %j is refused as upstream does', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it('API-517: a bad key is refused at no path', () => {
    expect(refusal('a/b/c=d')).toMatch(
      /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key must/,
    );
  });
});

describe('formatSelector', () => {
  it.each([
    ['b=1,a=2', 'a=2,b=1'],
    ['a in (z,y),!b,c', 'a in (y,z),!b,c'],
    ['a notin (x)', 'a notin (x)'],
    ['a==b', 'a==b'],
    ['n>1,m<2', 'm<2,n>1'],
  ])('API-702: %j becomes %j', (text, expected) => {
    expect(formatSelector(parseLabelSelector(text))).toBe(expected);
  });

  it('API-702: a LabelSelector object has its keys in order', () => {
    const selector = selectorFromObject({
      matchLabels: { tier: 'db', app: 'web' },
      matchExpressions: [
        { key: 'zone', operator: 'NotIn', values: ['b', 'a'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    });
    expect(formatSelector(selector)).toBe('app=web,!gone,tier=db,zone notin (a,b)');
    expect(matches(selector, { app: 'web', tier: 'db' })).toBe(true);
  });
});

describe('selectors without requirements', () => {
  it('API-517: an absent object selects nothing, an empty one everything', () => {
    expect(selectorFromObject(undefined)).toBe(nothing);
    expect(matches(nothing, { a: 'b' })).toBe(false);
    expect(selectsEverything(selectorFromObject({}))).toBe(true);
    expect(selectsEverything(nothing)).toBe(false);
    expect(matches(everything, undefined)).toBe(true);
    expect(matches(selectorFromMap({ a: 'b' }), { a: 'b' })).toBe(true);
  });
});

describe('validateLabelSelector', () => {
  const path = fieldPath('spec', 'selector');

  it('API-314: operators and values as recorded', () => {
    const errors = validateLabelSelector(
      {
        matchExpressions: [
          { key: 'app', operator: 'Near', values: ['web'] },
          { key: 'app', operator: 'In' },
          { key: 'app', operator: 'Exists', values: ['x'] },
        ],
      },
      path,
    );
    expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
      "spec.selector.matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.selector.matchExpressions[2].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ]);
    expect(errors.map(({ reason }) => reason)).toEqual([
      'FieldValueInvalid',
      'FieldValueRequired',
      'FieldValueForbidden',
    ]);
  });

  it('API-410: labels are checked key and value', () => {
    const errors = validateLabels({ 'a b': 'not ok', fine: 'v' }, fieldPath('metadata', 'labels'));
    expect(errors.map(({ field }) => field)).toEqual(['metadata.labels', 'metadata.labels']);
    expect(errors[0]?.message).toMatch(/^Invalid value: "a b": name part must consist of/);
    expect(errors[1]?.message).toMatch(/^Invalid value: "not ok": a valid label must be an empty/);
  });
});
