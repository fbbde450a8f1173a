import { beforeAll, describe, expect, test } from 'vitest';
import { loadEngines } from '../../apiserver/custom-resources/load-engines.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { CelEvaluationError, compileExpression } from './compile-expression.ts';

beforeAll(loadEngines);

const schema: Schema = {
  type: 'object',
  properties: {
    a: { type: 'integer' },
    name: { type: 'string' },
    list: { type: 'array', items: { type: 'string' } },
    if: { type: 'string' },
    'x-y': { type: 'integer' },
    either: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
  },
};
const variables = { self: { schema } };

function valueOf(text: string, self: object = {}): unknown {
  const { expression, error } = compileExpression(text, { variables });
  if (!expression) throw new Error(error);
  return expression.evaluate({ self }).result;
}

function errorOf(text: string, self?: object): string | undefined {
  const { expression, error } = compileExpression(text, { variables });
  if (!expression || !self) return error;
  try {
    expression.evaluate({ self });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CelEvaluationError) return thrown.message;
    throw thrown;
  }
}

describe('API-1010: functions of Kubernetes', () => {
  test.each([
    'quantity("2Gi").isGreaterThan(quantity("500Mi"))',
    'quantity("1k").asInteger() == 1000 && quantity("1500m").sign() == 1',
    'quantity("1").add(quantity("1")).compareTo(quantity("2")) == 0',
    'isQuantity("1Mi") && !isQuantity("one")',
    '[1, 2, 3].isSorted() && [1, 2, 3].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3',
    '["a", "b", "a"].indexOf("a") == 0 && ["a", "b", "a"].lastIndexOf("a") == 2',
    '"abc 123".find("[0-9]+") == "123" && "1 2".findAll("[0-9]") == ["1", "2"]',
    '"abc".matches("^a.c$") && !"abc".matches("^b")',
    'url("https://a.example:80/x?y=1").getHostname() == "a.example"',
    'url("https://a.example:80/x?y=1").getQuery() == {"y": ["1"]}',
    'isURL("https://x") && !isURL("no url")',
    'ip("10.0.0.1").family() == 4 && ip("::1").isLoopback() && isIP("10.0.0.1")',
    'cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").prefixLength() == 8',
    'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !isCIDR("10.0.0.0")',
    'ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1")',
    'format.dns1123Label().validate("a-b") == optional.none()',
    'format.dns1123Label().validate("A_").hasValue()',
    'format.named("uuid").hasValue()',
    'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.2.3").major() == 1',
    'isSemver("1.0.0-rc.1") && semver("v1.2", true).minor() == 2',
    'sets.contains([1, 2, 3], [2]) && sets.intersects([1], [1, 2]) && !sets.equivalent([1], [2])',
    'math.greatest(1, 5, 3) == 5 && math.least([4, 2]) == 2',
    '"%s is %d%%".format(["a", 5]) == "a is 5%"',
    '"a-b".replace("-", "_") == "a_b" && "abc".charAt(1) == "b"',
    'cel.bind(x, 2, x * x == 4)',
    'has(self.name) ? self.name == "n" : true',
    'self.?name.orValue("none") == "none"',
    'timestamp("2020-01-01T00:00:00Z").getFullYear() == 2020',
  ])('%s', (text) => {
    expect(valueOf(text)).toBe(true);
  });
});

describe('API-1010: schemas as types', () => {
  test('names that are words of the language or no names are escaped', () => {
    expect(valueOf('self.__if__ == "x" && self.x__dash__y == 1', { if: 'x', 'x-y': 1 })).toBe(true);
  });

  test('numbers, texts, times and maps have types; a number or a text is either', () => {
    expect(valueOf('self.either == "5%"', { either: '5%' })).toBe(true);
    expect(valueOf('self.either == 5', { either: 5 })).toBe(true);
    const when = '2024-05-06T00:00:00Z';
    expect(valueOf('self.when.getMonth() == 4', { when })).toBe(true);
    expect(valueOf('self.labels.all(k, self.labels[k] != "")', { labels: { a: 'b' } })).toBe(true);
  });

  test('optional variables are empty for what was not there', () => {
    const optional = { self: { schema }, oldSelf: { schema, optional: true } };
    const text = 'oldSelf.hasValue() ? oldSelf.value().a < self.a : true';
    const { expression } = compileExpression(text, { variables: optional });
    expect(expression?.evaluate({ self: { a: 1 } }).result).toBe(true);
    expect(expression?.evaluate({ self: { a: 1 }, oldSelf: { a: 2 } }).result).toBe(false);
  });
});

describe('API-1010: faults', () => {
  test.each([
    ['foo == 1', "1:1: undeclared reference to 'foo' (in container '')"],
    ['self.zz == 1', "1:5: undefined field 'zz'"],
    ['self.a + self.name', "1:8: found no matching overload for '_+_' applied to '(int, string)'"],
    ['self.name.foo()', "1:14: undeclared reference to 'foo' (in container '')"],
    ['self.a ==', '1:10: Syntax error: mismatched input'],
    ['self.a == 1 2', "1:13: Syntax error: extraneous input '2' expecting <EOF>"],
  ])('%s', (text, message) => {
    expect(errorOf(text)).toContain(`ERROR: <input>:${message}`);
  });

  test('missing members and bad indexes fail when they are met', () => {
    expect(errorOf('self.a == 1', {})).toBe('no such key: a');
    expect(errorOf('self.list[3] == "x"', { list: [] })).toBe('index out of bounds: 3');
    expect(errorOf('1 / self.a == 1', { a: 0 })).toBe('division by zero');
  });

  test('an expression of another type than is wanted', () => {
    const options = { variables, returns: ['bool'] };
    expect(compileExpression('self.a', options).error).toBe('must evaluate to bool');
    expect(compileExpression('self.a > 1', options).error).toBeUndefined();
  });

  test('what costs too much is stopped', () => {
    const list = Array.from({ length: 2_000 }, () => 'x');
    const text = 'self.list.all(x, self.list.all(y, x == y))';
    expect(errorOf(text, { list })).toBe('operation cancelled: actual cost limit exceeded');
  });

  test('patterns take no longer than their input', () => {
    expect(valueOf('self.name.matches("^(a+)+$")', { name: `${'a'.repeat(5_000)}!` })).toBe(false);
  });
});
