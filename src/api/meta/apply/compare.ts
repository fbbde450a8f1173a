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

/** An item that was there twice and now is once is both removed and added. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

type Value = Json | undefined;

/**
 * The fields of `left` that `right` lacks, has with another value, and has anew. Throws
 * TypedValueError for a list whose items have no identity.
 */
export function compareTyped(schema: TypeSchema, left: Json, right: Json): Comparison {
  const comparer = new Comparer();
  comparer.values(schema, left, right);
  return comparer;
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

function own(map: JsonObject | undefined, name: string): Value {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

/** One walk over two values: where it is, and what it has found. */
class Comparer implements Comparison {
  readonly removed: FieldSetBuilder = {};
  readonly modified: FieldSetBuilder = {};
  readonly added: FieldSetBuilder = {};
  readonly #path: string[] = [];

  values(schema: TypeSchema, left: Value, right: Value): void {
    const leftForm = formOf(schema, left);
    const rightForm = formOf(schema, right);
    if (left !== undefined && right !== undefined && leftForm !== rightForm) {
      this.#form(leftForm, schema, [left, right]);
    }
    const form = right === undefined ? leftForm : rightForm;
    if (this.#form(form, schema, [left, right])) return;
    if (left === undefined) addField(this.added, this.#path);
    else if (right === undefined) addField(this.removed, this.#path);
  }

  /** True when the values were compared as a whole. */
  #form(form: Form, { map, list }: TypeSchema, [left, right]: [Value, Value]): boolean {
    if (form === 'map' && map && !map.atomic) {
      const before = asMap(left);
      const after = asMap(right);
      if (hasMembers(before) || hasMembers(after)) {
        this.#members(map, before, after);
        return false;
      }
    } else if (form === 'list' && list && !list.atomic) {
      const before = asList(left);
      const after = asList(right);
      if (before.length + after.length > 0) {
        if (!sameItems(before, after)) this.#items(list, before, after);
        return false;
      }
    }
    if (left === undefined) addField(this.added, this.#path);
    else if (right === undefined) addField(this.removed, this.#path);
    else if (!sameValue(left, right)) addField(this.modified, this.#path);
    return true;
  }

  #members(schema: MapSchema, left: JsonObject | undefined, right: JsonObject | undefined): void {
    for (const name in left) {
      const before = left[name];
      const after = own(right, name);
      if (before === after || before === undefined) continue;
      this.#member(schema, name, [before, after]);
    }
    for (const name in right) {
      const after = right[name];
      if (after === undefined || own(left, name) !== undefined) continue;
      this.#member(schema, name, [undefined, after]);
    }
  }

  #member(schema: MapSchema, name: string, [left, right]: [Value, Value]): void {
    const field = schema.field(name);
    const type = field?.type ?? schema.element;
    // What the type lacks is not tracked.
    if (type === undefined) return;
    this.#path.push(field?.element ?? fieldElement(name));
    this.values(type, left, right);
    this.#path.pop();
  }

  #items(schema: ListSchema, left: readonly Json[], right: readonly Json[]): void {
    const before = groupItems(schema, left);
    const after = groupItems(schema, right);
    for (const element of new Set([...before.keys(), ...after.keys()])) {
      this.#path.push(element);
      this.#groups(schema, before.get(element) ?? NO_ITEMS, after.get(element) ?? NO_ITEMS);
      this.#path.pop();
    }
  }

  /** Duplicates count as one value; where they appear or vanish, a single item does the other. */
  #groups({ element }: ListSchema, before: readonly Json[], after: readonly Json[]): void {
    if (before.length <= 1 && after.length <= 1) {
      this.values(element, before[0], after[0]);
    } else if (before.length >= 2 && after.length >= 2) {
      if (!sameItems(before, after)) addField(this.modified, this.#path);
    } else if (before.length >= 2) {
      if (after.length > 0) this.values(element, undefined, after[0]);
      addField(this.removed, this.#path);
    } else {
      if (before.length > 0) this.values(element, before[0], undefined);
      addField(this.added, this.#path);
    }
  }
}
