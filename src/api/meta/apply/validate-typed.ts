// Checks an applied configuration against its schema (API-640): unknown members, wrong forms and
// the same item twice are errors, worded as upstream does.
import { isJsonObject } from '../object.ts';
import type { Json } from '../object.ts';
import { TypedValueError, elementAt } from './list-items.ts';
import { elementText, fieldElement } from './path-element.ts';
import { formOf } from './type-schema.ts';
import type { ListSchema, MapSchema, ScalarSchema, TypeSchema } from './type-schema.ts';

/** Throws TypedValueError with all complaints. */
export function validateTyped(schema: TypeSchema, value: Json): void {
  const errors = errorsOf(schema, value);
  if (errors.length === 0) return;
  const [only] = errors;
  const text = errors.length === 1 ? only : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n');
  throw new TypedValueError(text);
}

/** Complaints, each `path: message` or, about the value itself, `: message`. */
function errorsOf(schema: TypeSchema, value: Json): string[] {
  if (value === null) return [];
  const form = formOf(schema, value);
  if (form === 'map' && schema.map) return mapErrors(schema.map, value);
  if (form === 'list' && schema.list) return listErrors(schema.list, value);
  return scalarErrors(schema.scalar ?? 'untyped', value);
}

function prefixed(element: string, errors: readonly string[]): string[] {
  const prefix = elementText(element);
  return errors.map((error) => (/^[.[]/.test(error) ? prefix + error : `${prefix}: ${error}`));
}

function mapErrors(schema: MapSchema, value: Json): string[] {
  if (!isJsonObject(value)) return [`expected map, got &{${goValue(value)}}`];
  const errors: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const field = schema.field(name);
    const type = field?.type ?? schema.element;
    const element = field?.element ?? fieldElement(name);
    if (type === undefined) {
      // The rest is not looked at, as upstream.
      return [...errors, ...prefixed(element, ['field not declared in schema'])];
    }
    errors.push(...prefixed(element, errorsOf(type, member)));
  }
  return errors;
}

function listErrors(schema: ListSchema, value: Json): string[] {
  if (!Array.isArray(value)) return [`expected list, got &{${goValue(value)}}`];
  const seen = new Set<string>();
  const errors: string[] = [];
  for (const [index, item] of value.entries()) {
    let element = `i:${index}`;
    if (!schema.atomic) {
      try {
        element = elementAt(schema, item, index);
      } catch (error) {
        if (error instanceof TypedValueError) return [...errors, error.message];
        throw error;
      }
      if (seen.has(element)) errors.push(`duplicate entries for key ${elementText(element)}`);
      seen.add(element);
    }
    errors.push(...prefixed(element, errorsOf(schema.element, item)));
  }
  return errors;
}

const goTypes = { string: 'string', number: 'float64', boolean: 'bool' } as const;

function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return goTypes[typeof value as keyof typeof goTypes];
}

function scalarErrors(scalar: ScalarSchema, value: Json): string[] {
  const isScalar = typeof value !== 'object';
  switch (scalar) {
    case 'numeric':
      if (typeof value === 'number') return [];
      return [`expected numeric (int or float), got ${goType(value)}`];
    case 'string':
      if (typeof value === 'string') return [];
      return [`expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`expected boolean, got &{${goValue(value)}}`];
    default:
      return isScalar ? [] : [`expected any scalar, got &{${goValue(value)}}`];
  }
}

/** A value as Go's `%v` prints it. */
function goValue(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${name}:${goValue(value[name] ?? null)}`);
  return `map[${members.join(' ')}]`;
}

/** A value as Go's `%#v` prints it. */
function goSyntax(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${goSyntax(value[name] ?? null)}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}
