// Small checks that many kinds share. Every check is a generator of causes, so that callers
// compose them with `yield*` and the order of the errors is the order of the code.
import type { StatusCause } from '../generated/types.ts';
import { compareBytewise } from '../meta/canonical-json.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidForEach, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePercent,
  validatePortName,
  validatePortNumber,
  validateQualifiedName,
} from '../meta/names.ts';

/** The causes a check finds, in order. */
export type Causes = Iterable<StatusCause>;

/** The message about a field that changed and must not. */
export const IMMUTABLE = 'field is immutable';
/** The message about a negative number. */
export const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** Absent counts as 0. */
export function* nonNegative(value: number | undefined, path: FieldPath): Causes {
  if (value !== undefined && value < 0) yield invalidValue(path, value, NOT_NEGATIVE);
}

/** Absent counts as 0, which is not positive. */
export function* positive(value: number | undefined, path: FieldPath): Causes {
  if ((value ?? 0) <= 0) yield invalidValue(path, value ?? 0, 'must be greater than zero');
}

/** `Invalid value …: field is immutable` when the values differ. */
export function* immutable(value: unknown, old: unknown, path: FieldPath): Causes {
  if (!semanticEqual(value, old)) yield invalidValue(path, value ?? null, IMMUTABLE);
}

/** True for an absent or empty string: to upstream they are the same. */
export function isBlank(value: string | null | undefined): value is null | undefined | '' {
  return value === undefined || value === null || value === '';
}

/** Required when blank. */
export function* requiredText(value: string | undefined, path: FieldPath): Causes {
  if (isBlank(value)) yield required(path);
}

/** A value of an enumeration whose members are listed in byte order; blank is Required. */
export function* requiredOneOf(
  value: string | undefined,
  path: FieldPath,
  supported: readonly string[],
): Causes {
  if (isBlank(value)) yield required(path);
  else if (!supported.includes(value)) yield notSupported(path, value, supported);
}

/** A value of an enumeration; absent is fine. */
export function* oneOf(
  value: string | undefined,
  path: FieldPath,
  supported: readonly string[],
): Causes {
  if (value !== undefined && !supported.includes(value)) yield notSupported(path, value, supported);
}

/** Causes unless the value is a DNS-1123 label. */
export function dnsLabel(value: string, path: FieldPath): StatusCause[] {
  return invalidForEach(path, value, validateDns1123Label(value));
}

/** Causes unless the value is a DNS-1123 subdomain. */
export function dnsSubdomain(value: string, path: FieldPath): StatusCause[] {
  return invalidForEach(path, value, validateDns1123Subdomain(value));
}

/** Causes unless the value is a qualified name. */
export function qualifiedName(value: string, path: FieldPath): StatusCause[] {
  return invalidForEach(path, value, validateQualifiedName(value));
}

/** Causes unless the value is a port, 1 to 65535. */
export function portNumber(value: number, path: FieldPath): StatusCause[] {
  return invalidForEach(path, value, validatePortNumber(value));
}

const PATH_TEXT = String.raw`[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`;
const PATH = new RegExp(`^${PATH_TEXT}$`);

/** A name such as `example.com/path`. */
export function* domainPrefixedPath(value: string, path: FieldPath): Causes {
  if (value === '') {
    yield required(path);
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    yield invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  const domain = value.slice(0, slash);
  yield* invalidForEach(path, domain, validateDns1123Subdomain(domain));
  const rest = value.slice(slash + 1);
  if (PATH.test(rest)) return;
  yield invalidValue(path, rest, `Invalid path (regex used for validation is '${PATH_TEXT}')`);
}

/** A port by number or by the name of a container's port. */
export function portNumberOrName(value: number | string | undefined, path: FieldPath) {
  return typeof value === 'string'
    ? invalidForEach(path, value, validatePortName(value))
    : portNumber(value ?? 0, path);
}

/** A whole number that is not negative, or a percentage. */
export function* intOrPercent(value: number | string, path: FieldPath): Causes {
  if (typeof value === 'number') yield* nonNegative(value, path);
  else yield* invalidForEach(path, value, validatePercent(value));
}

/** Number of a whole number, also one given as text, or of a percentage; else 0. */
export function intOrPercentValue(value: number | string): number {
  if (typeof value === 'number') return value;
  return percentValue(value) ?? (/^[+-]?[0-9]+$/.test(value) ? Number(value) : 0);
}

/** Causes for a percentage above 100. */
export function* atMostHundredPercent(value: number | string, path: FieldPath): Causes {
  if (typeof value === 'string' && (percentValue(value) ?? 0) > 100) {
    yield invalidValue(path, value, 'must not be greater than 100%');
  }
}

function percentValue(text: string): number | undefined {
  return validatePercent(text).length === 0 ? Number(text.slice(0, -1)) : undefined;
}

/** Entries in byte order of their keys: upstream's order is random, ours is stable. */
export function sortedEntries<V>(map: Record<string, V> | undefined): [string, V][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => compareBytewise(a, b));
}
