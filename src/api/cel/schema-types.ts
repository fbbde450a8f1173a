// Schemas as CEL types, and JSON values as CEL values (API-1010). Objects and maps stay JSON; their
// members become CEL values when an expression asks for them.
import {
  additionalSchema,
  isEmbedded,
  isIntOrString,
  itemsOf,
} from '../apiextensions/structural-schema.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import * as t from './language/types.ts';
import type { CelType } from './language/types.ts';
import { CelMap, KeyedList, keyText } from './language/values.ts';
import { readDate, readDuration, readTimestamp } from './libraries/times.ts';

/** The type of a value with what its schema says about sizes. */
export interface DeclaredType {
  readonly type: CelType;
  /** Characters, items or members that a value has at most; 0 for others. */
  readonly sizeMax: number;
  /** Of the shortest JSON of a value. */
  readonly bytesMin: number;
  /** By the names that expressions use. */
  readonly fields?: ReadonlyMap<string, Field>;
  /** Of lists and maps. */
  readonly element?: DeclaredType;
  readonly convert: (value: Json) => unknown;
}

interface Field {
  /** The name in JSON. */
  readonly property: string;
  readonly declared: DeclaredType;
}

/** Bytes of the largest request. */
export const REQUEST_BYTES_MAX = 3 * 1024 * 1024;
const NAME_TYPE_SIZE_MAX = REQUEST_BYTES_MAX - 2;

/** JSON as CEL has it, whatever its type. */
export function dynamicValue(value: Json): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(dynamicValue);
  return isJsonObject(value) ? new JsonMap(value, dynamicValue) : value;
}

/** A JSON object as a map. */
class JsonMap extends CelMap {
  readonly celType = t.mapOf(t.STRING, t.DYN);
  readonly #json: JsonObject;
  readonly #convert: (value: Json) => unknown;
  readonly #known = new Map<string, unknown>();

