// Items of lists that merge, and how they are told apart: by keys, or by value (API-651).
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { keyElement, valueElement } from './path-element.ts';
import type { ListSchema } from './type-schema.ts';

/** A value does not have the form its schema asks for; the message is upstream's. */
export class TypedValueError extends Error {
  override name = 'TypedValueError';
}

/** The path element of an item. Throws TypedValueError when it has no identity. */
export function itemElement(schema: ListSchema, item: Json): string {
  return schema.keys.length > 0 ? keyedElement(schema, item) : memberElement(item);
}

function keyedElement({ keys, element }: ListSchema, item: Json): string {
  if (item === null) {
    throw new TypedValueError('associative list with keys may not have a null element');
  }
  if (!isJsonObject(item)) {
    throw new TypedValueError('associative list with keys may not have non-map elements');
  }
  const found: JsonObject = {};
  for (const key of keys) {
    const value = item[key] ?? element.map?.field(key)?.default;
    if (value !== undefined && value !== null) found[key] = value;
  }
  if (Object.keys(found).length > 0) return keyElement(found);
  const names = keys.map((key) => JSON.stringify(key)).join(' ');
  throw new TypedValueError(
    `associative list with keys has an element that omits all key fields [${names}] ` +
      "(and doesn't have default values for any key fields)",
  );
}

function memberElement(item: Json): string {
  if (item === null) {
    const what = "associative list without keys has an element that's an explicit null";
    throw new TypedValueError(what);
  }
  if (Array.isArray(item)) {
    throw new TypedValueError('not supported: associative list with lists as elements');
  }
  if (typeof item === 'object') {
    throw new TypedValueError("associative list without keys has an element that's a map type");
  }
  return valueElement(item);
}

/** The items of a list by their element; several where the list holds duplicates. */
export function groupItems(schema: ListSchema, list: readonly Json[]): Map<string, Json[]> {
  const groups = new Map<string, Json[]>();
  list.forEach((item, index) => {
    const element = elementAt(schema, item, index);
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  });
  return groups;
}

/** As itemElement, with the item's place in the message. */
export function elementAt(schema: ListSchema, item: Json, index: number): string {
  try {
    return itemElement(schema, item);
  } catch (error) {
    if (!(error instanceof TypedValueError)) throw error;
    throw new TypedValueError(`element ${index}: ${error.message}`);
  }
}
