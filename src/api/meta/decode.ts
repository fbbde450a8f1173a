// Turns parsed JSON into an object of a built-in type: checks every value, reports members the type
// does not have and drops them, and gives every value the one form the reference server would store
// (quantities, times, absent zero values). The result is a new object and may be changed freely.
import {
  pathText,
  recordUnknown,
  mismatch,
  type DecodeContext,
  type DecodeStyle,
} from './decode-context.ts';
import { decodeQuantity, scalarDecoders, zeroValues, type Decoder } from './decode-scalar.ts';
import { alwaysPresent, holdsQuantity, zeroCounts } from './go-shape.ts';
import { isJsonObject, type Json, type JsonObject } from './object.ts';
import { membersIfDuplicate } from './parse-json.ts';
import { builtinTypes, type FieldModel, type ObjectType } from './type-model.ts';
import type { TypeModel, TypeRef } from './type-model.ts';

interface FieldDecoder {
  readonly decode: Decoder;
  /** True when a zero or empty value is the same as none. */
  readonly dropsZero: boolean;
}

interface FilledMember {
  readonly name: string;
  /** Makes what stands there when nobody set it. */
  readonly make: (context: DecodeContext) => Json;
}

type Decoders = Map<string, Decoder>;
const cache = new WeakMap<TypeModel, Decoders>();

function decodersOf(model: TypeModel): Decoders {
  let decoders = cache.get(model);
  if (decoders === undefined) cache.set(model, (decoders = new Map()));
  return decoders;
}

function isZero(value: Json): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

/** Sets a member, also one named `__proto__`. */
function define(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    const property = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(object, key, property);
  } else object[key] = value;
}

function listDecoder(item: Decoder, empty: Decoder): Decoder {
  return (value, context) => {
    if (!Array.isArray(value)) throw mismatch(context, value);
    const { path } = context;
    return value.map((element, index) => {
      path.push(index);
      const decoded = element === null ? empty(null, context) : item(element, context);
      path.pop();
      return decoded;
    });
  };
}

function mapDecoder(member: Decoder, empty: Decoder): Decoder {
  return (value, context) => {
    if (!isJsonObject(value)) throw mismatch(context, value);
    const result: JsonObject = {};
    const { path } = context;
    for (const key of Object.keys(value)) {
      const element = value[key] ?? null;
      path.push(key);
      define(result, key, element === null ? empty(null, context) : member(element, context));
      path.pop();
    }
    return result;
  };
}

/** What stands for null inside lists and maps of the type. */
function emptyDecoder(type: TypeRef, model: TypeModel): Decoder {
  if (type.form === 'object') {
    const decode = objectDecoder(type.name, model);
    return (_, context) => decode({}, context);
  }
  const zero = type.form === 'scalar' ? zeroValues[type.scalar] : null;
  // Go's nil bytes come back from the reference's store as empty ones.
  return () => (type.form === 'scalar' && type.scalar === 'bytes' ? '' : zero);
}

function quantityDecoder(type: TypeRef): Decoder {
  return type.form === 'map' ? mapDecoder(decodeQuantity, () => '0') : decodeQuantity;
}

/** Members of a JSON schema that hold schemas, among other things; the model knows no type. */
const SCHEMA_CHOICES = new Set([
  'items',
  'additionalItems',
  'additionalProperties',
  'dependencies',
]);

/**
 * Decodes the schemas in such a member. The reference reads them by code of their types' own, which
 * drops unknown members in silence.
 */
function schemaChoiceDecoder(type: TypeRef, model: TypeModel): Decoder {
  const schema = objectDecoder('JSONSchemaProps', model);
  const decode: Decoder = (value, context) => {
    if (Array.isArray(value)) return value.map((item) => decode(item, context));
    return isJsonObject(value) ? schema(value, { ...context, unknown: [] }) : value;
  };
  return type.form === 'map' ? mapDecoder(decode, () => null) : decode;
}

function valueDecoder(owner: string, { name, type }: FieldModel, model: TypeModel): Decoder {
  if (holdsQuantity(owner, name)) return quantityDecoder(type);
  const isChoice = owner === 'JSONSchemaProps' && SCHEMA_CHOICES.has(name);
  return isChoice ? schemaChoiceDecoder(type, model) : decoderOf(type, model);
}

function decoderOf(type: TypeRef, model: TypeModel): Decoder {
  switch (type.form) {
    case 'scalar':
      return scalarDecoders[type.scalar];
    case 'list':
      return listDecoder(decoderOf(type.item, model), emptyDecoder(type.item, model));
    case 'map':
      return mapDecoder(decoderOf(type.value, model), emptyDecoder(type.value, model));
    default:
      return objectDecoder(type.name, model);
  }
}

/** The decoder of a named type; built when first used, so types may contain themselves. */
function objectDecoder(name: string, model: TypeModel): Decoder {
  const decoders = decodersOf(model);
  const lazy: Decoder = (value, context) => {
    let decode = decoders.get(name);
    if (decode === undefined) {
      const type = model.type(name);
      decode = type === undefined ? scalarDecoders.any : buildObjectDecoder(type, model);
      decoders.set(name, decode);
    }
    return decode(value, context);
  };
  return decoders.get(name) ?? lazy;
}

