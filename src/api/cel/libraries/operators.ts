// Operators of CEL, and size().
import type { CelHandler, Declaration } from '../language/declarations.ts';
import {
  celEqual,
  CelDuration,
  CelRunError,
  CelTimestamp,
  CelUint,
  compareNumbers,
  INT_MAX,
  INT_MIN,
  isNumeric,
  KeyedList,
  UINT_MAX,
} from '../language/values.ts';
import type { CelMap, EntryMap } from '../language/values.ts';

/** The value, when it is a whole number of 64 bits. Throws CelRunError. */
export function checkedInt(value: bigint): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new CelRunError('integer overflow');
  return value;
}

/** The same of numbers without sign. */
export function checkedUint(value: bigint): CelUint {
  if (value < 0n || value > UINT_MAX) throw new CelRunError('unsigned integer overflow');
  return new CelUint(value);
}

const DURATION_MAX = INT_MAX;

/** A duration of at most 292 years. Throws CelRunError. */
export function checkedDuration(nanoseconds: bigint): CelDuration {
  if (nanoseconds > DURATION_MAX || nanoseconds < -DURATION_MAX) {
    throw new CelRunError('integer overflow');
  }
  return new CelDuration(nanoseconds);
}

const SECOND = 1_000_000_000n;
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** A time of the years 1 to 9999. Throws CelRunError. */
export function checkedTimestamp(nanoseconds: bigint): CelTimestamp {
  const seconds = nanoseconds / SECOND;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new CelRunError('timestamp overflow');
  return new CelTimestamp(nanoseconds);
}

function integers(
  operate: (a: bigint, b: bigint) => bigint,
  check?: (b: bigint) => void,
): { int: CelHandler; uint: CelHandler } {
  return {
    int: (a: bigint, b: bigint) => {
      check?.(b);
      return checkedInt(operate(a, b));
    },
    uint: (a: CelUint, b: CelUint) => {
      check?.(b.value);
      return checkedUint(operate(a.value, b.value));
    },
  };
}

function notZero(text: string) {
  return (divisor: bigint) => {
    if (divisor === 0n) throw new CelRunError(text);
  };
}

type List = readonly unknown[];
type D = CelDuration;
type T = CelTimestamp;

const plus = integers((a, b) => a + b);
const minus = integers((a, b) => a - b);
const times = integers((a, b) => a * b);
const divided = integers((a, b) => a / b, notZero('division by zero'));
const modulo = integers((a, b) => a % b, notZero('modulus by zero'));

const arithmetic: readonly Declaration[] = [
  ['_+_', 'add_bytes', '(bytes, bytes) -> bytes', (a: Uint8Array, b: Uint8Array) => Buffer.concat([a, b])],
  ['_+_', 'add_double', '(double, double) -> double', (a: number, b: number) => a + b],
  ['_+_', 'add_duration_duration', '(duration, duration) -> duration', (a: D, b: D) => checkedDuration(a.nanoseconds + b.nanoseconds)],
  ['_+_', 'add_duration_timestamp', '(duration, timestamp) -> timestamp', (a: D, b: T) => checkedTimestamp(a.nanoseconds + b.nanoseconds)],
  ['_+_', 'add_timestamp_duration', '(timestamp, duration) -> timestamp', (a: T, b: D) => checkedTimestamp(a.nanoseconds + b.nanoseconds)],
  ['_+_', 'add_int64', '(int, int) -> int', plus.int],
  ['_+_', 'add_list', '(list(A), list(A)) -> list(A)', (a: List, b: List) => (a instanceof KeyedList ? a.merge(b) : [...a, ...b])],
  ['_+_', 'add_string', '(string, string) -> string', (a: string, b: string) => a + b],
  ['_+_', 'add_uint64', '(uint, uint) -> uint', plus.uint],
  ['_/_', 'divide_double', '(double, double) -> double', (a: number, b: number) => a / b],
  ['_/_', 'divide_int64', '(int, int) -> int', divided.int],
  ['_/_', 'divide_uint64', '(uint, uint) -> uint', divided.uint],
  ['_%_', 'modulo_int64', '(int, int) -> int', modulo.int],
  ['_%_', 'modulo_uint64', '(uint, uint) -> uint', modulo.uint],
  ['_*_', 'multiply_double', '(double, double) -> double', (a: number, b: number) => a * b],
  ['_*_', 'multiply_int64', '(int, int) -> int', times.int],
  ['_*_', 'multiply_uint64', '(uint, uint) -> uint', times.uint],
  ['-_', 'negate_double', '(double) -> double', (value: number) => -value],
  ['-_', 'negate_int64', '(int) -> int', (value: bigint) => checkedInt(-value)],
  ['_-_', 'subtract_double', '(double, double) -> double', (a: number, b: number) => a - b],
  ['_-_', 'subtract_duration_duration', '(duration, duration) -> duration', (a: D, b: D) => checkedDuration(a.nanoseconds - b.nanoseconds)],
  ['_-_', 'subtract_int64', '(int, int) -> int', minus.int],
  ['_-_', 'subtract_timestamp_duration', '(timestamp, duration) -> timestamp', (a: T, b: D) => checkedTimestamp(a.nanoseconds - b.nanoseconds)],
  ['_-_', 'subtract_timestamp_timestamp', '(timestamp, timestamp) -> duration', (a: T, b: T) => checkedDuration(a.nanoseconds - b.nanoseconds)],
  ['_-_', 'subtract_uint64', '(uint, uint) -> uint', minus.uint],
]; // prettier-ignore

