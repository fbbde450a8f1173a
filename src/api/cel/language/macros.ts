// Macros: calls that become other nodes when they are read, as in the reference, with its costs.
import type { CelFault } from './faults.ts';
import type { CelNode, FoldNode } from './node.ts';
import { BOOL, INT } from './types.ts';
import type { CelType } from './types.ts';

/** Name of the accumulator of the macros of lists and maps. */
export const ACCUMULATOR = '@result';
const HIDDEN: readonly string[] = [ACCUMULATOR, '__result__'];
/** The variable of folds that only bind a name. */
const UNUSED = '#unused';

/** A macro that is not used as it should be. */
export class MacroFault extends Error implements CelFault {
  readonly offset: number;

  constructor(message: string, { offset }: CelNode) {
    super(message);
    this.offset = offset;
  }
}

export interface MacroCall {
  readonly name: string;
  readonly offset: number;
  readonly target: CelNode | undefined;
  readonly args: readonly CelNode[];
}

type Expand = (call: MacroCall, args: readonly [CelNode, CelNode, CelNode, CelNode]) => CelNode;

/** The nodes of a macro, all at the place of its call. */
function builder({ offset }: { readonly offset: number }) {
  const literal = (value: unknown, literalType: CelType): CelNode => {
    return { kind: 'literal', offset, value, literalType };
  };
  return {
    bool: (value: boolean) => literal(value, BOOL),
    int: (value: bigint) => literal(value, INT),
    ident: (name: string): CelNode => ({ kind: 'ident', offset, name }),
    accumulator: (): CelNode => ({ kind: 'ident', offset, name: ACCUMULATOR }),
    list: (...values: readonly CelNode[]): CelNode => {
      const items = values.map((value) => ({ value, isOptional: false }));
      return { kind: 'list', offset, items };
    },
    call: (name: string, ...args: readonly CelNode[]): CelNode => {
      return { kind: 'call', offset, name, args };
    },
    member: (name: string, target: CelNode, ...args: readonly CelNode[]): CelNode => {
      return { kind: 'call', offset, name, target, args };
    },
    fold: (parts: Omit<FoldNode, 'kind' | 'offset' | 'type'>): CelNode => {
      return { kind: 'fold', offset, ...parts };
    },
  };
}

type Build = ReturnType<typeof builder>;

function has(call: MacroCall, [tested]: readonly CelNode[]): CelNode {
  if (tested?.kind === 'select') return { ...tested, offset: call.offset, isTest: true };
  throw new MacroFault('invalid argument to has() macro', tested ?? missing(call));
}

function missing({ offset }: MacroCall): CelNode {
  return { kind: 'ident', offset, name: '' };
}

/** The name of a variable of a macro. */
function variableOf(node: CelNode, otherwise: string): string {
  if (node.kind !== 'ident') throw new MacroFault(otherwise, node);
  if (HIDDEN.includes(node.name)) {
    throw new MacroFault('iteration variable overwrites accumulator variable', node);
  }
  return node.name;
}

interface Loop {
  readonly range: CelNode;
  readonly variable: string;
  readonly second?: string;
}

function oneVariable(call: MacroCall, node: CelNode, otherwise: string): Loop {
  return { range: call.target ?? missing(call), variable: variableOf(node, otherwise) };
}

const SIMPLE = 'argument must be a simple name';
const IDENTIFIER = 'argument is not an identifier';

function twoVariables(call: MacroCall, first: CelNode, second: CelNode): Loop {
  const loop = oneVariable(call, first, SIMPLE);
  const other = variableOf(second, SIMPLE);
  if (loop.variable !== other) return { ...loop, second: other };
  throw new MacroFault(`duplicate variable name: ${other}`, second);
}

function all(make: Build, loop: Loop, test: CelNode): CelNode {
  return make.fold({
    ...loop,
    accumulator: ACCUMULATOR,
    init: make.bool(true),
    condition: make.call('@not_strictly_false', make.accumulator()),
    step: make.call('_&&_', make.accumulator(), test),
    result: make.accumulator(),
  });
}

function exists(make: Build, loop: Loop, test: CelNode): CelNode {
  return make.fold({
    ...loop,
    accumulator: ACCUMULATOR,
    init: make.bool(false),
    condition: make.call('@not_strictly_false', make.call('!_', make.accumulator())),
    step: make.call('_||_', make.accumulator(), test),
    result: make.accumulator(),
  });
}

function existsOne(make: Build, loop: Loop, test: CelNode): CelNode {
  const more = make.call('_+_', make.accumulator(), make.int(1n));
  return make.fold({
    ...loop,
    accumulator: ACCUMULATOR,
    init: make.int(0n),
    condition: make.bool(true),
    step: make.call('_?_:_', test, more, make.accumulator()),
    result: make.call('_==_', make.accumulator(), make.int(1n)),
  });
}

function collect(
  make: Build,
  loop: Loop,
  { init, step, filter }: { init: CelNode; step: CelNode; filter: CelNode | undefined },
): CelNode {
  const filtered = filter && make.call('_?_:_', filter, step, make.accumulator());
  return make.fold({
    ...loop,
    accumulator: ACCUMULATOR,
    init,
    condition: make.bool(true),
    step: filtered ?? step,
    result: make.accumulator(),
  });
}

