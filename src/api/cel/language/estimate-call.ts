// What calls cost at most (API-1010), by the function or the overload; as the reference estimates.
import { CHECK_COST, PATTERN_FACTOR, selectorCost, TEXT_FACTOR } from './call-cost.ts';
import { add, fixed, scaled, times, union } from './range.ts';
import type { Range } from './range.ts';
import type { CelType } from './types.ts';

/** A value that a call is given. */
export interface Operand {
  readonly type: CelType;
  readonly size: Range;
  readonly literal: unknown;
  readonly itemType: CelType | undefined;
  readonly itemSize: () => Range;
}

export interface EstimatedCall {
  readonly name: string;
  readonly id: string;
  readonly target: Operand | undefined;
  readonly args: readonly Operand[];
  /** Of the arguments. */
  readonly costs: readonly Range[];
}

export interface Estimate {
  readonly cost: Range;
  /** Of the result, when it is known. */
  readonly size?: Range | undefined;
}

const ONE = fixed(1);
const ZERO = fixed(0);
const LIST_COST = fixed(10);
const NAME_FORMAT_SIZE = 128;

/** The cost of a call, its arguments included. */
export function estimateCall(call: EstimatedCall): Estimate {
  const { id, costs } = call;
  const [first = ZERO, second = ZERO, third = ZERO] = costs;
  if (id === 'logical_and' || id === 'logical_or') {
    return { cost: { min: first.min, max: add(first, second).max } };
  }
  if (id === 'conditional') {
    const [, yes, no] = call.args;
    const size = yes && no ? union(yes.size, no.size) : undefined;
    return { cost: add(first, union(second, third)), size };
  }
  const sum = costs.reduce((total, cost) => add(total, cost), ZERO);
  const own = ofFunction(call) ?? ofOverload(call) ?? { cost: ONE };
  return { cost: add(own.cost, sum), size: own.size };
}

function text(size: Range, factor = 1): Range {
  return scaled(size, factor * TEXT_FACTOR);
}

function pattern(subject: Range, expression: Range): Range {
  return times(text(add(subject, ONE)), scaled(expression, PATTERN_FACTOR));
}

/** By the name of the function. */
function ofFunction(call: EstimatedCall): Estimate | undefined {
  const { name, id, target, args } = call;
  const [first] = args;
  switch (name) {
    case 'check':
      return { cost: fixed(CHECK_COST) };
    case 'fieldSelector':
    case 'labelSelector':
      return (
        first && { cost: { min: selectorCost(first.size.min), max: selectorCost(first.size.max) } }
      );
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return target && { cost: traversal(target) };
    case 'url':
    case 'jsonpatch.escapeKey':
      return first && { cost: text(first.size), size: first.size };
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return target && { cost: text(target.size), size: target.size };
    case 'replace':
      return target && replaced(target.size, args);
    case 'split':
      return target && splitUp(target.size, args[1]);
    case 'join':
      return target && joined(target, first);
    case 'find':
    case 'findAll': {
      if (!target || !first) return undefined;
      return { cost: pattern(target.size, first.size), size: { min: 0, max: target.size.max } };
    }
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return first && { cost: text(first.size) };
    case 'ip':
      return id === 'cidr_ip' ? { cost: ONE } : first && { cost: text(first.size) };
    case 'ip.isCanonical':
      return first && { cost: text(first.size, 2) };
    case 'containsIP':
    case 'containsCIDR':
      return first && { cost: contained(name, id, first.size) };
    case 'validate':
      return first && { cost: scaled(text(first.size), NAME_FORMAT_SIZE * PATTERN_FACTOR) };
    case '_==_':
      return isConstant(call) ? { cost: ONE } : undefined;
    default:
      return undefined;
  }
}

/** Values of few bytes, which are compared at once. */
function isConstant({ args: [left, right] }: EstimatedCall): boolean {
  if (left?.type.name !== right?.type.name) return false;
  return /^(net\.(IP|CIDR)|kubernetes\.(Quantity|Semver|authorization\..*))$/.test(
    left?.type.name ?? '',
  );
}

function traversal({ size, itemType, itemSize }: Operand): Range {
  if (!itemType) return text(size);
  const isText = itemType.kind === 'string' || itemType.kind === 'bytes';
  return times(size, isText ? add(ONE, text(itemSize())) : ONE);
}

function replaced(size: Range, [old, by]: readonly Operand[]): Estimate | undefined {
  if (!old || !by) return undefined;
  const most =
    old.size.min === 0
      ? { count: size.max + 1, kept: size.max }
      : by.size.max <= old.size.min
        ? { count: 0, kept: size.max }
        : { count: Math.ceil(size.max / old.size.min), kept: 0 };
  const least =
    old.size.max === 0
      ? { count: size.min + 1, kept: size.min }
      : old.size.max <= by.size.min
        ? { count: 0, kept: size.min }
        : { count: Math.ceil(size.min / old.size.max), kept: 0 };
  const count = { min: least.count, max: most.count };
  const result = add(times(count, by.size), { min: least.kept, max: most.kept });
  return { cost: text(size, 2), size: result };
}

