import { beforeAll, describe, expect, test } from 'vitest';
import { loadEngines } from '../../apiserver/custom-resources/load-engines.ts';
import type { Json } from '../meta/object.ts';
import { evaluateJsonPath } from './json-path.ts';
import { prune } from './prune.ts';
import { withDefaults } from './schema-defaults.ts';
import type { Schema } from './structural-schema.ts';
import { validateValue } from './validate-value.ts';
import { byVersionPriority } from './version-priority.ts';

beforeAll(loadEngines);

function causes(schema: Schema, a: Json): string[] {
  const root: Schema = { type: 'object', properties: { a: schema } };
  return validateValue({ a }, root).map(({ field, message }) => `${field}: ${message}`);
}

describe('API-1005: values', () => {
  test.each<[Schema, Json, string[]]>([
    [{ type: 'string' }, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    [{ type: 'string', nullable: true }, null, []],
    [
      { type: 'integer' },
      1.5,
      [
        'a: Invalid value: "number": a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a',
      ],
    ],
    [{ type: 'number' }, 1, []],
    [{ type: 'integer', enum: [1, 2] }, 3, ['a: Unsupported value: 3: supported values: "1", "2"']],
    [{ type: 'array', items: { type: 'string' }, minItems: 1 }, [], ['a: Invalid value: 0: a in body should have at least 1 items']],
    [{ type: 'array', items: { type: 'string' }, maxItems: 1 }, ['x', 'y'], ['a: Too many: 2: must have at most 1 item']],
    [{ type: 'object', maxProperties: 1, additionalProperties: true }, { x: 1, y: 2 }, ['a: Too many: 2: must have at most 1 item']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, { x: 'y' }, ['a.x: Invalid value: "string": a.x in body must be of type integer: "string"']],
    [{ type: 'string', format: 'date-time' }, 'noon', ['a: Invalid value: "noon": a in body must be of type date-time: "noon"']],
    [{ type: 'string', format: 'ipv4' }, '10.0.0.1', []],
    [{ type: 'string', format: 'made-up' }, 'x', []],
    [{ type: 'integer', not: { minimum: 3 } }, 3, ['<nil>: Invalid value: "": "a" must not validate the schema (not)']],
    [
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      2,
      ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      { type: 'integer', anyOf: [{ minimum: 1 }] },
      0,
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: 0: a in body should be greater than or equal to 1',
      ],
    ],
    [
      { type: 'integer', allOf: [{ minimum: 1 }] },
      0,
      [
        'a: Invalid value: 0: a in body should be greater than or equal to 1',
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated',
      ],
    ],
  ])('%j: %j', (schema, value, expected) => {
    expect(causes(schema, value)).toEqual(expected);
  }); // prettier-ignore

  test('what has not changed passes, item by item in map lists', () => {
    const schema: Schema = {
      type: 'array',
      items: {
        type: 'object',
        properties: { k: { type: 'string' }, n: { type: 'integer', maximum: 1 } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    };
    const old = [{ k: 'x', n: 9 }];
    const value = [
      { k: 'y', n: 9 },
      { k: 'x', n: 9 },
    ];
    const found = validateValue(value, schema, { pair: { value, old, schema } });
    expect(found.map(({ field }) => field)).toEqual(['[0].n']);
  });
});

test('API-1003: pruning changes nothing that is known, and is the same object then', () => {
  const schema: Schema = {
    type: 'object',
    properties: { list: { type: 'array', items: { type: 'object', properties: { a: {} } } } },
  };
  const fine = { list: [{ a: 1 }] };
  expect(prune(fine, schema, false).value).toBe(fine);
  const odd = { list: [{ a: 1, b: 2 }], c: 3 };
  expect(prune(odd, schema, false)).toEqual({ value: fine, unknown: ['c', 'list[0].b'] });
});

test('API-1004: defaults fill what is absent, at any depth, and leave the rest the same', () => {
  const inner: Schema = { type: 'object', properties: { x: { type: 'integer', default: 1 } } };
  const schema: Schema = {
    type: 'object',
    properties: {
      o: { ...inner, default: {} },
      m: { type: 'object', additionalProperties: inner },
    },
  };
  expect(withDefaults({ m: { k: {} } }, schema)).toEqual({ o: { x: 1 }, m: { k: { x: 1 } } });
  const full = { o: { x: 2 }, m: {} };
  expect(withDefaults(full, schema)).toBe(full);
});

test('API-209: versions in the order of preference', () => {
  const names = ['v1alpha1', 'foo', 'v2', 'v1', 'v1beta2', 'v10', 'v2beta1'];
  expect(names.sort(byVersionPriority)).toEqual([
    'v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1', 'foo',
  ]); // prettier-ignore
});

describe('API-801: JSON paths', () => {
  const value: Json = {
    spec: {
      'a.b': 1,
      list: [
        { type: 'Ready', status: 'True' },
        { type: 'Other', status: 'False' },
      ],
    },
  };
  test.each<[string, Json[] | undefined]>([
    ['.spec.list[0].type', ['Ready']],
    ['.spec.list[-1].type', ['Other']],
    ['.spec.list[*].status', ['True', 'False']],
    ['.spec.list[?(@.type=="Ready")].status', ['True']],
    [".spec['a.b']", [1]],
    ['.spec.a\\.b', [1]],
    ['..status', ['True', 'False']],
    ['.spec.none', []],
    ['.spec[', undefined],
    [`.spec[?(${'""'.repeat(40)}`, undefined],
  ])('%s', (path, expected) => {
    expect(evaluateJsonPath(path, value)).toEqual(expected);
  });
});
