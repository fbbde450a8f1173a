// The steps of a path to a field, in the text form of FieldsV1 (API-642): `f:name` a field,
// `k:{"name":"c"}` an item by its keys, `v:"x"` an item by its value, `i:0` an item by its index.
import { canonicalJson } from '../canonical-json.ts';
import type { Json, JsonObject } from '../object.ts';
import { isJsonObject } from '../object.ts';

/** A member of a map or a struct. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** An item of a list, by the members that identify it. */
export function keyElement(keys: JsonObject): string {
  return `k:${canonicalJson(keys)}`;
}

/** A member of a set. */
export function valueElement(value: Json): string {
  return `v:${canonicalJson(value)}`;
}

/** The canonical form of an element of unknown origin; undefined when it is none. */
export function canonicalElement(text: string): string | undefined {
  const body = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'f:':
      return text;
    case 'i:':
      return /^[+-]?\d+$/.test(body) ? `i:${Number(body)}` : undefined;
    case 'k:': {
      const keys = parsed(body);
      return isJsonObject(keys) ? keyElement(keys) : undefined;
    }
    case 'v:': {
      const value = parsed(body);
      return value === undefined ? undefined : valueElement(value);
    }
    default:
      return undefined;
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** How messages show an element: `.name`, `[name="c"]`, `[="x"]`, `[0]`. */
export function elementText(element: string): string {
  const body = element.slice(2);
  if (element.startsWith('f:')) return `.${body}`;
  if (element.startsWith('i:')) return `[${body}]`;
  if (element.startsWith('v:')) return `[=${valueText(parsed(body) ?? null)}]`;
  const keys = parsed(body);
  const texts = Object.entries(isJsonObject(keys) ? keys : {}).map(
    ([name, value]) => `${name}=${valueText(value)}`,
  );
  return `[${texts.join(',')}]`;
}

function valueText(value: Json): string {
  return JSON.stringify(value);
}
