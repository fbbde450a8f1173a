// Ranges of sizes and costs, which are whole numbers of 64 bits that never overflow.

export interface Range {
  readonly min: number;
  readonly max: number;
}

const MOST = 2 ** 64;

export const UNKNOWN: Range = { min: 0, max: MOST };

export const fixed = (value: number): Range => ({ min: value, max: value });

const capped = (value: number): number => Math.min(value, MOST);

export function add(one: Range, other: Range): Range {
  return { min: capped(one.min + other.min), max: capped(one.max + other.max) };
}

export function times(one: Range, other: Range): Range {
  return { min: capped(one.min * other.min), max: capped(one.max * other.max) };
}

/** Rounded up. */
export function scaled({ min, max }: Range, factor: number): Range {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) };
}

export function union(one: Range, other: Range): Range {
  return { min: Math.min(one.min, other.min), max: Math.max(one.max, other.max) };
}
