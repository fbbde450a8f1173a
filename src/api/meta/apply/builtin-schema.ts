// The built-in types as server-side apply sees them: the type model with the facts of merge-keys.ts
// (API-651, Appendix A). Built when first asked for, and kept.
import {
  associativeLists,
  atomicExceptions,
  atomicMaps,
  atomicTypes,
  keyDefaults,
  setLists,
} from '../merge-keys.ts';
import { alwaysPresent, holdsQuantity } from '../go-shape.ts';
import { decodeObject } from '../decode.ts';
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { builtinTypes } from '../type-model.ts';
import type { ObjectType, Scalar, TypeRef } from '../type-model.ts';
import { fieldElement } from './path-element.ts';
import { anyValue } from './type-schema.ts';
import type { FieldSchema, ScalarSchema, TypeSchema } from './type-schema.ts';

/** Where a type stands: `Type.field`, or the empty string for a root. */
type Place = string;

const scalars: Readonly<Record<Scalar, ScalarSchema>> = {
  string: 'string',
  bytes: 'string',
  boolean: 'boolean',
  int32: 'numeric',
  int64: 'numeric',
  double: 'numeric',
  number: 'numeric',
  time: 'untyped',
  microtime: 'untyped',
  'int-or-string': 'untyped',
  any: 'untyped',
};
const scalarSchemas = new Map<ScalarSchema, TypeSchema>(
  (['string', 'numeric', 'boolean', 'untyped'] as const).map((scalar) => [scalar, { scalar }]),
);
const objectSchemas = new Map<string, TypeSchema>();

function scalarSchema(scalar: ScalarSchema): TypeSchema {
  return scalarSchemas.get(scalar) ?? anyValue;
}

/** The schema of a type of the model; a name the model lacks stands for any value. */
export function builtinSchema(typeName: string, { granular = false } = {}): TypeSchema {
  const key = granular ? `${typeName} granular` : typeName;
  const known = objectSchemas.get(key);
  if (known) return known;
  const type = builtinTypes.type(typeName);
  if (!type) return anyValue;
  const schema = objectSchema(type, atomicTypes.has(typeName) && !granular);
  objectSchemas.set(key, schema);
  return schema;
}

function objectSchema(type: ObjectType, atomic: boolean): TypeSchema {
  const fields = new Map<string, FieldSchema>();
  const field = (name: string): FieldSchema | undefined => {
    const known = fields.get(name);
    if (known) return known;
    const model = type.fields.get(name);
    if (!model) return undefined;
    const schema = { type: fieldType(type.name, name, model.type), element: fieldElement(name) };
    fields.set(name, schema);
    return schema;
  };
  return { map: { atomic, field, element: undefined } };
}

function fieldType(owner: string, name: string, type: TypeRef): TypeSchema {
  const place = `${owner}.${name}`;
  if (!holdsQuantity(owner, name)) return schemaAt(type, place);
  const quantity = scalarSchema('untyped');
  if (type.form !== 'map') return quantity;
  return { map: { atomic: false, field: () => undefined, element: quantity } };
}

function schemaAt(type: TypeRef, place: Place): TypeSchema {
  switch (type.form) {
    case 'scalar':
      return type.scalar === 'any' ? anyValue : scalarSchema(scalars[type.scalar]);
    case 'object':
      return builtinSchema(type.name, { granular: atomicExceptions.has(place) });
    case 'map': {
      const element = schemaAt(type.value, '');
      return { map: { atomic: atomicMaps.has(place), field: () => undefined, element } };
    }
    default:
      return listSchema(type.item, place);
  }
}

function listSchema(item: TypeRef, place: Place): TypeSchema {
  const keys = associativeLists.get(place) ?? [];
  const atomic = keys.length === 0 && !setLists.has(place);
  const element = withKeyDefaults(schemaAt(item, ''), keys, { item, place });
  return { list: { atomic, keys, element } };
}

/** The item type with the defaults that its keys have in this list. */
function withKeyDefaults(
  schema: TypeSchema,
  keys: readonly string[],
  { item, place }: { item: TypeRef; place: Place },
): TypeSchema {
  const { map } = schema;
  if (!map || keys.length === 0 || item.form !== 'object') return schema;
  const fields = new Map<string, FieldSchema>();
  for (const key of keys) {
    const field = map.field(key) ?? { type: anyValue, element: fieldElement(key) };
    const otherwise = keyDefaults.get(`${place}.${key}`) ?? zeroOf(item.name, key);
    if (otherwise !== undefined) fields.set(key, { ...field, default: otherwise });
  }
  return { map: { ...map, field: (name) => fields.get(name) ?? map.field(name) } };
}

/** What a required key counts as that is left out and has no default: Go's zero. */
function zeroOf(typeName: string, key: string): Json | undefined {
  const field = builtinTypes.type(typeName)?.fields.get(key);
  if (field?.type.form !== 'scalar') return undefined;
  if (!field.required && typeName !== 'LocalObjectReference') return undefined;
  return scalars[field.type.scalar] === 'numeric' ? 0 : '';
}

const emptyObjects = new Map<string, JsonObject>();

/**
 * What an object of the type is before anything is set: the members that are always written. What a
 * create owns is the difference to it.
 */
export function emptyObject(typeName: string): JsonObject {
  const known = emptyObjects.get(typeName);
  if (known) return known;
  const { object } = decodeObject({}, { type: typeName });
  const empty = withRequired(object, typeName);
  emptyObjects.set(typeName, empty);
  return empty;
}

/** Required lists and the like are there, too, as null. */
function withRequired(object: JsonObject, typeName: string): JsonObject {
  const result: JsonObject = { ...object };
  const always = new Map<string, Json>(alwaysPresent(typeName));
  for (const { name, type, required } of builtinTypes.type(typeName)?.fields.values() ?? []) {
    const value = result[name];
    if (value === undefined && (required || always.has(name))) result[name] = null;
    else if (isJsonObject(value) && type.form === 'object') {
      result[name] = withRequired(value, type.name);
    }
  }
  return result;
}
