// The fields that an applied configuration mentions, and the removal of fields from an object
// (API-644, API-651).
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { addField, below, hasElement, isEmptySet } from './field-set.ts';
import type { FieldSet, FieldSetBuilder } from './field-set.ts';
import { groupItems, itemElement } from './list-items.ts';
import { fieldElement } from './path-element.ts';
import { formOf } from './type-schema.ts';
import type { ListSchema, MapSchema, TypeSchema } from './type-schema.ts';

/** Every leaf and every item that a value of the type mentions. */
export function fieldsOf(schema: TypeSchema, value: Json): FieldSet {
  const set: FieldSetBuilder = {};
  addFields({ set, path: [] }, schema, value);
  return set;
}

interface Walk {
  readonly set: FieldSetBuilder;
  readonly path: string[];
}

function addFields(walk: Walk, schema: TypeSchema, value: Json): void {
  const form = formOf(schema, value);
  if (form === 'map' && schema.map && !schema.map.atomic) {
    if (isJsonObject(value)) addMembers(walk, schema.map, value);
  } else if (form === 'list' && schema.list && !schema.list.atomic) {
    if (Array.isArray(value)) addItems(walk, schema.list, value);
  } else if (walk.path.length > 0) addField(walk.set, walk.path);
}

function addMembers(walk: Walk, schema: MapSchema, map: JsonObject): void {
  for (const [name, value] of Object.entries(map)) {
    const field = schema.field(name);
    const type = field?.type ?? schema.element;
    if (type === undefined || value === undefined) continue;
    walk.path.push(field?.element ?? fieldElement(name));
    addFields(walk, type, value);
    const isEmpty = value === null || (isJsonObject(value) && Object.keys(value).length === 0);
    if (isEmpty || field === undefined) addField(walk.set, walk.path);
    walk.path.pop();
  }
}

function addItems(walk: Walk, schema: ListSchema, list: readonly Json[]): void {
  for (const [element, items] of groupItems(schema, list)) {
    const [item = null] = items;
    walk.path.push(element);
    // Duplicates are owned as one.
    if (items.length === 1) addFields(walk, schema.element, item);
    addField(walk.set, walk.path);
    walk.path.pop();
  }
}

/** The value without the fields of the set; containers that get empty stay. */
export function removeFields(schema: TypeSchema, value: Json, gone: FieldSet): Json | undefined {
  const form = formOf(schema, value);
  if (form === 'map' && schema.map) return removeMembers(schema.map, value, gone);
  if (form === 'list' && schema.list) return removeItems(schema.list, value, gone);
  return value;
}

function removeMembers(schema: MapSchema, value: Json, gone: FieldSet): Json | undefined {
  // Only what merges is looked into: the rest goes as a whole.
  if (!isJsonObject(value) || schema.atomic) return undefined;
  const result: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const element = fieldElement(name);
    if (member === undefined || hasElement(gone, element)) continue;
    const type = schema.field(name)?.type ?? schema.element;
    const inside = below(gone, element);
    const rest = type && !isEmptySet(inside) ? removeFields(type, member, inside) : member;
    Object.defineProperty(result, name, {
      value: rest ?? emptied(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

/** What is left where all members went. */
function emptied(member: Json): Json {
  if (Array.isArray(member)) return [];
  return isJsonObject(member) ? {} : null;
}

function removeItems(schema: ListSchema, value: Json, gone: FieldSet): Json | undefined {
  if (!Array.isArray(value) || schema.atomic) return undefined;
  const items = value.flatMap((item): Json[] => {
    const element = itemElement(schema, item);
    if (hasElement(gone, element)) return [];
    const inside = below(gone, element);
    if (isEmptySet(inside)) return [item];
    return [removeFields(schema.element, item, inside) ?? emptied(item)];
  });
  return items;
}

/** The set with the declared fields on the way to its members: parts of structs, not of maps. */
export function withDeclaredParents(schema: TypeSchema, set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(set)) {
    if (element === '.') continue;
    const isField = element.startsWith('f:');
    const field = isField ? schema.map?.field(element.slice(2)) : undefined;
    const inside = below(set, element);
    const type = isField ? (field?.type ?? schema.map?.element) : schema.list?.element;
    const branches = type ? withDeclaredParents(type, inside) : inside;
    const owned = hasElement(set, element) || field !== undefined;
    if (isEmptySet(branches)) result[element] = {};
    else result[element] = owned ? { '.': {}, ...branches } : branches;
  }
  return result;
}
