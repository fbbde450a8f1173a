// Bodies of custom resources: metadata is decoded as the type ObjectMeta, also in embedded
// resources, and everything else is pruned by the schema (API-1003, API-921).
import { DecodeError, pathText } from '../meta/decode-context.ts';
import { decodeObject } from '../meta/decode.ts';
import { renderValue } from '../meta/field-errors.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject, KubernetesObject } from '../meta/object.ts';
import { prune } from './prune.ts';
import { asResourceRoot, isEmbedded, itemsOf, memberSchema } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

export interface DecodedCustom {
  readonly object: KubernetesObject;
  /** `unknown field "…"`. */
  readonly problems: readonly string[];
}

/** A private copy without what the schema does not know. Throws DecodeError. */
export function decodeCustom(value: JsonObject, schema: Schema): DecodedCustom {
  const unknown: string[] = [];
  const coerced = coerce(structuredClone(value), asResourceRoot(schema), { unknown, path: [] });
  const pruned = prune(coerced, schema, true);
  const object = pruned.value as unknown as KubernetesObject;
  object.metadata ??= {};
  const paths = [...new Set([...unknown.sort(), ...pruned.unknown])];
  return { object, problems: paths.map((path) => `unknown field "${path}"`) };
}

interface Place {
  readonly unknown: string[];
  readonly path: readonly (string | number)[];
}

/** Decodes the metadata of the objects in a value, in place. */
function coerce(value: Json, schema: Schema | undefined, place: Place): Json {
  if (schema === undefined) return value;
  const { unknown, path } = place;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [index, item] of value.entries()) {
      coerce(item, items, { unknown, path: [...path, index] });
    }
  } else if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const below = { unknown, path: [...path, name] };
      if (isEmbedded(schema)) coerceMeta(value, name, below);
      coerce(member, memberSchema(schema, name), below);
    }
  }
  return value;
}

function coerceMeta(object: JsonObject, name: string, { unknown, path }: Place): void {
  const value = object[name] ?? null;
  if (name === 'apiVersion' || name === 'kind') {
    if (typeof value === 'string') return;
    const what = `Invalid value: ${renderValue(value)}: must be a string`;
    throw new DecodeError(`${pathText(path)}: ${what}`);
  }
  if (name !== 'metadata') return;
  if (value === null) {
    delete object[name];
    return;
  }
  const decoded = decodeObject(value, { type: 'ObjectMeta' });
  for (const problem of decoded.problems) {
    const field = /^unknown field "(.*)"$/.exec(problem)?.[1];
    if (field !== undefined) unknown.push(`${pathText(path)}.${field}`);
  }
  object[name] = decoded.object;
}
