import { beforeAll, describe, expect, test } from 'vitest';
import { loadEngines } from '../../apiserver/custom-resources/load-engines.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { fieldPath } from '../meta/field-errors.ts';
import type { Json } from '../meta/object.ts';
import { checkSchemaRules } from './check-schema-rules.ts';
import { compileRule } from './compile-rule.ts';
import { compileSchemaRules } from './schema-rules.ts';

beforeAll(loadEngines);

type Rule = NonNullable<Schema['x-kubernetes-validations']>[number];

/** A schema whose `spec` has the rules, and members as given. */
function schemaOf(rules: readonly Rule[], properties: Record<string, Schema> = {}): Schema {
  const spec = { type: 'object', properties, 'x-kubernetes-validations': [...rules] };
  return { type: 'object', properties: { spec } };
}

function causes(schema: Schema, spec: Json, old?: Json): string[] {
  const before = old === undefined ? undefined : { spec: old };
  const found = compileSchemaRules(schema)?.validate({ spec }, before) ?? [];
  return found.map(({ field, message }) => `${field}: ${message}`);
}

function faults(schema: Schema, old?: Schema): string[] {
  const found = checkSchemaRules(schema, fieldPath('s'), { wrongAt: [], old });
  return found.map(({ field, message }) => `${field}: ${message}`);
}

const integer: Schema = { type: 'integer' };

describe('API-1010: evaluation', () => {
  test('a rule without message says its own text', () => {
    const schema = schemaOf([{ rule: 'self.a > 1' }], { a: integer });
    expect(causes(schema, { a: 1 })).toEqual(['spec: Invalid value: failed rule: self.a > 1']);
    expect(causes(schema, { a: 2 })).toEqual([]);
  });

  test('what fails while it runs is a cause', () => {
    const schema = schemaOf([{ rule: 'self.a > 1' }], { a: integer });
    expect(causes(schema, {})).toEqual([
      'spec: Invalid value: "object": no such key: a evaluating rule: self.a > 1',
    ]);
  });

  test('transition rules say nothing about what is new', () => {
    const rules = [{ rule: 'self.a >= oldSelf.a', message: 'shrinks' }];
    const schema = schemaOf(rules, { a: integer });
    expect(causes(schema, { a: 1 })).toEqual([]);
    expect(causes(schema, { a: 1 }, { a: 2 })).toEqual(['spec: Invalid value: shrinks']);
  });

  test('with optionalOldSelf they see that there was nothing', () => {
    const rule = 'oldSelf.hasValue() || self.a == 0';
    const schema = schemaOf([{ rule, message: 'starts at 0', optionalOldSelf: true }], {
      a: integer,
    });
    expect(causes(schema, { a: 1 })).toEqual(['spec: Invalid value: starts at 0']);
    expect(causes(schema, { a: 1 }, { a: 0 })).toEqual([]);
  });

  test('items of map lists are compared by their keys', () => {
    const items: Schema = {
      type: 'object',
      properties: { name: { type: 'string' }, a: integer },
      'x-kubernetes-validations': [{ rule: 'self.a == oldSelf.a', message: 'fixed' }],
    };
    const list: Schema = {
      type: 'array',
      items,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    };
    const schema = schemaOf([], { list });
    const old = {
      list: [
        { name: 'x', a: 1 },
        { name: 'y', a: 2 },
      ],
    };
    const moved = {
      list: [
        { name: 'y', a: 2 },
        { name: 'x', a: 3 },
      ],
    };
    expect(causes(schema, moved, old)).toEqual(['spec.list[1]: Invalid value: fixed']);
  });

  test('what was wrong before and is unchanged passes', () => {
    const schema = schemaOf([{ rule: 'self.a > 1' }], { a: integer });
    expect(causes(schema, { a: 0 }, { a: 0 })).toEqual([]);
    expect(causes(schema, { a: 0 }, { a: 1 })).toHaveLength(1);
  });

  test('reasons, paths and messages of expressions', () => {
    const rule: Rule = {
      rule: 'self.a > 1',
      reason: 'FieldValueRequired',
      fieldPath: '.a',
      messageExpression: "'got ' + string(self.a)",
    };
    const schema = schemaOf([rule], { a: integer });
    expect(causes(schema, { a: 1 })).toEqual(['spec.a: Required value: got 1']);
  });
});