function splitUp(size: Range, limit: Operand | undefined): Estimate {
  const max = typeof limit?.literal === 'bigint' ? Number(limit.literal) : size.max;
  return { cost: text(size, 2), size: { min: 0, max: max < 0 ? size.max : max } };
}

function joined({ size, itemType, itemSize }: Operand, separator: Operand | undefined): Estimate {
  const items = itemType ? times(size, itemSize()) : ZERO;
  const gaps = { min: Math.max(size.min - 1, 0), max: Math.max(size.max - 1, 0) };
  const all = separator ? add(items, times(separator.size, gaps)) : items;
  return { cost: text(all), size: all };
}

/** Of addresses, which have 4 to 16 bytes. */
function contained(name: string, id: string, size: Range): Range {
  const bytes = { min: 4, max: 16 };
  const both = text(add(bytes, bytes));
  const own = name === 'containsIP' ? both : add(add(both, text(bytes)), ONE);
  return id.endsWith('_string') ? add(own, text(size)) : own;
}

function allocated(size: Range, factor: number): Estimate {
  return { cost: add(add(scaled(size, factor), ONE), LIST_COST), size };
}

function square(size: Range): Range {
  return times(size, size);
}

/** A walk through a text that makes another one. */
function resized(size: Range, change: (size: Range) => Range): Estimate {
  return { cost: text(size), size: change(size) };
}

/** By the overload. */
function ofOverload({ id, target, args }: EstimatedCall): Estimate | undefined {
  const [first, second] = args;
  switch (id) {
    case 'string_format':
      return target && { cost: text(target.size) };
    case 'string_to_bytes':
      return first && resized(first.size, ({ min, max }) => ({ min, max: max * 4 }));
    case 'bytes_to_string':
      return first && resized(first.size, ({ min, max }) => ({ min: Math.floor(min / 4), max }));
    case 'strings_quote':
      return first && resized(first.size, ({ min, max }) => ({ min: min + 2, max: max * 2 + 2 }));
    case 'starts_with_string':
    case 'ends_with_string':
      return first && { cost: text(first.size) };
    case 'in_list':
      return second && { cost: second.size };
    case 'matches_string':
      return target && first && { cost: pattern(target.size, first.size) };
    case 'contains_string':
      return target && first && { cost: times(text(target.size), text(first.size)) };
    case 'add_list':
      return first && second && { cost: ONE, size: add(first.size, second.size) };
    case 'add_string':
    case 'add_bytes': {
      if (!first || !second) return undefined;
      const size = add(first.size, second.size);
      return { cost: text(size), size };
    }
    case 'equals':
    case 'not_equals':
      return first && second && { cost: compared(first.size, second.size) };
  }
  if (/^(less|greater)(_equals)?_(string|bytes)$/.test(id)) {
    return first && second && { cost: compared(first.size, second.size) };
  }
  return ofListFunction(id, target, args);
}

function compared(left: Range, right: Range): Range {
  const max = Math.min(left.max, right.max);
  return scaled({ min: max > 0 ? 1 : 0, max }, TEXT_FACTOR);
}

function ofListFunction(
  id: string,
  target: Operand | undefined,
  [first, second]: readonly Operand[],
): Estimate | undefined {
  switch (id) {
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
    case 'list_sets_equivalent_list': {
      if (!first || !second) return undefined;
      const factor = id === 'list_sets_equivalent_list' ? 2 : 1;
      return { cost: add(scaled(times(first.size, second.size), factor), ONE) };
    }
    case 'list_slice': {
      if (!target) return undefined;
      const start = wholeOf(first, 0);
      return allocated(fixed(Math.max(wholeOf(second, target.size.max) - start, 0)), 1);
    }
    case 'lists_range':
      return allocated(fixed(wholeOf(first, 2 ** 64)), 1);
    case 'list_reverse':
      return target && allocated(target.size, 1);
    case 'list_flatten':
      return target && allocated(target.size, 1);
    case 'list_flatten_int':
      return target && allocated(target.size, wholeOf(first, 2 ** 64));
    case 'list_distinct':
      return target && allocated(square(target.size), 2);
  }
  const [, type, by] = /^list_(\w+?)_sort(ByAssociatedKeys)?$/.exec(id) ?? [];
  const sorted = by === undefined ? target : first;
  if (type === undefined || !sorted) return undefined;
  return allocated(square(sorted.size), type === 'string' || type === 'bytes' ? 2.1 : 2);
}

function wholeOf(operand: Operand | undefined, otherwise: number): number {
  return typeof operand?.literal === 'bigint' ? Math.max(Number(operand.literal), 0) : otherwise;
}