  constructor(json: JsonObject, convert: (value: Json) => unknown) {
    super();
    this.#json = json;
    this.#convert = convert;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  get(key: unknown): unknown {
    if (typeof key !== 'string' || !Object.hasOwn(this.#json, key)) return undefined;
    if (!this.#known.has(key)) this.#known.set(key, this.#convert(this.#json[key] ?? null));
    return this.#known.get(key);
  }

  keys(): Iterable<unknown> {
    return Object.keys(this.#json);
  }
}

/** A JSON object with declared members. */
class JsonStruct extends CelMap {
  readonly celType: CelType;
  readonly #json: JsonObject;
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #known = new Map<string, unknown>();

  constructor(json: JsonObject, celType: CelType, fields: ReadonlyMap<string, Field>) {
    super();
    this.celType = celType;
    this.#json = json;
    this.#fields = fields;
  }

  get size(): number {
    return Array.from(this.keys()).length;
  }

  get(key: unknown): unknown {
    const field = typeof key === 'string' ? this.#fields.get(key) : undefined;
    if (!field || !Object.hasOwn(this.#json, field.property)) return undefined;
    const known = this.#known.get(field.property);
    if (known !== undefined) return known;
    const value = field.declared.convert(this.#json[field.property] ?? null);
    this.#known.set(field.property, value);
    return value;
  }

  *keys(): Iterable<unknown> {
    for (const [name, { property }] of this.#fields) {
      if (Object.hasOwn(this.#json, property)) yield name;
    }
  }
}

interface Naming {
  readonly name: string;
  readonly isRoot: boolean;
  /** True when members keep names that are words of the language: `request.namespace`. */
  readonly isPlain?: boolean;
}

/** The type of a schema; undefined for values that expressions can't see. */
export function declareType(schema: Schema, naming: Naming): DeclaredType | undefined {
  if (isIntOrString(schema)) {
    const sizeMax = schema.maxLength === undefined ? NAME_TYPE_SIZE_MAX : textMax(schema);
    return { type: t.DYN, sizeMax, bytesMin: 1, convert: dynamicValue };
  }
  switch (schema.type) {
    case 'string':
      return textType(schema);
    case 'array':
      return listType(schema, naming);
    case 'object':
      return objectType(schema, naming);
    case 'boolean':
      return { type: t.BOOL, sizeMax: 0, bytesMin: 4, convert: dynamicValue };
    case 'integer':
      return { type: t.INT, sizeMax: 0, bytesMin: 1, convert: dynamicValue };
    case 'number':
      return { type: t.DOUBLE, sizeMax: 0, bytesMin: 1, convert: (value) => value };
    default:
      return undefined;
  }
}

/** Bytes of one character of UTF-8. */
const CHARACTER_MAX = 4;

function textMax({ maxLength, enum: values = [] }: Schema): number {
  if (maxLength !== undefined) return Math.max(maxLength, 0) * CHARACTER_MAX;
  if (values.length === 0) return NAME_TYPE_SIZE_MAX;
  return Math.max(...values.map((one) => (typeof one === 'string' ? Buffer.byteLength(one) : 0)));
}

function textType(schema: Schema): DeclaredType {
  const text = (convert: (value: string) => unknown) => (value: Json) =>
    typeof value === 'string' ? convert(value) : value;
  switch (schema.format) {
    case 'byte': {
      const sizeMax = Math.max(schema.maxLength ?? NAME_TYPE_SIZE_MAX, 0);
      const convert = text((value) => Buffer.from(value, 'base64'));
      return { type: t.BYTES, sizeMax, bytesMin: 2, convert };
    }
    case 'duration': {
      const convert = text((value) => readDuration(value) ?? value);
      return { type: t.DURATION, sizeMax: 32, bytesMin: 3, convert };
    }
    case 'date':
      return {
        type: t.TIMESTAMP,
        sizeMax: 12,
        bytesMin: 12,
        convert: text((value) => readDate(value) ?? value),
      };
    case 'date-time': {
      const convert = text((value) => readTimestamp(value) ?? value);
      return { type: t.TIMESTAMP, sizeMax: 32, bytesMin: 21, convert };
    }
    default:
      return { type: t.STRING, sizeMax: textMax(schema), bytesMin: 2, convert: (value) => value };
  }
}

function listType(schema: Schema, { name, isPlain = false }: Naming): DeclaredType | undefined {
  const items = itemsOf(schema);
  const element =
    items && declareType(items, { name: `${name}.@idx`, isRoot: isEmbedded(items), isPlain });
  if (!element) return undefined;
  const most = Math.floor((REQUEST_BYTES_MAX - 2) / (element.bytesMin + 1));
  const keyOf = itemKey(schema);
  const convert = (value: Json) => {
    if (!Array.isArray(value)) return value;
    const list = value.map((item) => element.convert(item));
    return keyOf ? KeyedList.make(list, keyOf) : list;
  };
  const sizeMax = Math.max(schema.maxItems ?? most, 0);
  return { type: t.listOf(element.type), sizeMax, bytesMin: 2, element, convert };
}

/** How items of sets and of lists as maps are told apart; undefined for other lists. */
function itemKey(schema: Schema): ((item: unknown) => string) | undefined {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return keyText;
  if (type !== 'map') return undefined;
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapedName(key) ?? key);
  return (item) =>
    JSON.stringify(keys.map((key) => (item instanceof CelMap ? keyText(item.get(key)) : '')));
}

function objectType(schema: Schema, naming: Naming): DeclaredType | undefined {
  const additional = additionalSchema(schema);
  if (!additional) return structType(schema, naming);
  const below = { ...naming, name: `${naming.name}.@elem`, isRoot: isEmbedded(additional) };
  const element = declareType(additional, below);
  if (!element) return undefined;
  const most = Math.floor((REQUEST_BYTES_MAX - 2) / (element.bytesMin + 6));
  const sizeMax = Math.max(schema.maxProperties ?? most, 0);
  const convert = (value: Json) =>
    isJsonObject(value) ? new JsonMap(value, element.convert) : value;
  return { type: t.mapOf(t.STRING, element.type), sizeMax, bytesMin: 2, element, convert };
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

function structType(schema: Schema, { name, isRoot, isPlain = false }: Naming): DeclaredType {
  const properties = { ...schema.properties, ...(isRoot ? metaProperties : {}) };
  const required = new Set(schema.required ?? []);
  const fields = new Map<string, Field>();
  let bytesMin = 2;
  for (const [property, own] of Object.entries(properties)) {
    const field = isPlain ? property : escapedName(property);
    const below = { name: `${name}.${field ?? property}`, isRoot: isEmbedded(own), isPlain };
    const declared = declareType(own, below);
    if (!declared) continue;
    if (field !== undefined) fields.set(field, { property, declared });
    const isAlways = required.has(property) && own.default === undefined;
    if (isAlways) bytesMin += property.length + declared.bytesMin + 4;
  }
  const type = t.structOf(name);
  const convert = (value: Json) =>
    isJsonObject(value) ? new JsonStruct(value, type, fields) : value;
  return { type, sizeMax: 0, bytesMin, fields, convert };
}

/** The declared structs in a type, by name. */
export function structsIn(declared: DeclaredType): ReadonlyMap<string, DeclaredType> {
  const found = new Map<string, DeclaredType>();
  const visit = (one: DeclaredType) => {
    if (one.fields) found.set(one.type.name, one);
    for (const field of one.fields?.values() ?? []) visit(field.declared);
    if (one.element) visit(one.element);
  };
  visit(declared);
  return found;
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

const UNESCAPES = new Map(Object.entries(ESCAPES).map(([plain, escaped]) => [escaped, plain]));

/** The name of a member from how rules write it. */
export function unescapedName(name: string): string {
  const reserved = /^__([a-z]+)__$/.exec(name)?.[1] ?? '';
  if (RESERVED.has(reserved)) return reserved;
  return name.replace(/__(underscores|dot|dash|slash)__/g, (part) => UNESCAPES.get(part) ?? part);
}
