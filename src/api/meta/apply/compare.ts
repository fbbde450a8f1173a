// Compares two objects of one type and names the fields that differ, by the rules of their schema:
// what is owned as a whole differs as a whole. Equal parts cost no memory, for every write of every
// controller comes through here.
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { addField } from './field-set.ts';
import type { FieldSet, FieldSetBuilder } from './field-set.ts';
import { groupItems } from './list-items.ts';
import { fieldElement } from './path-element.ts';
import { formOf } from './type-schema.ts';
import type { Form, ListSchema, MapSchema, TypeSchema } from './type-schema.ts';

/** No field is in more than one of the sets. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

interface Walk {
  readonly path: string[];
  readonly removed: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly added: FieldSetBuilder;
}

type Value = Json | undefined;

/**
 * The fields of `left` that `right` lacks, has with another value, and has anew. Throws
 * TypedValueError for a list whose items have no identity.
 */
export function compareTyped(schema: TypeSchema, left: Json, right: Json): Comparison {
  const walk: Walk = { path: [], removed: {}, modified: {}, added: {} };
  compareValues(walk, schema, [left, right]);
  return walk;
}

/** Equality of values: members that are undefined are absent, null is a value. */
export function sameValue(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && sameItems(left, right);
  }
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

function sameItems(left: readonly Json[], right: readonly Json[]): boolean {
  return left.length === right.length && left.every((item, index) => sameValue(item, right[index]));
}

function compareValues(walk: Walk, schema: TypeSchema, [left, right]: [Value, Value]): void {
  const leftForm = formOf(schema, left);
  const rightForm = formOf(schema, right);
  let form = right === undefined ? leftForm : rightForm;
  if (left !== undefined && right !== undefined && leftForm !== rightForm) {
    compareForm(walk, schema, { form: leftForm, left, right });
    form = rightForm;
  }
  const isLeaf = compareForm(walk, schema, { form, left, right });
  if (isLeaf) return;
  if (left === undefined) addField(walk.added, walk.path);
  else if (right === undefined) addField(walk.removed, walk.path);
}

interface Pair {
  readonly form: Form;
  readonly left: Value;
  readonly right: Value;
}

/** True when the values were compared as a whole. */
function compareForm(walk: Walk, schema: TypeSchema, { form, left, right }: Pair): boolean {
  if (form === 'map' && schema.map) {
    const maps: MapPair = [asMap(left), asMap(right)];
    if (!schema.map.atomic && (hasMembers(maps[0]) || hasMembers(maps[1]))) {
      compareMembers(walk, schema.map, maps);
      return false;
    }
  } else if (form === 'list' && schema.list) {
    const lists: ListPair = [asList(left), asList(right)];
    if (!schema.list.atomic && lists[0].length + lists[1].length > 0) {
      if (!sameItems(lists[0], lists[1])) compareItems(walk, schema.list, lists);
      return false;
    }
  }
  if (left === undefined) addField(walk.added, walk.path);
  else if (right === undefined) addField(walk.removed, walk.path);
  else if (!sameValue(left, right)) addField(walk.modified, walk.path);
  return true;
}

type MapPair = [JsonObject | undefined, JsonObject | undefined];
type ListPair = [readonly Json[], readonly Json[]];

const NO_ITEMS: readonly Json[] = [];

function asMap(value: Value): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

function asList(value: Value): readonly Json[] {
  return Array.isArray(value) ? value : NO_ITEMS;
}

function hasMembers(map: JsonObject | undefined): boolean {
  for (const name in map) if (map[name] !== undefined) return true;
  return false;
}

function compareMembers(walk: Walk, schema: MapSchema, [left, right]: MapPair): void {
  for (const name in left) {
    const values: [Value, Value] = [left[name], own(right, name)];
    if (values[0] !== undefined) compareMember(walk, schema, { name, values });
  }
  for (const name in right) {
    const value = right[name];
    if (value === undefined || own(left, name) !== undefined) continue;
    compareMember(walk, schema, { name, values: [undefined, value] });
  }
}

function own(map: JsonObject | undefined, name: string): Value {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

interface Member {
  readonly name: string;
  readonly values: [Value, Value];
}

function compareMember(walk: Walk, schema: MapSchema, { name, values }: Member): void {
  if (values[0] === values[1]) return;
  const field = schema.field(name);
  const type = field?.type ?? schema.element;
  // What the type lacks is not tracked.
  if (type === undefined) return;
  walk.path.push(field?.element ?? fieldElement(name));
  compareValues(walk, type, values);
  walk.path.pop();
}

function compareItems(walk: Walk, schema: ListSchema, [left, right]: ListPair): void {
  const before = groupItems(schema, left);
  const after = groupItems(schema, right);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    walk.path.push(element);
    compareGroups(walk, schema, [before.get(element) ?? [], after.get(element) ?? []]);
    walk.path.pop();
  }
}

/** Duplicates are compared as one value; where they appear or vanish, single items do the other. */
function compareGroups(
  walk: Walk,
  { element }: ListSchema,
  [before, after]: [Json[], Json[]],
): void {
  if (before.length <= 1 && after.length <= 1) {
    compareValues(walk, element, [before[0], after[0]]);
  } else if (before.length >= 2 && after.length >= 2) {
    if (!sameItems(before, after)) addField(walk.modified, walk.path);
  } else if (before.length >= 2) {
    if (after.length > 0) compareValues(walk, element, [undefined, after[0]]);
    addField(walk.removed, walk.path);
  } else {
    if (before.length > 0) compareValues(walk, element, [before[0], undefined]);
    addField(walk.added, walk.path);
  }
}
