// Simple paths to members, `.spec.replicas`, as scale and selectable fields have them.
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';

function namesOf(path: string): string[] {
  return path.replace(/^\./, '').split('.');
}

/** The value at a path; undefined when something on the way is missing. */
export function valueAt(object: unknown, path: string): Json | undefined {
  let value: unknown = object;
  for (const name of namesOf(path)) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value as Json;
}

/** A scalar at a path as text; the empty string for anything else. */
export function textAt(object: unknown, path: string): string {
  const value = valueAt(object, path);
  return typeof value === 'object' || value === undefined ? '' : value.toString();
}

/** A copy of the object with the value at the path; objects on the way are made. */
export function withValueAt(object: JsonObject, path: string, value: Json): JsonObject {
  return setIn(object, namesOf(path), value);
}

function setIn(
  object: JsonObject,
  [name = '', ...rest]: readonly string[],
  value: Json,
): JsonObject {
  const below = object[name];
  const child: Json =
    rest.length === 0 ? value : setIn(isJsonObject(below) ? below : {}, rest, value);
  return { ...object, [name]: child };
}
