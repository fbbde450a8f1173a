// Whether x-kubernetes-list-type and its keys fit the list they stand at (API-1002).
import type { StatusCause } from '../generated/types.ts';
import { forbidden, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { itemsOf, propertyOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;

/** The causes against the list type of a schema. */
export function* checkListType(schema: Schema, path: FieldPath): Causes {
  const listType = schema['x-kubernetes-list-type'];
  const at = path.child('x-kubernetes-list-type');
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType !== undefined) yield* checkListed(schema, listType, path);
  if (keys.length > 0 && listType !== 'map') {
    const message = 'must be map if x-kubernetes-list-map-keys is non-empty';
    yield listType === undefined ? required(at, message) : invalidValue(at, listType, message);
  }
  if (listType === 'map') yield* checkMapList(schema, keys, path);
  if (listType === 'map' || listType === 'set') yield* checkNulls(schema, listType, path);
}

function* checkListed(schema: Schema, listType: string, path: FieldPath): Causes {
  const { type = '' } = schema;
  if (type !== 'array') {
    const message = 'must be array if x-kubernetes-list-type is specified';
    const at = path.child('type');
    yield type === '' ? required(at, message) : invalidValue(at, type, message);
  } else if (listType === 'set') yield* checkSetItems(schema, path.child('items'));
  const types = ['atomic', 'set', 'map'];
  if (!types.includes(listType)) {
    yield notSupported(path.child('x-kubernetes-list-type'), listType, types);
  }
}

const ATOMIC = 'must be atomic as item of a list with x-kubernetes-list-type=set';

function* checkSetItems(schema: Schema, path: FieldPath): Causes {
  const items = itemsOf(schema);
  // Upstream shows the list type in either case.
  const shown = items?.['x-kubernetes-list-type'] ?? null;
  if (items?.type === 'array' && shown !== null && shown !== 'atomic') {
    yield invalidValue(path.child('x-kubernetes-list-type'), shown, ATOMIC);
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    yield invalidValue(path.child('x-kubernetes-map-type'), shown, ATOMIC);
  }
}

function* checkMapList(schema: Schema, keys: readonly string[], path: FieldPath): Causes {
  const at = path.child('x-kubernetes-list-map-keys');
  if (keys.length === 0) {
    yield required(at, 'must not be empty if x-kubernetes-list-type is map');
  }
  const items = itemsOf(schema);
  const below = path.child('items');
  if (!items) {
    yield required(below, 'must have a schema if x-kubernetes-list-type is map');
    return;
  }
  if (items.type !== 'object') {
    const message = "must be object if parent array's x-kubernetes-list-type is map";
    yield invalidValue(below.child('type'), items.type ?? '', message);
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    yield* checkKey(items, { key, keys }, path);
    if (seen.has(key)) yield invalidValue(at, keys, 'must not contain duplicate entries');
    seen.add(key);
  }
}

function* checkKey(
  items: Schema,
  { key, keys }: { key: string; keys: readonly string[] },
  path: FieldPath,
): Causes {
  const property = propertyOf(items, key);
  if (!property) {
    const at = path.child('x-kubernetes-list-map-keys');
    yield invalidValue(at, keys, 'entries must all be names of item properties');
  } else if (property.type === 'array' || property.type === 'object') {
    const at = path.child('items', 'properties').key(key).child('type');
    const message = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    yield invalidValue(at, items.type ?? '', message);
  }
}

/** Items are no nulls, and their keys are always there. */
function* checkNulls(schema: Schema, listType: string, path: FieldPath): Causes {
  const items = itemsOf(schema);
  if (!items) return;
  const below = path.child('items');
  if (items.nullable === true) {
    const message = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    yield forbidden(below.child('nullable'), message);
  }
  for (const key of listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const at = below.child('properties').key(key);
    const isThere = (items.required ?? []).includes(key) || property.default !== undefined;
    const what = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!isThere) {
      yield required(at.child('default'), `${what} must have a default or be a required property`);
    }
    if (property.nullable === true) {
      yield forbidden(at.child('nullable'), `${what} cannot be nullable`);
    }
  }
}
