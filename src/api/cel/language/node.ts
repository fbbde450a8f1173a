// The syntax tree of an expression. Macros are expanded already: what is left of them are folds.
import type { Overload } from './declarations.ts';
import type { CelType } from './types.ts';

interface NodeBase {
  /** Where faults are shown: an index into the text. */
  readonly offset: number;
  /** What the checker found out. */
  type?: CelType;
}

export interface LiteralNode extends NodeBase {
  readonly kind: 'literal';
  readonly value: unknown;
  readonly literalType: CelType;
}

export interface IdentNode extends NodeBase {
  readonly kind: 'ident';
  readonly name: string;
}

export interface SelectNode extends NodeBase {
  readonly kind: 'select';
  readonly operand: CelNode;
  readonly field: string;
  /** Of `has()`. */
  readonly isTest: boolean;
  /** A variable whose name has dots. */
  variable?: string;
}

export interface CallNode extends NodeBase {
  readonly kind: 'call';
  readonly name: string;
  readonly target?: CelNode | undefined;
  readonly args: readonly CelNode[];
  /** Those whose parameters fit. */
  overloads?: readonly Overload[];
  /** `strings.quote`: the target is the first part of the function's name. */
  fullName?: string;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly { readonly value: CelNode; readonly isOptional: boolean }[];
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: readonly {
    readonly key: CelNode;
    readonly value: CelNode;
    readonly isOptional: boolean;
  }[];
}

export interface StructNode extends NodeBase {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly offset: number;
    readonly value: CelNode;
    readonly isOptional: boolean;
  }[];
}

/** A loop over a list or map with an accumulator. */
export interface FoldNode extends NodeBase {
  readonly kind: 'fold';
  readonly range: CelNode;
  readonly variable: string;
  /** The value, when `variable` is the index or key. */
  readonly second?: string | undefined;
  readonly accumulator: string;
  readonly init: CelNode;
  readonly condition: CelNode;
  readonly step: CelNode;
  readonly result: CelNode;
}

export type CelNode =
  LiteralNode | IdentNode | SelectNode | CallNode | ListNode | MapNode | StructNode | FoldNode;

/** The nodes right below one. */
export function childrenOf(node: CelNode): readonly CelNode[] {
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [node.operand];
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args;
    case 'list':
      return node.items.map(({ value }) => value);
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return node.fields.map(({ value }) => value);
    case 'fold':
      return [node.range, node.init, node.condition, node.step, node.result];
  }
}

/** `a.b.c` as text; undefined for what is not only names. */
export function qualifiedName(node: CelNode): string | undefined {
  if (node.kind === 'ident') return node.name;
  if (node.kind !== 'select' || node.isTest) return undefined;
  const operand = qualifiedName(node.operand);
  return operand === undefined ? undefined : `${operand}.${node.field}`;
}
