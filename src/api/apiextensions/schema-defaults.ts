// Defaults out of a schema (API-1004), on write and on read. Pure, as prune.ts: what need not
// change is returned itself.
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import { defaultOf, itemsOf, memberSchema } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

/**
 * The value with its defaults: for members that are absent, and for nulls where none may be. Nulls
 * that may not be and have no default go.
 */
export function withDefaults(value: Json, schema: Schema | undefined): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return defaultItems(value, itemsOf(schema));
  return isJsonObject(value) ? defaultMembers(value, schema) : value;
}

/** True for a null where the schema has no nulls. */
function isForbiddenNull(value: Json | undefined, schema: Schema): boolean {
  return value === null && schema.nullable !== true;
}

function defaultItems(list: Json[], items: Schema | undefined): Json[] {
  if (items === undefined) return list;
  let changed = false;
  const result = list.map((item) => {
    const given = isForbiddenNull(item, items) ? (copyOfDefault(items) ?? item) : item;
    const filled = withDefaults(given, items);
    changed ||= filled !== item;
    return filled;
  });
  return changed ? result : list;
}

function copyOfDefault(schema: Schema): Json | undefined {
  const value = defaultOf(schema);
  return value === undefined ? undefined : structuredClone(value);
}

function defaultMembers(object: JsonObject, schema: Schema): JsonObject {
  let result: JsonObject | undefined;
  const set = (name: string, value: Json | undefined) => {
    result ??= { ...object };
    if (value === undefined) delete result[name];
    else result[name] = value;
  };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(object, name) || defaultOf(property) === undefined) continue;
    set(name, withDefaults(copyOfDefault(property) ?? null, property));
  }
  for (const [name, value] of Object.entries(object)) {
    const member = memberSchema(schema, name);
    if (!member) continue;
    const filled = defaultMember(value, member);
    if (filled !== value) set(name, filled);
  }
  return result ?? object;
}

/** Undefined for a null that is dropped. */
function defaultMember(value: Json, schema: Schema): Json | undefined {
  if (!isForbiddenNull(value, schema)) return withDefaults(value, schema);
  const given = copyOfDefault(schema);
  return given === undefined ? undefined : withDefaults(given, schema);
}