function buildField(owner: string, field: FieldModel, model: TypeModel): FieldDecoder {
  const { name, type, required } = field;
  const decode = valueDecoder(owner, field, model);
  const isPlain = type.form === 'scalar' && !['int-or-string', 'any'].includes(type.scalar);
  const isCollection = type.form === 'list' || type.form === 'map';
  const always = alwaysPresent(owner).find(([present]) => present === name);
  const stays = zeroCounts(owner, name) || always !== undefined;
  const dropsZero = !required && !stays && (isPlain || isCollection);
  // The reference stores an empty list like none; what is always there is null then.
  const isNull = type.form === 'list' && always?.[1] === null;
  return { decode: isNull ? nullIfEmpty(decode) : decode, dropsZero };
}

function nullIfEmpty(decode: Decoder): Decoder {
  return (value, context) => {
    const list = decode(value, context);
    return Array.isArray(list) && list.length === 0 ? null : list;
  };
}

function constant(value: Json): () => Json {
  return () => value;
}

function filledMember(
  owner: ObjectType,
  name: string,
  value: Json,
  model: TypeModel,
): FilledMember {
  const type = owner.fields.get(name)?.type;
  if (!isJsonObject(value) || type?.form !== 'object') return { name, make: constant(value) };
  const decode = objectDecoder(type.name, model);
  return { name, make: (context) => decode({}, context) };
}

/** Members to add where the value has none: the always present ones and required scalars. */
function filledMembers(type: ObjectType, model: TypeModel): FilledMember[] {
  const filled = new Map<string, FilledMember>();
  for (const field of type.fields.values()) {
    const { name, required } = field;
    if (field.type.form === 'scalar' && required) {
      const zero = zeroValues[field.type.scalar];
      if (zero !== null) filled.set(name, { name, make: constant(zero) });
    } else if (field.type.form === 'object' && field.type.name === 'ObjectMeta') {
      filled.set(name, filledMember(type, name, {}, model));
    }
  }
  for (const [name, value] of alwaysPresent(type.name)) {
    if (type.fields.has(name)) filled.set(name, filledMember(type, name, value, model));
  }
  return [...filled.values()];
}

function buildObjectDecoder(type: ObjectType, model: TypeModel): Decoder {
  const fields = new Map<string, FieldDecoder>();
  for (const field of type.fields.values()) {
    fields.set(field.name, buildField(type.name, field, model));
  }
  const filled = filledMembers(type, model);
  return (value, context) => {
    if (!isJsonObject(value)) throw mismatch(context, value);
    const result: JsonObject = {};
    const { path } = context;
    for (const key of Object.keys(value)) {
      const field = fields.get(key);
      const member = value[key];
      if (field === undefined) recordUnknown(context, key);
      else if (member !== null && member !== undefined) {
        path.push(key);
        const decoded = field.decode(member, context);
        path.pop();
        if (!field.dropsZero || !isZero(decoded)) result[key] = decoded;
      }
    }
    for (const { name, make } of filled) {
      if (result[name] === undefined) result[name] = make(context);
    }
    return result;
  };
}

/** What to do about unknown and duplicate members (API-921). */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeOptions {
  /** Name of the type in the model. */
  readonly type: string;
  readonly model?: TypeModel;
  readonly style?: DecodeStyle;
  /** The JSON text `value` was parsed from: with it duplicate keys are found. */
  readonly text?: string | undefined;
}

export interface Decoded {
  readonly object: JsonObject;
  /** `unknown field "…"`, `duplicate field "…"`, in the order of the text. */
  readonly problems: readonly string[];
}

/** Decodes a value as the named type. Throws DecodeError with upstream's text (API-922). */
export function decodeObject(value: Json, options: DecodeOptions): Decoded {
  const { type, model = builtinTypes, style = 'json', text } = options;
  const context: DecodeContext = { model, type, style, path: [], unknown: [] };
  const object = objectDecoder(type, model)(value ?? {}, context) as JsonObject;
  const members = text === undefined ? [] : membersIfDuplicate(text, value);
  if (members.length === 0 && context.unknown.length === 0) return { object, problems: [] };
  const unknown = [...new Set(context.unknown.map(pathText))];
  if (style === 'converter') unknown.sort();
  if (members.length === 0) return { object, problems: unknown.map(unknownField) };
  return { object, problems: orderedProblems(members, unknown) };
}

function unknownField(path: string): string {
  return `unknown field "${path}"`;
}

/** Duplicates and unknown members as they follow each other in the text. */
function orderedProblems(
  members: ReturnType<typeof membersIfDuplicate>,
  unknown: readonly string[],
): string[] {
  const unknownPaths = new Set(unknown);
  const problems = new Set<string>();
  for (const { path, duplicate } of members) {
    const text = pathText(path);
    const inUnknown = path.some((_, index) => unknownPaths.has(pathText(path.slice(0, index))));
    if (unknownPaths.has(text)) problems.add(unknownField(text));
    else if (duplicate && !inUnknown) problems.add(`duplicate field "${text}"`);
  }
  return [...problems];
}
