// What the schema of a definition may say beyond being structural (API-1002): known types, nothing
// that is not supported, list and map types that fit. Then its CEL rules, if all else is right.
import type { StatusCause } from '../generated/types.ts';
import { forbidden, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { checkListType } from './list-type-checks.ts';
import { checkRuleTexts } from './rule-text-checks.ts';
import { additionalSchema, itemsOf, isEmbedded, META_FIELDS } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;

/** What is known of the surroundings of a schema. */
interface Context {
  readonly isRoot: boolean;
  /** Inside of the metadata of an object. */
  readonly inMeta: boolean;
  /** Why there may be no defaults. */
  readonly noDefaults?: string | undefined;
}

/** The causes against a root schema and all in it. */
export function checkOpenApi(schema: Schema, path: FieldPath): Causes {
  return checkAt(schema, path, { isRoot: true, inMeta: false });
}

function* checkAt(schema: Schema, path: FieldPath, context: Context): Causes {
  yield* checkSupported(schema, path, context);
  if (schema.uniqueItems === true) {
    const message =
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    yield forbidden(path.child('uniqueItems'), message);
  }
  yield* checkAdditional(schema, path, context);
  yield* checkProperties(schema, path, context);
  yield* checkCombined(schema, path, context);
  const items = itemsOf(schema);
  if (items) yield* checkAt(items, path.child('items'), { ...context, isRoot: false });
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const at = path.child('x-kubernetes-preserve-unknown-fields');
    yield invalidValue(at, false, 'must be true or undefined');
  }
  yield* checkMapType(schema, path);
  yield* checkListType(schema, path);
  yield* checkRuleTexts(schema, path);
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

// prettier-ignore
const UNSUPPORTED: ReadonlyArray<readonly [keyof Schema, string]> = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

function* checkSupported(schema: Schema, path: FieldPath, context: Context): Causes {
  const { type = '' } = schema;
  if (type !== '' && !TYPES.includes(type)) yield notSupported(path.child('type'), type, TYPES);
  if (schema.default !== undefined && context.noDefaults !== undefined) {
    yield forbidden(path.child('default'), `must not be set ${context.noDefaults}`);
  }
  for (const [name, message] of UNSUPPORTED) {
    if (schema[name] !== undefined) yield forbidden(path.child(name), message);
  }
  if (type === 'null') {
    const message = 'type cannot be set to null, use nullable as an alternative';
    yield forbidden(path.child('type'), message);
  }
  if (Array.isArray(schema.items)) {
    yield forbidden(path.child('items'), 'items must be a schema object and not an array');
  }
  if (context.inMeta && isEmbedded(schema)) {
    const at = path.child('x-kubernetes-embedded-resource');
    yield forbidden(at, 'must not be used inside of resource meta');
  }
}

function* checkAdditional(schema: Schema, path: FieldPath, context: Context): Causes {
  const { additionalProperties } = schema;
  if (additionalProperties === undefined) return;
  const below = path.child('additionalProperties');
  const declares = Object.keys(schema.properties ?? {}).length > 0;
  if (declares && additionalProperties !== true) {
    yield forbidden(below, 'additionalProperties and properties are mutual exclusive');
  }
  const additional = additionalSchema(schema);
  if (!additional) return;
  const why = 'inside additionalProperties applying to object metadata';
  const inner = { ...context, isRoot: false };
  yield* checkAt(additional, below, context.inMeta ? { ...inner, noDefaults: why } : inner);
}

function* checkProperties(schema: Schema, path: FieldPath, context: Context): Causes {
  const hasMeta = context.isRoot || isEmbedded(schema);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = hasMeta && META_FIELDS.includes(name);
    yield* checkAt(property, path.child('properties').key(name), {
      isRoot: false,
      inMeta: isMeta || context.inMeta,
      noDefaults: isMeta && context.isRoot ? `in top-level ${name}` : context.noDefaults,
    });
  }
}

function* checkCombined(schema: Schema, path: FieldPath, context: Context): Causes {
  const inner = { ...context, isRoot: false };
  if (schema.not) yield* checkAt(schema.not, path.child('not'), inner);
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, one] of (schema[name] ?? []).entries()) {
      yield* checkAt(one, path.child(name).index(index), inner);
    }
  }
}

function* checkMapType(schema: Schema, path: FieldPath): Causes {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  const { type = '' } = schema;
  if (type !== 'object') {
    const message = 'must be object if x-kubernetes-map-type is specified';
    const at = path.child('type');
    yield type === '' ? required(at, message) : invalidValue(at, type, message);
  }
  if (mapType !== 'atomic' && mapType !== 'granular') {
    yield notSupported(path.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']);
  }
}
