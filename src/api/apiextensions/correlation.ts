// Which part of the old object a part of the new one is to be compared with (API-1005 ratcheting,
// API-1010 oldSelf): members by name, items of map lists by their keys, and nothing else.
import { jsonEqual } from '../meta/json-equal.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';
import { itemsOf, memberSchema } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

/** A pair of an old and a new value of one schema. */
export interface Correlation {
  readonly value: Json;
  readonly old: Json;
  readonly schema: Schema;
}

/** True when a pair is the same. */
export function isUnchanged({ value, old }: Correlation): boolean {
  return jsonEqual(value, old);
}

/** The pair of a member; undefined when there is nothing to compare it with. */
export function memberPair(pair: Correlation | undefined, name: string): Correlation | undefined {
  if (!pair || pair.schema['x-kubernetes-map-type'] === 'atomic') return undefined;
  const { value, old } = pair;
  if (!isJsonObject(value) || !isJsonObject(old)) return undefined;
  const schema = memberSchema(pair.schema, name);
  const [own, before] = [value[name], old[name]];
  if (!schema || own === undefined || before === undefined) return undefined;
  return { value: own, old: before, schema };
}

/** The pair of an item; only lists of type map can tell which item was which. */
export function itemPair(pair: Correlation | undefined, index: number): Correlation | undefined {
  if (pair?.schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const { value, old } = pair;
  const items = itemsOf(pair.schema);
  if (!items || !Array.isArray(value) || !Array.isArray(old)) return undefined;
  const own = value[index];
  if (own === undefined) return undefined;
  const keys = pair.schema['x-kubernetes-list-map-keys'] ?? [];
  const before = old.find((item) => hasKeysOf(item, own, keys));
  return before === undefined ? undefined : { value: own, old: before, schema: items };
}

function hasKeysOf(item: Json, other: Json, keys: readonly string[]): boolean {
  if (!isJsonObject(item) || !isJsonObject(other)) return false;
  return keys.every((key) => jsonEqual(item[key], other[key]));
}
