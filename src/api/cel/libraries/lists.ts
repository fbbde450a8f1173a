// Functions of lists, and sets.*: lists as sets.
import type { CelHandler, Declaration } from '../language/declarations.ts';
import { celEqual, CelRunError } from '../language/values.ts';
import type { CelDuration, CelUint } from '../language/values.ts';
import { checkedDuration, checkedInt, checkedUint, compareValues } from './operators.ts';

type List = readonly unknown[];

/** Longer lists are not made of nothing. */
const RANGE_MAX = 1_000_000n;

function extreme(name: string, sign: 1 | -1): CelHandler {
  return (list: List) => {
    const [first, ...rest] = list;
    if (list.length === 0) throw new CelRunError(`${name} called on empty list`);
    return rest.reduce((best, item) => (compareValues(item, best) * sign > 0 ? item : best), first);
  };
}

function isSorted(list: List): boolean {
  return list.every((item, index) => index === 0 || compareValues(list[index - 1], item) <= 0);
}

function sumOf(type: string): CelHandler {
  switch (type) {
    case 'int':
      return (list: readonly bigint[]) => checkedInt(list.reduce((sum, item) => sum + item, 0n));
    case 'uint':
      return (list: readonly CelUint[]) =>
        checkedUint(list.reduce((sum, { value }) => sum + value, 0n));
    case 'duration':
      return (list: readonly CelDuration[]) =>
        checkedDuration(list.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0n));
    default:
      return (list: readonly number[]) => list.reduce((sum, item) => sum + item, 0);
  }
}

function includes(list: List, value: unknown): boolean {
  return list.some((item) => celEqual(item, value));
}

function containsAll(list: List, other: List): boolean {
  return other.every((item) => includes(list, item));
}

function flatten(list: List, depth = 1n): unknown[] {
  if (depth < 0n) throw new CelRunError('level must be non-negative');
  return (list as unknown[]).flat(Number(depth) as 1);
}

function slice(list: List, start: bigint, end: bigint): List {
  const size = BigInt(list.length);
  if (start < 0n || end < 0n) {
    throw new CelRunError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  }
  if (start > end) {
    throw new CelRunError(
      `cannot slice(${start}, ${end}), start index must be less than or equal to end index`,
    );
  }
  if (end > size) throw new CelRunError(`cannot slice(${start}, ${end}), list is length ${size}`);
  return list.slice(Number(start), Number(end));
}

function distinct(list: List): List {
  const found: unknown[] = [];
  for (const item of list) if (!includes(found, item)) found.push(item);
  return found;
}

function sortByKeys(list: List, keys: List): List {
  const order = Array.from(list.keys()).toSorted((a, b) => compareValues(keys[a], keys[b]));
  return order.map((index) => list[index]);
}

function range(size: bigint): bigint[] {
  if (size > RANGE_MAX) throw new CelRunError(`lists.range: ${size} is too large`);
  return Array.from({ length: Number(size < 0n ? 0n : size) }, (_, index) => BigInt(index));
}

const SUMMABLE = ['int', 'uint', 'double', 'duration'];
const COMPARABLE = [...SUMMABLE, 'bool', 'timestamp', 'string', 'bytes'];

const byType: readonly Declaration[] = [
  ...COMPARABLE.map((type): Declaration => {
    return ['isSorted', `list_${type}_is_sorted_bool`, `list(${type}).() -> bool`, isSorted];
  }),
  ...SUMMABLE.map((type): Declaration => {
    return ['sum', `list_${type}_sum_${type}`, `list(${type}).() -> ${type}`, sumOf(type)];
  }),
  ...COMPARABLE.flatMap((type): Declaration[] => [
    ['max', `list_${type}_max_${type}`, `list(${type}).() -> ${type}`, extreme('max', 1)],
    ['min', `list_${type}_min_${type}`, `list(${type}).() -> ${type}`, extreme('min', -1)],
    ['sort', `list_${type}_sort`, `list(${type}).() -> list(${type})`, (list: List) => list.toSorted(compareValues)],
    ['@sortByAssociatedKeys', `list_${type}_sortByAssociatedKeys`, `list(A).(list(${type})) -> list(A)`, sortByKeys],
  ]),
]; // prettier-ignore

function indexOf(list: List, value: unknown): bigint {
  return BigInt(list.findIndex((item) => celEqual(item, value)));
}

function lastIndexOf(list: List, value: unknown): bigint {
  return BigInt(list.findLastIndex((item) => celEqual(item, value)));
}

const TWO = '(list(A), list(A)) -> bool';

export const lists: readonly Declaration[] = [
  ...byType,
  ['indexOf', 'list_a_index_of_int', 'list(A).(A) -> int', indexOf],
  ['lastIndexOf', 'list_a_last_index_of_int', 'list(A).(A) -> int', lastIndexOf],
  ['slice', 'list_slice', 'list(A).(int, int) -> list(A)', slice],
  ['flatten', 'list_flatten', 'list(list(A)).() -> list(A)', flatten],
  ['flatten', 'list_flatten_int', 'list(dyn).(int) -> list(dyn)', flatten],
  ['distinct', 'list_distinct', 'list(A).() -> list(A)', distinct],
  ['reverse', 'list_reverse', 'list(A).() -> list(A)', (list: List) => list.toReversed()],
  ['lists.range', 'lists_range', '(int) -> list(int)', range],
  ['sets.contains', 'list_sets_contains_list', TWO, containsAll],
  [
    'sets.equivalent',
    'list_sets_equivalent_list',
    TWO,
    (a: List, b: List) => containsAll(a, b) && containsAll(b, a),
  ],
  [
    'sets.intersects',
    'list_sets_intersects_list',
    TWO,
    (a: List, b: List) => b.some((item) => includes(a, item)),
  ],
];
