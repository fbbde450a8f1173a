// What makes a schema structural (API-1002): every value has a type where it is declared, and
// allOf, anyOf, oneOf and not only restrict. Texts and their order are upstream's.
import type { StatusCause } from '../generated/types.ts';
import { compareBytewise } from '../meta/canonical-json.ts';
import { forbidden, invalidValue, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { checkNested, checkPattern } from './structural-nested-checks.ts';
import {
  additionalSchema,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertyOf,
} from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;
type Level = 'root' | 'item' | 'field';

/** The causes against a schema that is not structural, sorted by their texts. */
export function validateStructural(schema: Schema, path: FieldPath): StatusCause[] {
  const causes = [
    ...checkLevel(schema, 'root', path),
    ...checkComplete(schema, schema, { path, from: path }),
  ];
  const textOf = ({ field = '', message = '' }: StatusCause) => `${field}: ${message}`;
  return causes.sort((left, right) => compareBytewise(textOf(left), textOf(right)));
}

function* checkLevel(schema: Schema, level: Level, path: FieldPath): Causes {
  const items = itemsOf(schema);
  if (schema.type === 'array' && !items) yield required(path.child('items'), 'must be specified');
  if (items) yield* checkLevel(items, 'item', path.child('items'));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* checkLevel(property, 'field', path.child('properties').key(name));
  }
  if (schema.additionalProperties !== undefined) {
    const below = path.child('additionalProperties');
    if (level === 'root') yield forbidden(below, 'must not be used at the root');
    const additional = additionalSchema(schema);
    if (additional) yield* checkLevel(additional, 'field', below);
  }
  yield* checkExtensions(schema, path);
  yield* checkCombinations(schema, path);
  yield* checkType(schema, level, path);
  yield* checkMeta(schema, level, path);
}

function* checkExtensions(schema: Schema, path: FieldPath): Causes {
  if (!isIntOrString(schema)) return;
  const message = 'must be false if x-kubernetes-int-or-string is true';
  if (preservesUnknown(schema)) {
    yield invalidValue(path.child('x-kubernetes-preserve-unknown-fields'), true, message);
  }
  if (isEmbedded(schema)) {
    yield invalidValue(path.child('x-kubernetes-embedded-resource'), true, message);
  }
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** allOf, anyOf, oneOf, not; the two ways to write "a number or a string" have types. */
function* checkCombinations(schema: Schema, path: FieldPath): Causes {
  const { allOf = [], anyOf = [] } = schema;
  if (!jsonEqual(anyOf, INT_OR_STRING)) yield* checkEach(anyOf, path.child('anyOf'));
  const isAllOf = jsonEqual(allOf[0]?.anyOf, INT_OR_STRING);
  for (const [index, one] of allOf.entries()) {
    const spared = isAllOf && index === 0 ? { ...one, anyOf: [] } : one;
    yield* checkNested(spared, path.child('allOf').index(index));
  }
  yield* checkEach(schema.oneOf ?? [], path.child('oneOf'));
  if (schema.not) yield* checkNested(schema.not, path.child('not'));
  yield* checkPattern(schema, path);
}

function* checkEach(schemas: readonly Schema[], path: FieldPath): Causes {
  for (const [index, schema] of schemas.entries()) yield* checkNested(schema, path.index(index));
}

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function* checkType(schema: Schema, level: Level, path: FieldPath): Causes {
  const { type = '' } = schema;
  const below = path.child('type');
  if (isEmbedded(schema) && type !== 'object') {
    const message = 'must be object if x-kubernetes-embedded-resource is true';
    yield type === '' ? required(below, message) : invalidValue(below, type, message);
  } else if (type === '' && !isIntOrString(schema) && !preservesUnknown(schema)) {
    yield required(below, EMPTY_TYPE[level]);
  }
  if (isEmbedded(schema) && schema.additionalProperties !== undefined) {
    const message = 'must not be used if x-kubernetes-embedded-resource is set';
    yield forbidden(path.child('additionalProperties'), message);
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    yield invalidValue(below, type, 'must be object at the root');
  }
}

/** Of the metadata only names may be restricted, and only at the root. */
function* checkMeta(schema: Schema, level: Level, path: FieldPath): Causes {
  const hasMeta = level === 'root' || isEmbedded(schema);
  const properties = path.child('properties');
  for (const name of hasMeta ? ['kind', 'apiVersion'] : []) {
    const property = propertyOf(schema, name);
    if (!property || property.type === 'string') continue;
    yield invalidValue(properties.key(name).child('type'), property.type ?? '', 'must be string');
  }
  const metadata = propertyOf(schema, 'metadata');
  if (metadata) yield* checkMetadata(metadata, { hasMeta, level }, properties.key('metadata'));
  const isBare = Object.keys(schema.properties ?? {}).length === 0;
  if (isEmbedded(schema) && !preservesUnknown(schema) && isBare) {
    const message =
      'must not be empty if x-kubernetes-embedded-resource is true ' +
      'without x-kubernetes-preserve-unknown-fields';
    yield required(properties, message);
  }
}

function* checkMetadata(
  metadata: Schema,
  { hasMeta, level }: { hasMeta: boolean; level: Level },
  path: FieldPath,
): Causes {
  if (hasMeta && metadata.type !== 'object') {
    yield invalidValue(path.child('type'), metadata.type ?? '', 'must be object');
  }
  if (level !== 'root') return;
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const others = Object.keys(properties).filter((name) => !['name', 'generateName'].includes(name));
  const says = Object.values(rest).some((value) => value !== undefined);
  if (others.length === 0 && !says) return;
  const message =
    'must not specify anything other than name and generateName, ' +
    'but metadata is implicitly specified';
  yield forbidden(path, message);
}

/** Where something is declared, and where it is restricted. */
interface Paths {
  readonly path: FieldPath;
  readonly from: FieldPath;
}

/** What is restricted must be declared. */
function* checkComplete(value: Schema, schema: Schema, { path, from }: Paths): Causes {
  const { not, allOf = [], anyOf = [], oneOf = [] } = value;
  if (not) yield* checkNestedComplete(not, schema, { path, from: from.child('not') });
  for (const [name, list] of Object.entries({ allOf, anyOf, oneOf })) {
    for (const [index, one] of list.entries()) {
      yield* checkNestedComplete(one, schema, { path, from: from.child(name).index(index) });
    }
  }
}

function* checkNestedComplete(
  value: Schema,
  schema: Schema | undefined,
  { path, from }: Paths,
): Causes {
  if (!schema) {
    yield required(path, `because it is defined in ${from.toString()}`);
    return;
  }
  yield* checkComplete(value, schema, { path, from });
  const items = itemsOf(value);
  if (items) {
    const below = { path: path.child('items'), from: from.child('items') };
    yield* checkNestedComplete(items, itemsOf(schema), below);
  }
  for (const [name, property] of Object.entries(value.properties ?? {})) {
    const declared = propertyOf(schema, name);
    const below = {
      path: path.child('properties').key(name),
      from: from.child('properties').key(name),
    };
    yield* checkNestedComplete(property, declared, below);
  }
}
