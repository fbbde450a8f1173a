// Functions of lists, and sets.*: lists as sets.
import { CelRunError } from './library.ts';
import type { CelLibrary } from './library.ts';
import { celEqual } from '../cel-equal.ts';

type Ordered = string | number | bigint | boolean | Date;

function extreme(
  list: readonly Ordered[],
  name: string,
  pick: (a: Ordered, b: Ordered) => boolean,
) {
  const [first, ...rest] = list;
  if (first === undefined) throw new CelRunError(`${name} called on empty list`);
  return rest.reduce((best, item) => (pick(item, best) ? item : best), first);
}

function isSorted(list: readonly Ordered[]): boolean {
  return list.every((item, index) => index === 0 || (list[index - 1] ?? item) <= item);
}

function sum(list: readonly (number | bigint)[]): number | bigint {
  const zero: number | bigint = typeof list[0] === 'number' ? 0 : 0n;
  return list.reduce<number | bigint>(
    (total, item) =>
      typeof total === 'bigint' && typeof item === 'bigint'
        ? total + item
        : Number(total) + Number(item),
    zero,
  );
}

function includes(list: readonly unknown[], value: unknown): boolean {
  return list.some((item) => celEqual(item, value));
}

function containsAll(list: readonly unknown[], other: readonly unknown[]): boolean {
  return other.every((item) => includes(list, item));
}

function flatten(list: readonly unknown[], depth: bigint): unknown[] {
  return (list as unknown[]).flat(Number(depth) as 1);
}

function slice(list: readonly unknown[], start: bigint, end: bigint): unknown[] {
  const size = BigInt(list.length);
  if (start < 0n || end < 0n || start > end || end > size) {
    throw new CelRunError(`cannot slice(${start}, ${end}), list is length ${size}`);
  }
  return list.slice(Number(start), Number(end));
}

function distinct(list: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  for (const item of list) if (!includes(found, item)) found.push(item);
  return found;
}

class Sets {}

const S = 'SetsNamespace';
type List = readonly unknown[];

export const lists: CelLibrary = {
  types: [[S, Sets]],
  namespaces: { sets: [S, new Sets()] },
  functions: [
    ['list<A>.isSorted(): bool', isSorted],
    ['list<A>.sum(): A', sum],
    ['list<A>.min(): A', (list: Ordered[]) => extreme(list, 'min', (a, b) => a < b)],
    ['list<A>.max(): A', (list: Ordered[]) => extreme(list, 'max', (a, b) => a > b)],
    [
      'list<A>.indexOf(A): int',
      (list: List, value: unknown) => BigInt(list.findIndex((item) => celEqual(item, value))),
    ],
    [
      'list<A>.lastIndexOf(A): int',
      (list: List, value: unknown) => BigInt(list.findLastIndex((item) => celEqual(item, value))),
    ],
    ['list<A>.distinct(): list<A>', distinct],
    ['list<A>.reverse(): list<A>', (list: List) => list.toReversed()],
    ['list<A>.slice(int, int): list<A>', slice],
    ['list<A>.flatten(): list<dyn>', (list: List) => flatten(list, 1n)],
    ['list<A>.flatten(int): list<dyn>', flatten],
    ['list<A>.sort(): list<A>', (list: Ordered[]) => list.toSorted((a, b) => (a < b ? -1 : 1))],
    [`${S}.contains(list<A>, list<A>): bool`, (_: Sets, a: List, b: List) => containsAll(a, b)],
    [
      `${S}.equivalent(list<A>, list<A>): bool`,
      (_: Sets, a: List, b: List) => containsAll(a, b) && containsAll(b, a),
    ],
    [
      `${S}.intersects(list<A>, list<A>): bool`,
      (_: Sets, a: List, b: List) => b.some((item) => includes(a, item)),
    ],
  ],
};
