// Optional values: optional.of(), x.?y, orValue() and the like.
import type { CelHandler, Declaration } from '../language/declarations.ts';
import { CelMap, CelOptional, CelRunError, CelUint } from '../language/values.ts';

function isZero(value: unknown): boolean {
  if (value instanceof CelMap) return value.size === 0;
  if (Array.isArray(value) || typeof value === 'string' || value instanceof Uint8Array) {
    return value.length === 0;
  }
  if (value instanceof CelUint) return value.value === 0n;
  return value === null || value === false || value === 0n || value === 0;
}

function valueOf({ value }: CelOptional): unknown {
  if (value === undefined) throw new CelRunError('optional.none() dereference');
  return value;
}

function unwrap(list: readonly CelOptional[]): unknown[] {
  return list.flatMap(({ value }) => (value === undefined ? [] : [value]));
}

function optionalOf(value: unknown): CelOptional {
  return value === undefined ? CelOptional.NONE : new CelOptional(value);
}

/** Never called: the evaluator has these itself. */
const own: CelHandler = () => null;

type List = readonly unknown[];

export const optionals: readonly Declaration[] = [
  ['optional.of', 'optional_of', '(V) -> optional(V)', optionalOf],
  [
    'optional.ofNonZeroValue',
    'optional_ofNonZeroValue',
    '(V) -> optional(V)',
    (value: unknown) => (isZero(value) ? CelOptional.NONE : new CelOptional(value)),
  ],
  ['optional.none', 'optional_none', '() -> optional(V)', () => CelOptional.NONE],
  ['value', 'optional_value', 'optional(V).() -> V', valueOf],
  [
    'hasValue',
    'optional_hasValue',
    'optional(V).() -> bool',
    ({ value }: CelOptional) => value !== undefined,
  ],
  ['or', 'optional_or_optional', 'optional(V).(optional(V)) -> optional(V)', own],
  ['orValue', 'optional_orValue_value', 'optional(V).(V) -> V', own],
  ['first', 'list_first', 'list(V).() -> optional(V)', (list: List) => optionalOf(list[0])],
  ['last', 'list_last', 'list(V).() -> optional(V)', (list: List) => optionalOf(list.at(-1))],
  ['optional.unwrap', 'optional_unwrap', '(list(optional(V))) -> list(V)', unwrap],
  ['unwrapOpt', 'optional_unwrapOpt', 'list(optional(V)).() -> list(V)', unwrap],
];
