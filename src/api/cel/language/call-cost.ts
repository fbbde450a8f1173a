// What calls cost when they run (API-1010): as the reference counts them.
import { CelMap, CelObject, CelOptional } from './values.ts';

export interface RunCall {
  readonly name: string;
  /** Of the overload; empty when several fit. */
  readonly id: string;
  readonly args: readonly unknown[];
  readonly result: unknown;
}

export const TEXT_FACTOR = 0.1;
export const PATTERN_FACTOR = 0.25;
/** A question to the authorizer. */
export const CHECK_COST = 350_000;
const LIST_COST = 10;
const STRUCT_COST = 40;

/** The size of a value: characters, elements, members; 1 for others. */
export function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return characterCount(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof CelMap) return value.size;
  if (value instanceof CelOptional && value.value !== undefined) return sizeOfValue(value.value);
  const own: unknown = value instanceof CelObject && 'size' in value ? value.size : undefined;
  return typeof own === 'number' ? own : 1;
}

function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function ofText(size: number, factor = TEXT_FACTOR): number {
  return Math.ceil(size * factor);
}

function traversal(value: unknown): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * TEXT_FACTOR);
  if (value instanceof Uint8Array) return Math.floor(value.length * TEXT_FACTOR);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + traversal(item), 0);
  if (!(value instanceof CelMap)) return 1;
  let cost = 0;
  for (const key of value.keys()) cost += traversal(key) + traversal(value.get(key));
  return cost;
}

/** What a selector of a size costs to read. */
export function selectorCost(size: number): number {
  return LIST_COST + ofText(size) + Math.ceil(Math.ceil(size * 0.5) * (LIST_COST + STRUCT_COST));
}

/** The cost of a call with its values. */
export function callCost({ name, id, args, result }: RunCall): number {
  const [first, second] = args;
  const one = sizeOfValue(first);
  switch (name) {
    case 'check':
      return CHECK_COST;
    case 'fieldSelector':
    case 'labelSelector':
      return selectorCost(sizeOfValue(second));
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return traversal(first);
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'jsonpatch.escapeKey':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return ofText(one);
    case 'ip':
      return id === 'cidr_ip' ? 1 : ofText(one);
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return ofText(one, 2 * TEXT_FACTOR);
    case 'join':
      return ofText(sizeOfValue(result), 2 * TEXT_FACTOR);
    case 'find':
    case 'findAll':
    case 'matches':
      return patternCost(one, sizeOfValue(second));
    case 'containsIP':
      return ofText(2 * one) + (id === 'cidr_contains_ip_string' ? ofText(sizeOfValue(second)) : 0);
    case 'containsCIDR': {
      const other = id === 'cidr_contains_cidr_string' ? ofText(sizeOfValue(second)) : 0;
      return ofText(2 * one) + ofText(one) + 1 + other;
    }
    case 'validate':
      return patternCost(sizeOfValue(second), sizeOfValue(first));
    case 'sets.contains':
    case 'sets.intersects':
      return one * sizeOfValue(second) + 1;
    case 'sets.equivalent':
      return 2 * one * sizeOfValue(second) + 1;
    case '_==_':
      if (first instanceof CelObject && !(first instanceof CelMap)) return 1;
  }
  return listCallCost(name, args, result) ?? overloadCost(id, one, () => sizeOfValue(second));
}

/** Of functions that make lists; undefined for others. */
function listCallCost(
  name: string,
  [first, second]: readonly unknown[],
  result: unknown,
): number | undefined {
  switch (name) {
    case 'slice':
    case 'reverse':
    case 'lists.range':
      return listCost(sizeOfValue(result));
    case 'flatten':
      return listCost(sizeOfValue(first) * (second === undefined ? 1 : Number(second)));
    case 'distinct':
    case 'sort':
      return comparedCost(first);
    case '@sortByAssociatedKeys':
      return comparedCost(second);
    default:
      return undefined;
  }
}

function listCost(size: number): number {
  return Math.floor(size) + 1 + LIST_COST;
}

/** Of a list whose elements are compared with each other. */
function comparedCost(list: unknown): number {
  const size = sizeOfValue(list);
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  const isText = typeof first === 'string' || first instanceof Uint8Array;
  return listCost(size * size * (isText ? 2 + TEXT_FACTOR : 2));
}

function patternCost(text: number, pattern: number): number {
  return ofText(1 + text) * ofText(pattern, PATTERN_FACTOR);
}

function overloadCost(id: string, one: number, other: () => number): number {
  switch (id) {
    case 'starts_with_string':
    case 'ends_with_string':
    case 'string_to_bytes':
    case 'bytes_to_string':
    case 'strings_quote':
    case 'string_format':
      return ofText(one);
    case 'in_list':
      return other();
    case 'add_string':
    case 'add_bytes':
      return ofText(one + other());
    case 'contains_string':
      return ofText(one) * ofText(other());
    case 'equals':
    case 'not_equals':
      return ofText(Math.min(one, other()));
    default:
      return /^(less|greater)(_equals)?_(string|bytes)$/.test(id)
        ? ofText(Math.min(one, other()))
        : 1;
  }
}