/** Less than, equal to, or greater than zero; NaN when there is no order. Throws CelRunError. */
export function compareValues(left: unknown, right: unknown): number {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right);
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  const isTime =
    (left instanceof CelDuration && right instanceof CelDuration) ||
    (left instanceof CelTimestamp && right instanceof CelTimestamp);
  if (isTime) return compareNumbers(left.nanoseconds, right.nanoseconds);
  throw new CelRunError('no such overload');
}

/** By code points, as bytes of UTF-8 are ordered. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const ORDERED: readonly (readonly [id: string, left: string, right: string])[] = [
  ['bool', 'bool', 'bool'],
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
];

const COMPARISONS: readonly (readonly [string, string, (order: number) => boolean])[] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
];

const comparisons: readonly Declaration[] = COMPARISONS.flatMap(([name, id, test]) =>
  ORDERED.map(([type, left, right]): Declaration => {
    const compare = (a: unknown, b: unknown) => test(compareValues(a, b));
    return [name, `${id}_${type}`, `(${left}, ${right}) -> bool`, compare];
  }),
);

/** The length of a text in characters. */
export function textSize(text: string): bigint {
  return BigInt(Array.from(text).length);
}

const sizes = [
  ['bytes', 'bytes', (value: Uint8Array) => BigInt(value.length)],
  ['list', 'list(A)', (value: List) => BigInt(value.length)],
  ['map', 'map(A, B)', (value: CelMap) => BigInt(value.size)],
  ['string', 'string', textSize],
].flatMap(([id, type, handler]): Declaration[] => [
  ['size', `size_${id as string}`, `(${type as string}) -> int`, handler as CelHandler],
  ['size', `${id as string}_size`, `${type as string}.() -> int`, handler as CelHandler],
]);

/** Never called: the evaluator has these itself. */
const own: CelHandler = () => null;

const structure: readonly Declaration[] = [
  ['_?_:_', 'conditional', '(bool, A, A) -> A', own],
  ['_&&_', 'logical_and', '(bool, bool) -> bool', own],
  ['_||_', 'logical_or', '(bool, bool) -> bool', own],
  ['@not_strictly_false', 'not_strictly_false', '(bool) -> bool', own],
  ['!_', 'logical_not', '(bool) -> bool', (value: boolean) => !value],
  ['_==_', 'equals', '(A, A) -> bool', celEqual],
  ['_!=_', 'not_equals', '(A, A) -> bool', (a: unknown, b: unknown) => !celEqual(a, b)],
  ['_[_]', 'index_list', '(list(A), int) -> A', own],
  ['_[_]', 'index_map', '(map(A, B), A) -> B', own],
  ['_[_]', 'optional_list_index_int', '(optional(list(A)), int) -> optional(A)', own],
  ['_[_]', 'optional_map_index_value', '(optional(map(A, B)), A) -> optional(B)', own],
  ['_[?_]', 'list_optindex_optional_int', '(list(A), int) -> optional(A)', own],
  ['_[?_]', 'optional_list_optindex_optional_int', '(optional(list(A)), int) -> optional(A)', own],
  ['_[?_]', 'map_optindex_optional_value', '(map(A, B), A) -> optional(B)', own],
  ['_[?_]', 'optional_map_optindex_optional_value', '(optional(map(A, B)), A) -> optional(B)', own],
  ['@in', 'in_list', '(A, list(A)) -> bool', (value: unknown, list: List) => list.some((item) => celEqual(item, value))],
  ['@in', 'in_map', '(A, map(A, B)) -> bool', (key: unknown, map: CelMap) => map.get(key) !== undefined],
  ['cel.@mapInsert', '@mapInsert_map_key_value', '(map(A, B), A, B) -> map(A, B)', (map: EntryMap, key: unknown, value: unknown) => map.with(key, value)],
  ['cel.@mapInsert', '@mapInsert_map_map', '(map(A, B), map(A, B)) -> map(A, B)', insertAll],
]; // prettier-ignore

function insertAll(map: EntryMap, added: CelMap): EntryMap {
  let all = map;
  for (const key of added.keys()) all = all.with(key, added.get(key));
  return all;
}

export const operators: readonly Declaration[] = [
  ...structure,
  ...arithmetic,
  ...comparisons,
  ...sizes,
];
