// Pruning (API-1003): members that the schema does not know are dropped, and their paths noted for
// warnings. Pure: what need not change is returned itself, so reads from the store cost no copies.
import { pathText } from '../meta/decode-context.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import {
  additionalSchema,
  asResourceRoot,
  isEmbedded,
  itemsOf,
  META_FIELDS,
  preservesUnknown,
  propertyOf,
} from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

type Path = readonly (string | number)[];

interface Pruning {
  readonly unknown: string[];
  /** False below x-kubernetes-preserve-unknown-fields. */
  readonly drops: boolean;
}

export interface Pruned {
  readonly value: Json;
  /** Paths of what was dropped, sorted. */
  readonly unknown: readonly string[];
}

/** Drops what `schema` does not know; `isRoot` spares apiVersion, kind and metadata. */
export function prune(value: Json, schema: Schema, isRoot: boolean): Pruned {
  const unknown: string[] = [];
  const own = isRoot ? asResourceRoot(schema) : schema;
  const pruned = pruneAt(value, own, { pruning: { unknown, drops: true }, path: [] });
  return { value: pruned, unknown: unknown.sort() };
}

interface Place {
  readonly pruning: Pruning;
  readonly path: Path;
}

function pruneAt(value: Json, schema: Schema | undefined, place: Place): Json {
  const { unknown } = place.pruning;
  const drops = schema === undefined ? place.pruning.drops : !preservesUnknown(schema);
  const pruning = { unknown, drops };
  if (Array.isArray(value)) return pruneItems(value, schema, { ...place, pruning });
  if (isJsonObject(value)) return pruneMembers(value, schema, { ...place, pruning });
  return value;
}

function pruneItems(list: Json[], schema: Schema | undefined, { pruning, path }: Place): Json[] {
  if (schema === undefined && !pruning.drops) return list;
  const items = schema && itemsOf(schema);
  let changed = false;
  const result = list.map((item, index) => {
    const kept = pruneAt(item, items, { pruning, path: [...path, index] });
    changed ||= kept !== item;
    return kept;
  });
  return changed ? result : list;
}

function pruneMembers(
  object: JsonObject,
  schema: Schema | undefined,
  { pruning, path }: Place,
): JsonObject {
  if (schema === undefined && !pruning.drops) return object;
  let result: JsonObject | undefined;
  for (const [name, value] of Object.entries(object)) {
    if (schema && isEmbedded(schema) && META_FIELDS.includes(name)) continue;
    const place = { pruning, path: [...path, name] };
    const kept = pruneMember(value, { schema, name }, place);
    if (kept === value) continue;
    result ??= { ...object };
    if (kept === undefined) delete result[name];
    else result[name] = kept;
  }
  return result ?? object;
}

function pruneMember(
  value: Json,
  { schema, name }: { schema: Schema | undefined; name: string },
  place: Place,
): Json | undefined {
  const declared = schema && propertyOf(schema, name);
  if (declared) return pruneAt(value, declared, place);
  // `additionalProperties: true` lets the member be, and nothing below it.
  const allows = schema?.additionalProperties !== undefined;
  if (allows) return pruneAt(value, additionalSchema(schema), place);
  if (!place.pruning.drops) return value;
  place.pruning.unknown.push(pathText(place.path));
  return undefined;
}