function append(make: Build, item: CelNode): CelNode {
  return make.call('_+_', make.accumulator(), make.list(item));
}

function map(call: MacroCall, [variable, first, second]: readonly CelNode[]): CelNode {
  if (!variable || !first) throw new MacroFault(IDENTIFIER, missing(call));
  const make = builder(call);
  const loop = oneVariable(call, variable, IDENTIFIER);
  const [filter, item] = second ? [first, second] : [undefined, first];
  return collect(make, loop, { init: make.list(), step: append(make, item), filter });
}

const filter: Expand = (call, [variable, test]) => {
  const make = builder(call);
  const loop = oneVariable(call, variable, IDENTIFIER);
  return collect(make, loop, { init: make.list(), step: append(make, variable), filter: test });
};

/** A value under a name, for one expression. */
function bind(make: Build, name: string, { value, result }: Record<'value' | 'result', CelNode>) {
  return make.fold({
    range: make.list(),
    variable: UNUSED,
    accumulator: name,
    init: value,
    condition: make.bool(false),
    step: make.ident(name),
    result,
  });
}

function optionalMap(isFlat: boolean): Expand {
  return (call, [variable, result]) => {
    const make = builder(call);
    if (variable.kind !== 'ident') {
      const message = `${call.name}() variable name must be a simple identifier`;
      throw new MacroFault(message, variable);
    }
    const target = call.target ?? missing(call);
    const value = make.member('value', target);
    const bound = bind(make, variable.name, { value, result });
    return make.call(
      '_?_:_',
      make.member('hasValue', target),
      isFlat ? bound : make.call('optional.of', bound),
      make.call('optional.none'),
    );
  };
}

const sortBy: Expand = (call, args) => {
  const make = builder(call);
  const name = '@__sortBy_input__';
  const input = make.ident(name);
  const keys = map({ ...call, target: input }, args.slice(0, 2));
  const result = make.member('@sortByAssociatedKeys', input, keys);
  return bind(make, name, { value: call.target ?? missing(call), result });
};

function transformList(call: MacroCall, args: readonly CelNode[]): CelNode {
  const make = builder(call);
  const [first, second, test, item = test] = args;
  if (!first || !second || !item) throw new MacroFault(SIMPLE, missing(call));
  const loop = twoVariables(call, first, second);
  const filtered = args.length === 4 ? test : undefined;
  return collect(make, loop, { init: make.list(), step: append(make, item), filter: filtered });
}

function transformMap(isEntry: boolean) {
  return (call: MacroCall, args: readonly CelNode[]): CelNode => {
    const make = builder(call);
    const [first, second, test, item = test] = args;
    if (!first || !second || !item) throw new MacroFault(SIMPLE, missing(call));
    const loop = twoVariables(call, first, second);
    const added = isEntry ? [item] : [make.ident(loop.variable), item];
    const step = make.call('cel.@mapInsert', make.accumulator(), ...added);
    const init: CelNode = { kind: 'map', offset: call.offset, entries: [] };
    return collect(make, loop, { init, step, filter: args.length === 4 ? test : undefined });
  };
}

function quantifier(make: (make: Build, loop: Loop, test: CelNode) => CelNode): Expand {
  return (call, args) => {
    const [first, second, third] = args;
    if (call.args.length === 3) {
      return make(builder(call), twoVariables(call, first, second), third);
    }
    return make(builder(call), oneVariable(call, first, SIMPLE), second);
  };
}

/** By name and number of arguments; all but `has` are called on a value. */
const MEMBER_MACROS: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  ...[2, 3].flatMap((count) => [
    [`all:${count}`, quantifier(all)] as const,
    [`exists:${count}`, quantifier(exists)] as const,
    [`exists_one:${count}`, quantifier(existsOne)] as const,
    [`existsOne:${count}`, quantifier(existsOne)] as const,
    [`map:${count}`, (call: MacroCall) => map(call, call.args)] as const,
  ]),
  ['filter:2', filter],
  ['optMap:2', optionalMap(false)],
  ['optFlatMap:2', optionalMap(true)],
  ['sortBy:2', sortBy],
  ...[3, 4].flatMap((count) => [
    [`transformList:${count}`, (call: MacroCall) => transformList(call, call.args)] as const,
    [`transformMap:${count}`, (call: MacroCall) => transformMap(false)(call, call.args)] as const,
    [
      `transformMapEntry:${count}`,
      (call: MacroCall) => transformMap(true)(call, call.args),
    ] as const,
  ]),
]);

/** What a macro stands for; undefined for calls of functions. Throws MacroFault. */
export function expandMacro(call: MacroCall): CelNode | undefined {
  const { name, target, args } = call;
  if (!target) return name === 'has' && args.length === 1 ? has(call, args) : undefined;
  const none = missing(call);
  const [first = none, second = none, third = none, fourth = none] = args;
  return MEMBER_MACROS.get(`${name}:${args.length}`)?.(call, [first, second, third, fourth]);
}
