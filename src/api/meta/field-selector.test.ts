import { describe, expect, it } from 'vitest';
import {
  checkFieldSelector,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from './field-selector.ts';
import { age, humanDuration } from './duration.ts';

const pod: Record<string, string> = { 'spec.nodeName': 'n', 'status.phase': 'Running' };
const matches = (text: string) => matchesFields(parseFieldSelector(text), (field) => pod[field]);

describe('field selectors', () => {
  it.each([
    ['spec.nodeName=n', true],
    ['spec.nodeName==n', true],
    ['spec.nodeName!=n', false],
    ['spec.nodeName=n,status.phase!=Succeeded,status.phase!=Failed', true],
    ['spec.nodeName=n,status.phase=Failed', false],
    ['spec.other=', true],
    ['', true],
    [',,', true],
  ])('API-519: %j matches: %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  it('API-518: backslashes escape', () => {
    const selector = parseFieldSelector('a=x\\,y\\=\\\\,b=1');
    expect(selector).toEqual([
      { field: 'a', operator: '=', value: 'x,y=\\' },
      { field: 'b', operator: '=', value: '1' },
    ]);
    expect(formatFieldSelector(selector)).toBe('a=x\\,y\\=\\\\,b=1');
    expect(requiredFieldValue(selector, 'b')).toBe('1');
    expect(requiredFieldValue(parseFieldSelector('b!=1'), 'b')).toBeUndefined();
  });

  it.each([
    ['metadata.name in (a,b)', "invalid selector: 'metadata.name in (a,b)'; can't understand 'b)'"],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ])('API-518: %j is refused as upstream does', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ message, code: 400 }));
  });

  it('API-518: fields that no kind, or not this kind, can be selected by (recorded)', () => {
    const selector = parseFieldSelector('spec.x=1');
    const plain = { extra: undefined, namespaced: true };
    expect(() => checkFieldSelector(selector, plain)).toThrow(
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    const own = { extra: ['status.phase'], namespaced: false };
    expect(() => checkFieldSelector(selector, own)).toThrow('field label not supported: spec.x');
    checkFieldSelector(parseFieldSelector('metadata.name=a,status.phase=b'), own);
    const elsewhere = parseFieldSelector('metadata.namespace=a');
    expect(() => checkFieldSelector(elsewhere, own)).toThrow(
      'field label not supported: metadata.namespace',
    );
    checkFieldSelector(elsewhere, { ...own, namespaced: true });
    checkFieldSelector(elsewhere, { ...plain, namespaced: false });
  });
});

describe('durations', () => {
  const S = 1;
  const M = 60;
  const H = 3600;
  const D = 24 * H;
  it.each([
    [-2 * S, '<invalid>'],
    [-1 * S, '0s'],
    [0, '0s'],
    [119 * S, '119s'],
    [2 * M, '2m'],
    [9 * M + 59, '9m59s'],
    [10 * M + 30, '10m'],
    [179 * M, '179m'],
    [3 * H, '3h'],
    [7 * H + 59 * M, '7h59m'],
    [47 * H + 59 * M, '47h'],
    [2 * D, '2d'],
    [7 * D + 23 * H, '7d23h'],
    [8 * D + 1 * H, '8d'],
    [729 * D, '729d'],
    [730 * D, '2y'],
    [731 * D, '2y1d'],
    [8 * 365 * D + D, '8y'],
  ])('API-808: %s s is %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });

  it('API-808: an age needs a timestamp', () => {
    expect(age(undefined, 0)).toBe('<unknown>');
    expect(age('2025-01-01T00:00:00Z', Date.UTC(2025, 0, 1, 5))).toBe('5h');
  });
});
