// Lists of type map and set have no item twice (API-1005).
import type { StatusCause } from '../generated/types.ts';
import { canonicalJson } from '../meta/canonical-json.ts';
import { duplicate, FieldPath, invalidValue } from '../meta/field-errors.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import { itemsOf, memberSchema, propertyOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

/** The causes against lists in a value, at any depth. */
export function validateListTypes(value: Json, schema: Schema): StatusCause[] {
  return isJsonObject(value) ? [...checkMembers(value, schema, undefined)] : [];
}

function* checkMembers(
  object: JsonObject,
  schema: Schema,
  path: FieldPath | undefined,
): Iterable<StatusCause> {
  for (const [name, value] of Object.entries(object)) {
    const member = memberSchema(schema, name);
    if (!member) continue;
    const isDeclared = propertyOf(schema, name) !== undefined;
    const below = isDeclared || !path ? childPath(path, name) : path.key(name);
    yield* checkAt(value, member, below);
  }
}

function childPath(path: FieldPath | undefined, name: string): FieldPath {
  return path ? path.child(name) : new FieldPath(name);
}

function* checkAt(value: Json, schema: Schema, path: FieldPath): Iterable<StatusCause> {
  if (isJsonObject(value)) yield* checkMembers(value, schema, path);
  if (!Array.isArray(value)) return;
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') yield* repeated(value, path);
  if (type === 'map') yield* checkMapList(value, schema, path);
  const items = itemsOf(schema);
  for (const [index, item] of items ? value.entries() : []) {
    yield* checkAt(item, items ?? {}, path.index(index));
  }
}

/** Of each value that stands several times, the second. */
function* repeated(values: readonly Json[], path: FieldPath): Iterable<StatusCause> {
  const seen = new Map<string, number>();
  for (const [index, value] of values.entries()) {
    const text = canonicalJson(value);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) yield duplicate(path.index(index), value);
  }
}

function* checkMapList(list: Json[], schema: Schema, path: FieldPath): Iterable<StatusCause> {
  const odd = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (odd >= 0) {
    const message = 'must be an object for an array of list-type map';
    yield invalidValue(path.index(odd), list[odd], message);
    return;
  }
  const names = schema['x-kubernetes-list-map-keys'] ?? [];
  yield* repeated(
    list.map((item) => keysOf(item, names)),
    path,
  );
}

function keysOf(item: Json, names: readonly string[]): JsonObject {
  const keys: JsonObject = {};
  for (const name of names) {
    const value = isJsonObject(item) ? item[name] : undefined;
    if (value !== undefined) keys[name] = value;
  }
  return keys;
}
