// Strategic merge patch (API-620 … API-625): maps merge, lists merge by the key their type names,
// and directives in the patch delete, replace, order and retain.
import { mergeRule } from '../merge-keys.ts';
import { isJsonObject, type Json, type JsonObject } from '../object.ts';
import type { TypeModel, TypeRef } from '../type-model.ts';
import { goQuote } from '../go-quote.ts';
import {
  SET_ORDER,
  checkElementOrder,
  holdsObjects,
  identity,
  objectItem,
  orderItems,
} from './merge-lists.ts';
import { failedPatch, goText, goType, goVerb, jsonKind, malformedPatch } from './patch-error.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';

/** Where a value stands: its type, as far as the model knows it. */
interface Schema {
  readonly model: TypeModel;
  readonly type: TypeRef;
}

interface FieldSchema {
  readonly schema: Schema;
  readonly strategy: 'merge' | 'replace' | '';
  readonly mergeKey: string;
}

function lookUp({ model, type }: Schema, field: string): FieldSchema {
  if (type.form !== 'object') {
    const kind = type.form === 'list' ? 'slice' : type.form === 'map' ? 'map' : 'string';
    throw failedPatch(`merging an object in json but data type is not struct, instead is: ${kind}`);
  }
  const found = model.type(type.name)?.fields.get(field);
  if (found === undefined) {
    throw failedPatch(
      `unable to find api field in struct ${type.name} for the json field ${goQuote(field)}`,
    );
  }
  const rule = mergeRule(type.name, field);
  return {
    schema: { model, type: found.type },
    strategy: rule?.strategy ?? '',
    mergeKey: rule?.key ?? '',
  };
}

function lookUpList(schema: Schema, field: string): FieldSchema {
  const found = lookUp(schema, field);
  const { type } = found.schema;
  if (type.form !== 'list') {
    throw failedPatch(`expected slice or array type, but got: ${type.form}`);
  }
  return { ...found, schema: { model: schema.model, type: type.item } };
}

/** A patch value for a place that was empty: nulls say nothing there, directives have no object. */
function freshValue(value: Json): Json | undefined {
  if (Array.isArray(value)) return freshList(value);
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const fresh = member === null ? undefined : freshValue(member);
    if (fresh !== undefined) result[key] = fresh;
  }
  return result;
}

function set(target: JsonObject, key: string, value: Json | undefined): void {
  if (value === undefined) delete target[key];
  else target[key] = value;
}

function badDirective(directive: Json | undefined, patch: JsonObject) {
  return failedPatch(`unknown patch type: ${goVerb(directive)} in map: ${goText(patch)}`);
}

/** `$patch` in a map: `replace` takes the rest of the patch, `delete` empties (API-621). */
function applyMapDirective(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw badDirective(directive, patch);
}

/** `$retainKeys`: drops every member that is not listed (API-623). */
function retainKeys(target: JsonObject, patch: JsonObject): void {
  const listed = patch[RETAIN_KEYS];
  if (listed === undefined) return;
  const malformed = () => malformedPatch('invalid patch format of retainKeys');
  if (!Array.isArray(listed)) throw malformed();
  const kept = new Set(listed);
  for (const [key, value] of Object.entries(patch)) {
    const isDirective =
      key === RETAIN_KEYS || key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ORDER);
    if (value !== null && !isDirective && !kept.has(key)) throw malformed();
  }
  for (const key of Object.keys(target)) if (!kept.has(key)) delete target[key];
}

function directiveField(key: string, prefix: string, message: string): string {
  if (!key.startsWith(`${prefix}/`)) throw malformedPatch(message);
  return key.slice(prefix.length + 1);
}

function listOrFail(value: Json | undefined): Json[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  throw failedPatch(`expected a []interface {}, but received a ${goType(value)}`);
}

interface ListMerge extends FieldSchema {
  readonly live: readonly Json[];
  readonly patch: readonly Json[];
}

/** One `$setElementOrder/<field>` with the list it orders, if the patch has that too (API-622). */
function applyElementOrder(
  target: JsonObject,
  patch: JsonObject,
  { key, schema }: { key: string; schema: Schema },
): string {
  const field = directiveField(key, SET_ORDER, 'invalid patch format of setElementOrder list');
  const wanted = listOrFail(patch[key]) ?? [];
  const live = listOrFail(target[field]);
  const patchList = listOrFail(patch[field]);
  const found = lookUpList(schema, field);
  const { mergeKey } = found;
  checkElementOrder(patchList ?? [], wanted, mergeKey);
  if (live === undefined && patchList === undefined) return field;
  let merged: readonly Json[] = live ?? [];
  if (patchList !== undefined) {
    merged =
      live === undefined ? freshList(patchList) : mergeList({ ...found, live, patch: patchList });
  }
  target[field] = orderItems(merged, { wanted, live: live ?? [], mergeKey });
  return field;
}