describe('API-1010: checks of a definition', () => {
  test('oldSelf in lists without keys, and optionalOldSelf for nothing', () => {
    const items: Schema = {
      type: 'integer',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf' }],
    };
    const schema = schemaOf([{ rule: 'true', optionalOldSelf: true }], {
      list: { type: 'array', maxItems: 3, items },
    });
    const list = 's.properties[spec].properties[list]';
    expect(faults(schema)).toEqual([
      `${list}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": ` +
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${list}`,
      's.properties[spec].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: ' +
        'may not be set if oldSelf is not used in rule',
    ]);
  });

  test('rules over unlimited lists cost too much, over limited ones not', () => {
    const rule = { rule: "self.list.all(x, x.contains('a'))" };
    const list = (limits: Schema, text: Schema): Schema => ({
      type: 'array',
      ...limits,
      items: { type: 'string', ...text },
    });
    const open = schemaOf([rule], { list: list({}, {}) });
    expect(faults(open)[0]).toContain('estimated rule cost exceeds budget');
    expect(faults(schemaOf([rule], { list: list({ maxItems: 10 }, { maxLength: 10 }) }))).toEqual(
      [],
    );
    // What was accepted once is not refused when the definition is written again.
    expect(faults(open, open)[0]).not.toContain('estimated rule cost exceeds budget');
  });

  test('rules about objects in lists compare what a list may hold', () => {
    const items: Schema = {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string', maxLength: 63 }, port: { type: 'integer' } },
    };
    const list: Schema = { type: 'array', maxItems: 32, items };
    const unique =
      'self.list.all(a, self.list.exists_one(b, a.name == b.name && a.port == b.port))';
    expect(faults(schemaOf([{ rule: unique }], { list }))).toEqual([]);
    const open = schemaOf([{ rule: unique }], { list: { ...list, maxItems: 10_000 } });
    expect(faults(open)[0]).toContain('estimated rule cost exceeds budget by factor of more than');
  });

  test('below unlimited lists a rule applies as often as a request has room for it', () => {
    const rules = [{ rule: "self != ''" }];
    const name: Schema = { type: 'string', maxLength: 63, 'x-kubernetes-validations': rules };
    const inner: Schema = { type: 'array', items: { type: 'object', properties: { name } } };
    const list: Schema = {
      type: 'array',
      items: { type: 'object', properties: { inner } },
    };
    expect(faults(schemaOf([], { list }))).toEqual([]);
  });

  test('rules about values of no type', () => {
    const any = { 'x-kubernetes-preserve-unknown-fields': true };
    const rules = { 'x-kubernetes-validations': [{ rule: 'true' }] };
    const found = faults(schemaOf([], { any: { ...any, ...rules } }));
    expect(found[0]).toContain('unable to convert structural schema to CEL declarations');
  });

  test('all faults of all rules are told', () => {
    const schema = schemaOf([{ rule: 'self.a > "x"' }, { rule: 'self.b == 1 && self.c == 1' }], {
      a: integer,
    });
    expect(faults(schema)).toHaveLength(2);
    expect(faults(schema)[1]).toContain("1:5: undefined field 'b'");
    expect(faults(schema)[1]).toContain("1:20: undefined field 'c'");
    const wrong = schemaOf([{ rule: 'self.a', messageExpression: 'self.a' }], { a: integer });
    expect(faults(wrong)[0]).toContain('cel expression must evaluate to a bool');
  });
});

describe('API-1010: the most that rules cost', () => {
  const listOf = (items: Schema, maxItems: number): Schema => ({ type: 'array', items, maxItems });
  const text = (maxLength: number): Schema => ({ type: 'string', maxLength });
  test.each<readonly [rule: string, schema: Schema, cost: number]>([
    ['self.all(x, true)', listOf(integer, 10), 32],
    ['self.all(x, self.all(y, true))', listOf(integer, 10), 352],
    ['self[1] == 0', listOf(integer, 5_000), 2],
    ["self.contains('test')", text(10), 5],
    ["size(self + 'hello') > size('hello')", text(4), 7],
    ["self.matches('x')", text(50), 22],
    ['self.all(x, true)', { type: 'array', items: integer }, 4_718_591],
  ])('%s', (rule, schema, cost) => {
    expect(compileRule({ rule }, schema, false).cost).toBe(cost);
  });
});
