// What the patch functions throw, and Go's texts inside those messages.
import type { Json } from '../object.ts';
import { statusError, type StatusError } from '../status-error.ts';

/** 400 with the given text. */
export function malformedPatch(message: string): StatusError {
  return statusError('BadRequest', message);
}

/** 422 as upstream answers a patch that cannot be applied: a generic text without details. */
export function inapplicablePatch(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return statusError('Invalid', message, { details: {} });
}

/** 500 without a reason, as upstream answers mistakes in strategic directives. */
export function failedPatch(message: string): StatusError {
  return statusError('', message);
}

/** A value as Go's `%v` prints it: `map[a:1 b:[x y]]`. */
export function goText(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${members.join(' ')}]`;
}

/** A value as Go's `%s` prints it: what is no string with its type, `%!s(int64=5)`. */
export function goVerb(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return goType(value);
  if (typeof value === 'object') return goText(value);
  return `%!s(${goType(value)}=${value})`;
}

/** The name of the Go type a JSON value decodes to. */
export function goType(value: Json | undefined): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** What Go's decoder calls a JSON value: `number`, `array` … */
export function jsonKind(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value;
}

/** 422 without a reason, for lists that cannot be merged at all. */
export function inapplicableList(message: string): StatusError {
  return statusError('', message, { code: 422 });
}
