// Field paths and the errors validation reports about them, with upstream's exact texts.
import type { StatusCause } from '../generated/types.ts';
import { orderedGoJson } from './canonical-json.ts';
import { goQuote } from './go-quote.ts';

/** Where a value stands in an object: `spec.containers[0].ports[1].name`, `data[key]`. */
export class FieldPath {
  readonly #parent: FieldPath | undefined;
  readonly #segment: string;

  constructor(segment: string, parent?: FieldPath) {
    this.#parent = parent;
    this.#segment = segment;
  }

  /** The path of a member, or of a member of a member. */
  child(...names: readonly string[]): FieldPath {
    return names.reduce<FieldPath>((path, name) => new FieldPath(`.${name}`, path), this);
  }

  index(position: number): FieldPath {
    return new FieldPath(`[${position}]`, this);
  }

  /** The path of a map's entry. */
  key(key: string): FieldPath {
    return new FieldPath(`[${key}]`, this);
  }

  toString(): string {
    return this.#parent === undefined
      ? this.#segment
      : `${this.#parent.toString()}${this.#segment}`;
  }
}

/** A path from the root of an object: `fieldPath('spec', 'replicas')`. */
export function fieldPath(root: string, ...names: readonly string[]): FieldPath {
  return new FieldPath(root).child(...names);
}

/** A path or its text. */
export type FieldLike = FieldPath | string;

/** A Go structure of strings alone, whose members keep their order in messages. */
export class GoStruct {
  readonly members: Readonly<Record<string, unknown>>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members;
  }
}

/** How a value stands in a message: strings quoted, maps of strings sorted, nothing as null. */
export function renderValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof GoStruct) return orderedGoJson(value.members);
  return orderedGoJson(isStringMap(value) ? sortedMap(value) : value);
}

function isStringMap(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === 'string');
}

function sortedMap(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function cause(reason: string, path: FieldLike, parts: readonly string[]): StatusCause {
  const message = parts.filter((part) => part !== '').join(': ');
  return { reason, message, field: path.toString() };
}

/** A malformed value: `Invalid value: -1: must be …`. */
export function invalidValue(path: FieldLike, value: unknown, detail: string): StatusCause {
  return cause('FieldValueInvalid', path, ['Invalid value', renderValue(value), detail]);
}

/** As invalidValue, for a value too large to show. */
export function wrongWhole(path: FieldLike, detail: string): StatusCause {
  return cause('FieldValueInvalid', path, ['Invalid value', detail]);
}

/** A value of the wrong type. */
export function typeInvalid(path: FieldLike, value: unknown, detail: string): StatusCause {
  return cause('FieldValueTypeInvalid', path, ['Invalid value', renderValue(value), detail]);
}

/** A value that must be given: `Required value: …`. */
export function required(path: FieldLike, detail = ''): StatusCause {
  return cause('FieldValueRequired', path, ['Required value', detail]);
}

/** A value that occurs twice where it must be unique. */
export function duplicate(path: FieldLike, value: unknown): StatusCause {
  return cause('FieldValueDuplicate', path, ['Duplicate value', renderValue(value)]);
}

/** A value that names something that does not exist. */
export function notFound(path: FieldLike, value: unknown): StatusCause {
  return cause('FieldValueNotFound', path, ['Not found', renderValue(value)]);
}

/** A value outside an enumeration: `Unsupported value: "x": supported values: "A", "B"`. */
export function notSupported(
  path: FieldLike,
  value: unknown,
  supported: readonly string[],
): StatusCause {
  const detail =
    supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`;
  return cause('FieldValueNotSupported', path, ['Unsupported value', renderValue(value), detail]);
}

/** A value that is well formed and not permitted here. */
export function forbidden(path: FieldLike, detail: string): StatusCause {
  return cause('FieldValueForbidden', path, ['Forbidden', detail]);
}

/** A value of more than `limit` bytes (or characters); the value itself is not shown. */
export function tooLong(
  path: FieldLike,
  limit: number,
  unit: 'byte' | 'character' = 'byte',
): StatusCause {
  return cause('FieldValueTooLong', path, [
    'Too long',
    `may not be more than ${counted(limit, unit)}`,
  ]);
}

/** A value of fewer than `limit` characters. */
export function tooShort(path: FieldLike, limit: number): StatusCause {
  const detail = `must be at least ${counted(limit, 'character')}`;
  return cause('FieldValueTooShort', path, ['Too short', detail]);
}

/** A list of `actual` items where `limit` are allowed. */
export function tooMany(path: FieldLike, actual: number, limit: number): StatusCause {
  const detail = `must have at most ${counted(limit, 'item')}`;
  return cause('FieldValueTooMany', path, ['Too many', String(actual), detail]);
}

/** A failure of the server's while looking at the value. */
export function internalFieldError(path: FieldLike, detail: string): StatusCause {
  return cause('InternalError', path, ['Internal error', detail]);
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** One `invalidValue` for each message: for the lists the functions of names.ts give. */
export function invalidForEach(
  path: FieldLike,
  value: unknown,
  messages: readonly string[],
): StatusCause[] {
  return messages.map((message) => invalidValue(path, value, message));
}
