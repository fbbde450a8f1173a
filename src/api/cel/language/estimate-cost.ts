// What an expression may cost at most, for values as large as their types let them be (API-1010):
// the estimate of the reference, step by step, because its sums decide which definitions are taken.
import { estimateCall } from './estimate-call.ts';
import type { Operand } from './estimate-call.ts';
import { childrenOf } from './node.ts';
import type { CallNode, CelNode, FoldNode, ListNode, MapNode } from './node.ts';
import { ACCUMULATOR } from './macros.ts';
import { add, fixed, times, union, UNKNOWN } from './range.ts';
import type { Range } from './range.ts';
import { DYN } from './types.ts';
import type { CelType } from './types.ts';

/** A way to a part of a variable: `['self', 'list', '@items']`. */
export type Path = readonly string[];

/** How large the value at a path can be; undefined when that is not known. */
export type SizeAt = (path: Path) => Range | undefined;

interface EntrySizes {
  readonly isList: boolean;
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: Path;
  readonly size: Range | undefined;
  readonly entries: EntrySizes | undefined;
}

/** The least and most that a checked expression can cost. */
export function estimateCost(root: CelNode, sizeAt: SizeAt): Range {
  return new Estimator(sizeAt).cost(root);
}

const ONE = fixed(1);
const ZERO = fixed(0);
const LIST_COST = fixed(10);
const MAP_COST = fixed(30);
const STRUCT_COST = fixed(40);

class Estimator {
  readonly #sizeAt: SizeAt;
  readonly #paths = new Map<CelNode, Path>();
  readonly #sizes = new Map<CelNode, Range>();
  readonly #entries = new Map<CelNode, EntrySizes>();
  readonly #locals: (readonly [name: string, local: Local])[] = [];

  constructor(sizeAt: SizeAt) {
    this.#sizeAt = sizeAt;
  }

  cost(node: CelNode): Range {
    switch (node.kind) {
      case 'literal':
        return ZERO;
      case 'ident':
        this.#paths.set(node, this.#local(node.name)?.path ?? [node.name]);
        return ONE;
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'struct':
        return childrenOf(node).reduce((sum, child) => add(sum, this.cost(child)), STRUCT_COST);
      case 'fold':
        return isBinding(node) ? this.#binding(node) : this.#fold(node);
    }
  }

