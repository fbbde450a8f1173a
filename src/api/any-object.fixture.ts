// For tests: random objects of any type, by the type model. Texts and numbers are such as occur,
// and some that are wrong everywhere.
import fc from 'fast-check';
import { holdsQuantity } from './meta/go-shape.ts';
import type { Json } from './meta/object.ts';
import { builtinTypes, type FieldModel, type Scalar, type TypeRef } from './meta/type-model.ts';

const DEPTH_MAX = 7;
const texts = fc.constantFrom('', 'a', 'a/b', '*', '1', '-', 'example.com/x', 'TCP', 'Always', '/');
const numbers = fc.constantFrom(-1, 0, 1, 80, 2 ** 31 - 1);
const scalars: Readonly<Record<Scalar, fc.Arbitrary<Json>>> = {
  string: texts,
  int32: numbers,
  int64: numbers,
  double: numbers,
  number: numbers,
  boolean: fc.boolean(),
  time: fc.constantFrom('2026-01-01T00:00:00Z', null),
  microtime: fc.constantFrom('2026-01-01T00:00:00.000001Z', null),
  bytes: fc.constantFrom('', 'AAH/'),
  'int-or-string': fc.oneof(numbers, fc.constantFrom('', '50%', 'http')),
  any: fc.constantFrom<Json>({}, { a: 1 }, [], 'x'),
};

function valueOf(type: TypeRef, depth: number): fc.Arbitrary<Json> {
  switch (type.form) {
    case 'scalar':
      return scalars[type.scalar];
    case 'list':
      return fc.array(valueOf(type.item, depth), { maxLength: 2 });
    case 'map':
      return fc.dictionary(texts, valueOf(type.value, depth), { maxKeys: 2 });
    default:
      return depth > DEPTH_MAX ? fc.constant({}) : objectOf(type.name, depth);
  }
}

function memberOf(owner: string, { name, type }: FieldModel, depth: number): fc.Arbitrary<Json> {
  if (!holdsQuantity(owner, name)) return valueOf(type, depth);
  const amounts = fc.constantFrom('0', '1', '1Gi', '500m', '-1');
  return type.form === 'map'
    ? fc.dictionary(fc.constantFrom('cpu', 'memory', 'x/y', 'pods'), amounts, { maxKeys: 2 })
    : amounts;
}

const memo = new Map<string, fc.Arbitrary<Json>>();

/** An object with a few of the members of its type. */
export function objectOf(name: string, depth = 0): fc.Arbitrary<Json> {
  const key = `${name} ${depth}`;
  const known = memo.get(key);
  if (known) return known;
  const fields = [...(builtinTypes.type(name)?.fields.values() ?? [])];
  const own = fc
    .subarray(fields, { maxLength: Math.min(fields.length, depth < 3 ? 12 : 5) })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(chosen.map((field) => [field.name, memberOf(name, field, depth + 1)])),
      ),
    );
  memo.set(key, own as fc.Arbitrary<Json>);
  return own as fc.Arbitrary<Json>;
}
