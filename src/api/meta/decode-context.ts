// What a decoding carries along: where it is, what was unknown, and how to word a failure.
import { embeddedIn, goStruct, goTypeName } from './go-names.ts';
import type { Json } from './object.ts';
import { jsonKind } from './patch/patch-error.ts';
import type { TypeModel, TypeRef } from './type-model.ts';

/** A value does not fit its type; the message is upstream's. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/** How upstream words a mismatch: its JSON decoder, or its converter for strategic patches. */
export type DecodeStyle = 'json' | 'converter';

export interface DecodeContext {
  readonly model: TypeModel;
  /** Name of the root's type. */
  readonly type: string;
  readonly style: DecodeStyle;
  /** Members and positions from the root to the current value. */
  readonly path: (string | number)[];
  /** Paths of members the type does not have. */
  readonly unknown: (readonly (string | number)[])[];
}

/** More complaints about one object are not collected, as upstream. */
const UNKNOWN_MAX = 100;

/** Remembers that the current object has no member `name`. */
export function recordUnknown(context: DecodeContext, name: string): void {
  if (context.unknown.length < UNKNOWN_MAX) context.unknown.push([...context.path, name]);
}

/** `spec.containers[0].image`. */
export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  }
  return text;
}

interface Location {
  /** Go's name of the struct whose field is decoded. */
  readonly struct: string;
  /** Go's path to it: fields only, with the names of embedded structs. */
  readonly fields: readonly string[];
  readonly typeName: string;
  readonly type: TypeRef;
}

function locate({ model, type: root, path }: DecodeContext): Location {
  let type: TypeRef = { form: 'object', name: root };
  let struct = '';
  let field = '';
  const fields: string[] = [];
  for (const part of path) {
    if (type.form === 'object') {
      const owner: string = type.name;
      const name = String(part);
      const embedded = embeddedIn(owner, name);
      if (embedded !== undefined) fields.push(embedded);
      fields.push(name);
      struct = goStruct(owner);
      field = `${owner}.${name}`;
      type = model.type(owner)?.fields.get(name)?.type ?? { form: 'scalar', scalar: 'any' };
    } else if (type.form === 'list') type = type.item;
    else if (type.form === 'map') type = type.value;
  }
  return { struct, fields, type, typeName: goTypeName(type, field) };
}

function isNumeric({ type }: Location): boolean {
  return (
    type.form === 'scalar' && ['int32', 'int64', 'int-or-string', 'double'].includes(type.scalar)
  );
}

function jsonMessage(value: Json, at: Location): string {
  const what = typeof value === 'number' && isNumeric(at) ? `number ${value}` : jsonKind(value);
  const where =
    at.struct === ''
      ? `value of type ${at.typeName}`
      : `struct field ${at.struct}.${at.fields.join('.')} of type ${at.typeName}`;
  return `json: cannot unmarshal ${what} into Go ${where}`;
}

function goKind(value: Json): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'map';
}

function converterMessage(value: Json, { type, typeName }: Location): string {
  const kind = goKind(value);
  if (type.form === 'object') return `cannot restore struct from: ${kind}`;
  if (type.form !== 'scalar') {
    return `cannot restore ${type.form === 'list' ? 'slice' : 'map'} from ${kind}`;
  }
  const convertible =
    typeof value === 'number' && type.scalar !== 'boolean' && type.scalar !== 'bytes';
  if (convertible) return `cannot convert ${kind} to ${typeName}`;
  return `unrecognized type: ${type.scalar === 'string' ? 'string' : typeName}`;
}

/** The error for `value` at the current path, worded as upstream does (API-922). */
export function mismatch(context: DecodeContext, value: Json): DecodeError {
  const at = locate(context);
  const message = context.style === 'json' ? jsonMessage(value, at) : converterMessage(value, at);
  return new DecodeError(message);
}
