// Schemas as CEL types, and JSON values as CEL values: whole numbers are bigint, objects with
// declared members are of a class of their own, by which the library knows their type.
import {
  additionalSchema,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
} from '../apiextensions/structural-schema.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';
import type { CelEnvironment } from './cel-environment.ts';
import { celEqual } from './cel-equal.ts';

export interface CelType {
  /** As the library writes it: `list<string>`. */
  readonly name: string;
  convert(value: Json): unknown;
}

/** Any value: its type is found out when an expression runs. */
export const dynamicType: CelType = { name: 'dyn', convert: dynamicValue };

function dynamicValue(value: Json): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(dynamicValue);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, dynamicValue(member)]),
  );
}

const same = (value: Json) => value;
const number = (value: Json) => (typeof value === 'number' ? value : dynamicValue(value));
const scalars: Readonly<Record<string, CelType>> = {
  string: { name: 'string', convert: same },
  boolean: { name: 'bool', convert: same },
  integer: { name: 'int', convert: dynamicValue },
  number: { name: 'double', convert: number },
};

/** Declares the types of a schema in an environment; `name` is that of the outermost one. */
export function declareType(
  environment: CelEnvironment,
  schema: Schema,
  { name, isRoot }: { name: string; isRoot: boolean },
): CelType {
  const type = plainType(environment, schema, { name, isRoot });
  // Null is a value of no other type, so what may be null is of any type.
  if (schema.nullable !== true) return type;
  return { name: 'dyn', convert: (value) => (value === null ? null : type.convert(value)) };
}

interface Naming {
  readonly name: string;
  readonly isRoot: boolean;
}

function plainType(environment: CelEnvironment, schema: Schema, naming: Naming): CelType {
  if (isIntOrString(schema)) return dynamicType;
  switch (schema.type) {
    case 'string':
      return textType(environment, schema);
    case 'array':
      return listType(environment, schema, naming);
    case 'object':
      return objectType(environment, schema, naming);
    default:
      return scalars[schema.type ?? ''] ?? dynamicType;
  }
}

function textType(environment: CelEnvironment, { format }: Schema): CelType {
  const text = (convert: (value: string) => unknown) => (value: Json) =>
    typeof value === 'string' ? convert(value) : value;
  switch (format) {
    case 'byte':
      return { name: 'bytes', convert: text((value) => Buffer.from(value, 'base64')) };
    case 'date':
    case 'date-time':
    case 'datetime': {
      const convert = text((value) => new Date(value));
      return { name: 'google.protobuf.Timestamp', convert };
    }
    case 'duration': {
      const parse = environment.clone().registerVariable('text', 'string').parse('duration(text)');
      const convert = text((value) => parse({ text: value }) as unknown);
      return { name: 'google.protobuf.Duration', convert };
    }
    default:
      return scalars['string'] ?? dynamicType;
  }
}

function listType(environment: CelEnvironment, schema: Schema, { name }: Naming): CelType {
  const items = itemsOf(schema);
  const below = { name: `${name}.__idx`, isRoot: false };
  const item = items ? declareType(environment, items, below) : dynamicType;
  const convert = (value: Json) =>
    Array.isArray(value) ? value.map((one) => item.convert(one)) : value;
  return { name: `list<${item.name}>`, convert };
}

function objectType(environment: CelEnvironment, schema: Schema, naming: Naming): CelType {
  const { name, isRoot } = naming;
  const additional = additionalSchema(schema);
  if (additional) {
    const below = { name: `${name}.__elem`, isRoot: false };
    const member = declareType(environment, additional, below);
    return { name: `map<string, ${member.name}>`, convert: mapConverter(member) };
  }
  const hasMeta = isRoot || isEmbedded(schema);
  const properties = { ...schema.properties, ...(hasMeta ? metaProperties : {}) };
  const isOpen = preservesUnknown(schema) && !hasMeta && Object.keys(properties).length === 0;
  if (isOpen || schema.additionalProperties === true) return dynamicType;
  return classType(environment, properties, name);
}

/** What rules may say about the metadata of an object. */
const metaProperties: Readonly<Record<string, Schema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: {
    type: 'object',
    properties: { name: { type: 'string' }, generateName: { type: 'string' } },
  },
};

function mapConverter(member: CelType): (value: Json) => unknown {
  return (value) => {
    if (!isJsonObject(value)) return value;
    const entries = Object.entries(value).map(([name, one]) => [name, member.convert(one)]);
    return Object.fromEntries(entries) as unknown;
  };
}

function classType(
  environment: CelEnvironment,
  properties: Readonly<Record<string, Schema>>,
  name: string,
): CelType {
  const members = new Map<string, { readonly field: string; readonly type: CelType }>();
  const fields: Record<string, string> = {};
  for (const [property, schema] of Object.entries(properties)) {
    const field = escapedName(property);
    if (field === undefined) continue;
    const type = declareType(environment, schema, { name: `${name}.${field}`, isRoot: false });
    members.set(property, { field, type });
    fields[field] = type.name;
  }
  const Members = class {};
  environment.registerType(name, { ctor: Members, fields });
  environment.registerOperator(`${name} == ${name}`, celEqual);
  const convert = (value: Json): unknown => {
    if (!isJsonObject(value)) return value;
    const object = new Members();
    for (const [property, { field, type }] of members) {
      const member = value[property];
      if (member !== undefined) Reflect.set(object, field, type.convert(member));
    }
    return object;
  };
  return { name, convert };
}

// prettier-ignore
const RESERVED: ReadonlySet<string> = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function',
  'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while',
]);
const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** How rules write the name of a member; undefined for names they can't. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name.replace(/__|[.\-/]/g, (part) => ESCAPES[part] ?? part);
  return /^[a-zA-Z_]\w*$/.test(escaped) ? escaped : undefined;
}
