// JSON merge patch (RFC 7386, API-603): applying one, and making one from two values.
import { jsonEqual } from '../json-equal.ts';
import { isJsonObject, type Json, type JsonObject } from '../object.ts';

/** Sets a member, also one named `__proto__`, which an assignment would treat specially. */
function setMember(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    object[key] = value;
  }
}

/**
 * `target` with the patch applied. Inputs are not changed and may be frozen; what the patch does
 * not touch is shared with the result.
 */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setMember(result, key, applyMergePatch(own(result, key), value));
  }
  return result;
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * The merge patch that turns `from` into `to`; an empty object when they are equal. Members that
 * are undefined count as absent.
 */
export function createMergePatch(from: object, to: object): JsonObject {
  const patch: JsonObject = {};
  const before = from as JsonObject;
  const after = to as JsonObject;
  for (const key of Object.keys(before)) {
    const removed = own(after, key) ?? null;
    if (removed === null && (before[key] ?? null) !== null) setMember(patch, key, null);
  }
  for (const [key, value] of Object.entries(after)) {
    const old = own(before, key);
    if (value === undefined || value === null || jsonEqual(old, value)) continue;
    const nested = isJsonObject(old) && isJsonObject(value);
    setMember(patch, key, nested ? createMergePatch(old, value) : withoutNulls(value));
  }
  return patch;
}

/** A whole value inside a patch: nulls in it would be read as removals. */
function withoutNulls(value: Json): Json {
  return isJsonObject(value) ? applyMergePatch({}, value) : value;
}