function freshList(list: Json[]): Json[] {
  return list.map(freshValue).filter((item) => item !== undefined);
}

function mergeList(merge: ListMerge): Json[] {
  const { live, patch, strategy, mergeKey } = merge;
  if (strategy !== 'merge') return [...patch];
  if (live.length === 0 && patch.length === 0) return [];
  if (holdsObjects(live, patch)) return mergeObjects(merge);
  const union = [...new Set([...live, ...patch])];
  return orderItems(union, { wanted: patch, live, mergeKey });
}

/** Items of the patch's list after its directives are taken out and done (API-621). */
function applyItemDirectives({ live, patch, mergeKey }: ListMerge): {
  live: Json[];
  patch: JsonObject[];
} {
  let kept = [...live];
  let replace = false;
  const plain: JsonObject[] = [];
  for (const item of patch.map(objectItem)) {
    const directive = item[DIRECTIVE];
    if (directive === undefined) plain.push(item);
    else if (directive === 'replace') replace = true;
    else if (directive === 'delete') {
      const gone = identity(item, mergeKey);
      kept = kept.filter((other) => objectItem(other)[mergeKey] !== gone);
    } else if (directive === 'merge') {
      throw failedPatch('merging lists cannot yet be specified in the patch');
    } else throw badDirective(directive, item);
  }
  return replace ? { live: plain, patch: [] } : { live: kept, patch: plain };
}

function mergeObjects(merge: ListMerge): Json[] {
  const { schema, mergeKey } = merge;
  if (mergeKey === '') throw failedPatch('cannot merge lists without merge key for struct');
  const { live, patch } = applyItemDirectives(merge);
  const merged = [...live];
  for (const item of patch) {
    const id = identity(item, mergeKey);
    const index = merged.findIndex((other) => objectItem(other)[mergeKey] === id);
    const old = merged[index];
    if (old === undefined) merged.push(item);
    else merged[index] = mergeMap(objectItem(old), item, schema);
  }
  return orderItems(merged, { wanted: patch, live, mergeKey });
}

/** `$deleteFromPrimitiveList/<field>`: takes scalars out of a list (API-622). */
function deleteFromList(target: JsonObject, key: string, value: Json): void {
  const field = directiveField(key, DELETE_FROM_LIST, 'invalid patch format of primitive list');
  const list = target[field];
  if (value === null) delete target[field];
  else if (Array.isArray(list) && Array.isArray(value)) {
    if (list.length + value.length > 0) holdsObjects(list, value);
    target[field] = list.filter((item) => !value.includes(item));
  }
}

function mergeMember(
  target: JsonObject,
  key: string,
  { value, schema }: { value: Json; schema: Schema },
): void {
  const old = target[key];
  if (value === null) delete target[key];
  else if (isJsonObject(old) && isJsonObject(value)) {
    const field = lookUp(schema, key);
    target[key] = field.strategy === 'replace' ? value : mergeMap(old, value, field.schema);
  } else if (Array.isArray(old) && Array.isArray(value)) {
    target[key] = mergeList({ ...lookUpList(schema, key), live: old, patch: value });
  } else set(target, key, freshValue(value));
}

function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return applyMapDirective(patch);
  const target = { ...original };
  retainKeys(target, patch);
  const done = new Set([RETAIN_KEYS]);
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(SET_ORDER)) continue;
    done.add(key).add(applyElementOrder(target, patch, { key, schema }));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (done.has(key)) continue;
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(target, key, value);
    else mergeMember(target, key, { value, schema });
  }
  return target;
}

export interface StrategicMergeOptions {
  /** Name of the object's type in the model. */
  readonly type: string;
  readonly model: TypeModel;
}

/**
 * `original` with a strategic merge patch applied. Inputs are not changed and may be frozen; what
 * the patch does not touch is shared with the result. Throws StatusError: 400 for a patch that is
 * no object or a malformed `$retainKeys`, 422 for lists of lists, 500 for other wrong directives.
 */
export function applyStrategicMerge(
  original: JsonObject,
  patch: Json,
  { type, model }: StrategicMergeOptions,
): JsonObject {
  if (patch === null) return original;
  if (!isJsonObject(patch)) {
    throw malformedPatch(
      `json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return mergeMap(original, patch, { model, type: { form: 'object', name: type } });
}