  #local(name: string): Local | undefined {
    return this.#locals.findLast(([own]) => own === name)?.[1];
  }

  #pathOf(node: CelNode): Path {
    const local = node.kind === 'ident' ? this.#local(node.name) : undefined;
    return local?.path ?? this.#paths.get(node) ?? [];
  }

  #select(node: CelNode & { readonly kind: 'select' }): Range {
    if (node.variable !== undefined) {
      this.#paths.set(node, [node.variable]);
      return ONE;
    }
    const cost = this.cost(node.operand);
    if (node.isTest) return cost;
    this.#paths.set(node, [...this.#pathOf(node.operand), node.field]);
    const kind = node.operand.type?.kind ?? 'dyn';
    return ['map', 'struct', 'param'].includes(kind) ? add(cost, ONE) : cost;
  }

  #operand(node: CelNode): Operand {
    const path = this.#pathOf(node);
    const type = node.type ?? DYN;
    const size = this.#sizeOf(node) ?? UNKNOWN;
    const [item] = type.parameters;
    return {
      type,
      size,
      literal: node.kind === 'literal' ? node.value : undefined,
      itemType: item,
      itemSize: () => (path.length > 0 ? this.#sizeAt([...path, '@items']) : undefined) ?? UNKNOWN,
    };
  }

  #call(node: CallNode): Range {
    const { name, args, overloads = [] } = node;
    const [first] = args;
    if (name === 'dyn' && first && !node.target) {
      const cost = this.cost(first);
      this.#copySizes(node, first);
      return add(ONE, cost);
    }
    const costs = args.map((arg) => this.cost(arg));
    const isMember = node.target !== undefined && node.fullName === undefined;
    const targetCost = isMember && node.target ? this.cost(node.target) : ZERO;
    const given = args.map((arg) => this.#operand(arg));
    const target = isMember && node.target ? this.#operand(node.target) : undefined;
    if (name === '_?._') return add(add(costs[0] ?? ZERO, costs[1] ?? ZERO), ONE);
    let total: Range | undefined;
    let resultSize: Range | undefined;
    for (const { id } of overloads) {
      const call = { name: node.fullName ?? name, id, target, args: given, costs };
      const { cost, size } = estimateCall(call);
      total = total ? union(total, cost) : cost;
      if (size) resultSize = resultSize ? union(resultSize, size) : size;
      resultSize = this.#elementOf(node, id) ?? resultSize ?? this.#sizeOf(node);
    }
    this.#keepEntries(node);
    if (resultSize) this.#sizes.set(node, resultSize);
    return add(targetCost, total ?? ZERO);
  }

  /** The size of an element that an index takes. */
  #elementOf(node: CallNode, id: string): Range | undefined {
    const [first] = node.args;
    const part = id === 'index_list' ? '@items' : id === 'index_map' ? '@values' : undefined;
    if (!first || part === undefined) return undefined;
    this.#paths.set(node, [...this.#pathOf(first), part]);
    return this.#entriesOf(first)?.value;
  }

  /** Both sides of a choice or of a sum may give the elements of the result. */
  #keepEntries(node: CallNode): void {
    const sides = node.name === '_?_:_' ? node.args.slice(1) : node.name === '_+_' ? node.args : [];
    const [left, right] = sides.map((side) => this.#entriesOf(side));
    if (!left || !right) return;
    const key = union(left.key, right.key);
    this.#entries.set(node, { ...left, key, value: union(left.value, right.value) });
  }

  #list(node: ListNode): Range {
    const values = node.items.map(({ value }) => value);
    const cost = values.reduce((sum, value) => add(sum, this.cost(value)), LIST_COST);
    this.#entries.set(node, { isList: true, key: ONE, value: this.#unionOf(values) });
    return cost;
  }

  #map(node: MapNode): Range {
    const cost = childrenOf(node).reduce((sum, child) => add(sum, this.cost(child)), MAP_COST);
    const key = this.#unionOf(node.entries.map((entry) => entry.key));
    const value = this.#unionOf(node.entries.map((entry) => entry.value));
    this.#entries.set(node, { isList: false, key, value });
    return cost;
  }

  #unionOf(nodes: readonly CelNode[]): Range {
    const sizes = nodes.map((node) => this.#sizeOf(node) ?? UNKNOWN);
    return sizes.reduce((all, one) => union(all, one), sizes[0] ?? ZERO);
  }

  #fold(node: FoldNode): Range {
    const { range, init, condition, step, result } = node;
    const before = add(this.cost(range), this.cost(init));
    this.#push(node.accumulator, this.#bound(init));
    const names = node.second === undefined ? [node.variable] : [node.variable, node.second];
    const entries = this.#entriesOf(range);
    const isList = entries?.isList ?? range.type?.kind === 'list';
    const [keys, values] = isList ? ['@indices', '@items'] : ['@keys', '@values'];
    const path = this.#pathOf(range);
    const key = { path: [...path, keys], size: entries?.key, entries: undefined };
    const value = { path: [...path, values], size: entries?.value, entries: undefined };
    const single = isList ? value : key;
    for (const [index, name] of names.entries()) {
      this.#push(name, names.length === 1 ? single : index === 0 ? key : value);
    }
    const each = add(this.cost(condition), this.cost(step));
    this.#locals.splice(-names.length);
    const after = this.cost(result);
    this.#locals.pop();
    const count = this.#sizeOf(range) ?? UNKNOWN;
    this.#keepResult(node, count);
    return add(add(before, after), times(count, each));
  }

  /** How large the result of a loop is. */
  #keepResult(node: FoldNode, count: Range): void {
    const { init, step } = node;
    const literal = init.kind === 'literal' ? this.#sizeOf(init) : undefined;
    if (literal) this.#sizes.set(node, literal);
    if (init.kind !== 'list' && init.kind !== 'map') return;
    this.#sizes.set(node, count);
    const entries = this.#entriesOf(step);
    if (entries) this.#entries.set(node, entries);
  }

  #binding(node: FoldNode): Range {
    const { range, init, result } = node;
    const before = add(this.cost(range), this.cost(init));
    this.#push(node.accumulator, this.#bound(init));
    const after = this.cost(result);
    this.#locals.pop();
    this.#copySizes(node, result);
    return add(before, after);
  }

  #push(name: string, local: Local): void {
    this.#locals.push([name, local]);
  }

  #bound(node: CelNode): Local {
    const path = this.#pathOf(node);
    return { path, size: this.#sizeOf(node), entries: this.#entriesOf(node) };
  }

  #copySizes(node: CelNode, from: CelNode): void {
    const size = this.#sizeOf(from);
    if (size) this.#sizes.set(node, size);
    const entries = this.#entriesOf(from);
    if (entries) this.#entries.set(node, entries);
  }

  #entriesOf(node: CelNode): EntrySizes | undefined {
    const own = this.#entries.get(node);
    return own ?? (node.kind === 'ident' ? this.#local(node.name)?.entries : undefined);
  }

  #sizeOf(node: CelNode): Range | undefined {
    const known = this.#sizes.get(node) ?? sizeOfLiteral(node);
    if (known) return known;
    const path = this.#pathOf(node);
    const isOwn = path[0] === ACCUMULATOR || path.length === 0;
    const found = isOwn ? undefined : this.#sizeAt(path);
    if (found) {
      this.#sizes.set(node, found);
      return found;
    }
    if (isScalar(node.type ?? DYN)) return ONE;
    return node.kind === 'ident' ? this.#local(node.name)?.size : undefined;
  }
}

function sizeOfLiteral(node: CelNode): Range | undefined {
  if (node.kind === 'list') return fixed(node.items.length);
  if (node.kind === 'map') return fixed(node.entries.length);
  if (node.kind !== 'literal') return undefined;
  const { value } = node;
  if (typeof value === 'string') return fixed(Array.from(value).length);
  return fixed(value instanceof Uint8Array ? value.length : 1);
}

function isScalar({ kind, name, parameters: [inner] }: CelType): boolean {
  if (kind === 'opaque' && name === 'optional_type') return inner !== undefined && isScalar(inner);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(kind);
}

/** A fold that only gives a value a name. */
function isBinding({ range, condition, accumulator }: FoldNode): boolean {
  const isNever = condition.kind === 'literal' && condition.value === false;
  const isEmpty = range.kind === 'list' && range.items.length === 0;
  return isEmpty && isNever && accumulator !== ACCUMULATOR;
}
