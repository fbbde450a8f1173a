// Schemas inside of allOf, anyOf, oneOf and not (API-1002): they restrict values and say nothing
// else.
import type { StatusCause } from '../generated/types.ts';
import { forbidden, invalidValue } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { compilePattern, PatternError } from '../meta/pattern.ts';
import { itemsOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;

const EMPTY = 'must be empty to be structural';
const UNDEFINED = 'must be undefined to be structural';
const FALSE = 'must be false to be structural';

// prettier-ignore
const FORBIDDEN: ReadonlyArray<readonly [keyof Schema, string]> = [
  ['type', EMPTY], ['additionalProperties', UNDEFINED], ['default', UNDEFINED], ['title', EMPTY],
  ['description', EMPTY], ['nullable', FALSE], ['x-kubernetes-preserve-unknown-fields', FALSE],
  ['x-kubernetes-embedded-resource', FALSE], ['x-kubernetes-int-or-string', FALSE],
  ['x-kubernetes-list-map-keys', EMPTY], ['x-kubernetes-list-type', UNDEFINED],
  ['x-kubernetes-map-type', UNDEFINED], ['x-kubernetes-validations', EMPTY],
];

/** The causes against a schema that restricts, and against those in it. */
export function* checkNested(schema: Schema, path: FieldPath): Causes {
  for (const name of ['anyOf', 'allOf', 'oneOf'] as const) {
    for (const [index, one] of (schema[name] ?? []).entries()) {
      yield* checkNested(one, path.child(name).index(index));
    }
  }
  if (schema.not) yield* checkNested(schema.not, path.child('not'));
  yield* checkPattern(schema, path);
  const items = itemsOf(schema);
  if (items) yield* checkNested(items, path.child('items'));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* checkNested(property, path.child('properties').key(name));
  }
  for (const [name, message] of FORBIDDEN) {
    if (isSet(schema[name])) yield forbidden(path.child(name), message);
  }
  if (schema.properties && Object.hasOwn(schema.properties, 'metadata')) {
    const message = 'must not be specified in a nested context';
    yield forbidden(path.child('properties').key('metadata'), message);
  }
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== '' && value !== false;
}

/** A pattern that is none. */
export function* checkPattern({ pattern = '' }: Schema, path: FieldPath): Causes {
  if (pattern === '') return;
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = `must be a valid regular expression, but isn't: ${error.message}`;
    yield invalidValue(path.child('pattern'), pattern, message);
  }
}
