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
    'quantity("1k").asInteger() == 1000 && sign(quantity("1500m")) == 1',
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
    '"%s is %d%%".format(["a", dyn(5)]) == "a is 5%"',
    '"%.2f %e %x %X %b %o".format([dyn(1.5), dyn(1.0), dyn(255), dyn("z"), dyn(5), dyn(8)]) == "1.50 1.000000×10⁰⁰ ff 7A 101 10"',
    '"%s".format([{"b": duration("90s"), "a": duration("1h")}]) == "{a: 3600s, b: 90s}"',
    '"a-b".replace("-", "_") == "a_b" && "abc".charAt(1) == "b"',
    '"a,b,c".split(",", 2) == ["a", "b,c"] && ["a", "b"].join("-") == "a-b"',
    '"tacocat".indexOf("c", 3) == 4 && "tacocat".lastIndexOf("a") == 5 && " x ".trim() == "x"',
    '"abc".substring(1, 2) == "b" && "aB".upperAscii() == "AB" && strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
    '[1, 2].all(i, v, i < v) && [2, 1].exists(i, v, i == v) && [5].existsOne(i, v, i == 0)',
    '{"a": 1}.transformMap(k, v, v + 1) == {"a": 2} && {"a": 1}.transformList(k, v, k) == ["a"]',
    '{"a": "b"}.transformMapEntry(k, v, {v: k}) == {"b": "a"} && [3, 4].transformList(i, v, v > 3, i) == [1]',
    '[3, 1, 2].sort() == [1, 2, 3] && [[1], [2]].flatten() == [1, 2] && lists.range(3) == [0, 1, 2]',
    '["bb", "a"].sortBy(x, x.size()) == ["a", "bb"] && [1, 1].distinct() == [1] && [1, 2].reverse() == [2, 1]',
    '[1, 2, 3].slice(1, 3) == [2, 3] && [1, 2].first() == optional.of(1) && [1, 2].last().value() == 2',
    'optional.of(2).optMap(x, x * 2).orValue(0) == 4 && optional.none().or(optional.of(1)).value() == 1',
    '[?optional.none(), 1] == [1] && {?"a": optional.of(1)} == {"a": 1} && {"a": 1}[?"b"] == optional.none()',
    '[1, 2].map(x, x > 1, x * 2) == [4] && [1, 2].filter(x, x > 1) == [2] && [1].exists_one(x, x == 1)',
    'type(1) == int && type("a") != type(b"a") && string(b"\\x61") == "a" && size("日本") == 2',
    '1u + 2u == 3u && 7 % 4 == 3 && -7 / 2 == -3 && 1 < 1.5 && 2u > 1 && double("1e3") == 1000.0',
    'duration("1h") + duration("1m") == duration("3660s") && timestamp(0) < timestamp(1)',
    'timestamp("2020-01-01T00:00:00Z") - duration("1s") == timestamp("2019-12-31T23:59:59Z")',
    'timestamp("2023-01-01T05:30:00Z").getHours("-08:00") == 21 && duration("90m").getHours() == 1',
    'false && 1 / 0 == 1 ? false : true || 1 / 0 == 1',
    '[0, 1].exists(x, 1 / x == 1) && ![0, 1].all(x, 1 / x == 2)',
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

  test('the order of sets and of lists as maps says nothing; they are added by their keys', () => {
    const entry: Schema = {
      type: 'object',
      properties: { k: { type: 'string' }, v: { type: 'integer' } },
    };
    const keyed: Schema = {
      type: 'object',
      properties: {
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        map: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: entry,
        },
      },
    };
    const self = {
      set: ['a', 'b'],
      map: [
        { k: 'x', v: 1 },
        { k: 'y', v: 2 },
      ],
    };
    const oldSelf = { set: ['b', 'a'], map: [...self.map].reverse() };
    const both = { self: { schema: keyed }, oldSelf: { schema: keyed } };
    for (const text of [
      'self.set == oldSelf.set && self.map == oldSelf.map',
      "self.set + ['c', 'a'] == ['c', 'b', 'a']",
      'self.map + oldSelf.map == self.map && size(self.map + oldSelf.map) == 2',
      "self.set.map(x, x) == ['a', 'b'] && self.set.map(x, x) != ['b', 'a']",
    ]) {
      const { expression } = compileExpression(text, { variables: both });
      expect(expression?.evaluate({ self, oldSelf }).result, text).toBe(true);
    }
  });

  test('what runs costs what it costs the reference', () => {
    const cost = (text: string) => {
      const { expression } = compileExpression(text, { variables });
      return expression?.evaluate({ self: { name: 'abc', list: ['x', 'y'] } }).cost;
    };
    expect(cost('self.name == "abc"')).toBe(3);
    expect(cost('has(self.name)')).toBe(1);
    expect(cost('[1].reverse() == [1]')).toBe(13);
    expect(cost('self.name in ["a", "b"]')).toBe(2);
    expect(cost('self.list.all(x, x != "")')).toBe(11);
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
    ['toString == 1', "1:1: undeclared reference to 'toString' (in container '')"],
    ['self.zz == 1', "1:5: undefined field 'zz'"],
    ['self.a + self.name', "1:8: found no matching overload for '_+_' applied to '(int, string)'"],
    ['self.name.foo()', "1:14: undeclared reference to 'foo' (in container '')"],
    ['self.a ==', '1:10: Syntax error: mismatched input'],
    ['self.a == 1 2', "1:13: Syntax error: extraneous input '2' expecting <EOF>"],
    ['1 + 2\n3 +', "2:1: Syntax error: mismatched input '3' expecting <EOF>"],
    ['a | b', "1:3: Syntax error: token recognition error at: '| '"],
    ['self.true == 1', "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER"],
    ['(self.a', "1:8: Syntax error: missing ')' at '<EOF>'"],
    ['[1].map(var, var)', '1:9: reserved identifier: var'],
    ['has(self)', '1:5: invalid argument to has() macro'],
    ['[1].all(x, y, z, x)', "1:8: undeclared reference to 'all' (in container '')"],
    ['[1, "a"]', "1:5: expected type 'int' but found 'string'"],
    ['[self.name, self.either]', "1:17: expected type 'string' but found 'dyn'"],
    ['duration("x") == duration("1s")', '1:10: invalid duration argument'],
    ['"a".matches("(")', '1:13: invalid matches argument'],
    ['self.a.all(x, true)', "1:5: expression of type 'int' cannot be range of a comprehension"],
    ['self.a ? 1 : 2', "1:8: found no matching overload for '_?_:_' applied to '(int, int, int)'"],
    ['self.a.b', "1:7: type 'int' does not support field selection"],
    ['self.a && true', "1:5: expected type 'bool' but found 'int'"],
    [
      'self.name == null',
      "1:11: found no matching overload for '_==_' applied to '(string, null)'",
    ],
    ['math.abs(1)', "1:1: undeclared reference to 'math' (in container '')"],
  ])('%s', (text, message) => {
    expect(errorOf(text)).toContain(`ERROR: <input>:${message}`);
  });

  test('all faults are told, in the order of the text', () => {
    const text = 'self.zz == 1 && self.yy == 2';
    expect(errorOf(text)).toBe(
      "ERROR: <input>:1:5: undefined field 'zz'\n" +
        ` | ${text}\n | ....^\n` +
        "ERROR: <input>:1:21: undefined field 'yy'\n" +
        ` | ${text}\n | ${'.'.repeat(20)}^`,
    );
  });

  test('functions of lists take only lists of what they are for', () => {
    expect(errorOf('dyn([true]).sum() == 1', {})).toBe('no such overload');
    expect(errorOf("dyn([1, 2]).join('') == ''", {})).toBe('no such overload');
    expect(valueOf('dyn([1.5, 2.0]).sum() == 3.5 && dyn([]).sum() == 0')).toBe(true);
  });

  test('what is too deep or too large is refused before it is looked at', () => {
    const many = (part: string, count: number) => part.repeat(count);
    const folds = `optional.of(1)${many('.optMap(x, x)', 40)}`;
    expect(errorOf(`${many('(', 5_000)}1`)).toContain('expression recursion limit exceeded: 250');
    expect(errorOf(`self${many('.a', 5_000)}`)).toContain('max recursion depth exceeded');
    expect(errorOf(`1${many(' + 1', 5_000)}`)).toContain('max recursion depth exceeded');
    expect(errorOf(folds)).toContain('expression is too large');
    expect(errorOf(`true${many(' && true', 5_000)}`)).toBeUndefined();
  });

  test('missing members and bad indexes fail when they are met', () => {
    expect(errorOf('self.a == 1', {})).toBe('no such key: a');
    expect(errorOf('self.list[3] == "x"', { list: [] })).toBe('index out of bounds: 3');
    expect(errorOf('1 / self.a == 1', { a: 0 })).toBe('division by zero');
  });

  test('an expression of another type than is wanted', () => {
    const options = { variables, returns: ['bool'] };
    expect(compileExpression('self.a', options).error).toBe('must evaluate to bool but got int');
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
