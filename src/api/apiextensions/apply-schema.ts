// The schema of a custom resource as server-side apply sees it (API-1009): list types, map types,
// and what is owned as a whole.
import type { Json } from '../meta/object.ts';
import { builtinSchema } from '../meta/apply/builtin-schema.ts';
import { fieldElement } from '../meta/apply/path-element.ts';
import { anyValue } from '../meta/apply/type-schema.ts';
import type { FieldSchema, ListSchema, MapSchema, TypeSchema } from '../meta/apply/type-schema.ts';
import {
  additionalSchema,
  defaultOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertyOf,
} from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

const string: TypeSchema = { scalar: 'string' };
const scalars: Readonly<Record<string, TypeSchema>> = {
  string,
  integer: { scalar: 'numeric' },
  number: { scalar: 'numeric' },
  boolean: { scalar: 'boolean' },
};
const untyped: TypeSchema = { scalar: 'untyped' };

/** Members that may hold anything are told apart by member; their lists are owned as a whole. */
const deduced: TypeSchema = {
  scalar: 'untyped',
  list: { atomic: true, keys: [], element: anyValue },
  map: {
    atomic: false,
    field: () => undefined,
    get element() {
      return deduced;
    },
  },
};

/** The schema of whole objects. */
export function applySchema(schema: Schema): TypeSchema {
  return { map: objectSchema(schema, true) };
}

function typeSchema(schema: Schema): TypeSchema {
  if (isIntOrString(schema)) return untyped;
  const { type = '' } = schema;
  if (type === 'array') return { list: listSchema(schema) };
  if (type === 'object') return { map: objectSchema(schema, isEmbedded(schema)) };
  return scalars[type] ?? deduced;
}

function listSchema(schema: Schema): ListSchema {
  const type = schema['x-kubernetes-list-type'];
  const items = itemsOf(schema);
  return {
    atomic: type !== 'map' && type !== 'set',
    keys: type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
    element: items ? typeSchema(items) : deduced,
  };
}

function objectSchema(schema: Schema, hasMeta: boolean): MapSchema {
  const fields = new Map<string, FieldSchema>();
  const makeField = (name: string): FieldSchema | undefined => {
    const type = memberType(schema, name, hasMeta);
    if (!type) return undefined;
    const property = propertyOf(schema, name);
    const value: Json | undefined = property && defaultOf(property);
    const field = { type, element: fieldElement(name) };
    return value === undefined ? field : { ...field, default: value };
  };
  const additional = additionalSchema(schema);
  const isOpen = preservesUnknown(schema) || schema.additionalProperties === true;
  return {
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    field(name) {
      const known = fields.get(name) ?? makeField(name);
      if (known) fields.set(name, known);
      return known;
    },
    element: additional ? typeSchema(additional) : isOpen ? deduced : undefined,
  };
}

function memberType(schema: Schema, name: string, hasMeta: boolean): TypeSchema | undefined {
  if (hasMeta && (name === 'apiVersion' || name === 'kind')) return string;
  if (hasMeta && name === 'metadata') return builtinSchema('ObjectMeta');
  const property = propertyOf(schema, name);
  return property && typeSchema(property);
}
