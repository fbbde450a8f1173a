// Evaluates a checked expression: each node becomes a function of the state of one evaluation,
// which also counts the cost.
import { callCost } from './call-cost.ts';
import { TYPE_NAMES } from './check.ts';
import type { FunctionTable, Overload } from './declarations.ts';
import type { CallNode, CelNode, FoldNode, ListNode, MapNode, StructNode } from './node.ts';
import { childrenOf } from './node.ts';
import { CelMap, CelOptional, CelRunError, CelTypeValue, EntryMap } from './values.ts';
import { CelUint, isNumeric, isOfType, LazyMap } from './values.ts';

const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

/** An evaluation cost too much; the message is upstream's. */
export class CelCostError extends Error {
  override name = 'CelCostError';
}

/** A step of a loop failed: what comes after may do without it. */
class Failure {
  readonly error: CelRunError;

  constructor(error: CelRunError) {
    this.error = error;
  }
}

interface Scope {
  readonly name: string;
  value: unknown;
  readonly outer: Scope | undefined;
}

/** One evaluation. */
class Run {
  cost = 0;
  scope: Scope | undefined;
  readonly #variables: ReadonlyMap<string, unknown>;
  readonly #costMax: number;

  constructor(variables: ReadonlyMap<string, unknown>, costMax: number) {
    this.#variables = variables;
    this.#costMax = costMax;
  }

  spend(cost: number): void {
    this.cost += cost;
    if (this.cost <= this.#costMax) return;
    throw new CelCostError('operation cancelled: actual cost limit exceeded');
  }

  variable(name: string): unknown {
    for (let scope = this.scope; scope; scope = scope.outer) {
      if (scope.name !== name) continue;
      if (scope.value instanceof Failure) throw scope.value.error;
      return scope.value;
    }
    const value = this.#variables.get(name);
    if (value !== undefined) return value;
    throw new CelRunError(`no such attribute(s): ${name}`);
  }
}

type Step = (run: Run) => unknown;

export type Evaluator = (
  variables: ReadonlyMap<string, unknown>,
  costMax: number,
) => { readonly result: unknown; readonly cost: number };

/** An evaluator of a checked tree. It throws CelRunError and CelCostError. */
export function planExpression(root: CelNode, functions: FunctionTable): Evaluator {
  const step = plan(root, functions);
  return (variables, costMax) => {
    const run = new Run(variables, costMax);
    const result = step(run);
    return { result, cost: run.cost };
  };
}

function plan(node: CelNode, functions: FunctionTable): Step {
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'ident':
      return variableStep(node.name.replace(/^\./, ''), node);
    case 'select': {
      if (node.variable !== undefined) return variableStep(node.variable.replace(/^\./, ''), node);
      const operand = plan(node.operand, functions);
      const { field } = node;
      if (node.isTest) return (run) => hasMember(operand(run), field);
      return (run) => {
        const value = operand(run);
        run.spend(1);
        return memberOf(value, field);
      };
    }
    case 'call':
      return planCall(node, functions);
    case 'list':
      return planList(node, functions);
    case 'map':
      return planMap(node, functions);
    case 'struct':
      return planStruct(node, functions);
    case 'fold':
      return planFold(node, functions);
  }
}

function variableStep(name: string, { type }: CelNode): Step {
  // The name of a type is a constant.
  const named = type?.kind === 'type' ? TYPE_NAMES.get(name) : undefined;
  if (named) return () => new CelTypeValue(named);
  return (run) => {
    run.spend(1);
    return run.variable(name);
  };
}

function noSuchKey(key: unknown): CelRunError {
  return new CelRunError(`no such key: ${key instanceof CelUint ? key.value : String(key)}`);
}

function memberOf(value: unknown, field: string): unknown {
  if (value instanceof CelOptional) return optionalMember(value, field);
  if (!(value instanceof CelMap)) throw new CelRunError('no such overload');
  const member = value.get(field);
  if (member === undefined) throw noSuchKey(field);
  return member;
}

function hasMember(value: unknown, field: string): boolean {
  if (value instanceof CelOptional) {
    return value.value !== undefined && hasMember(value.value, field);
  }
  return value instanceof CelMap && value.get(field) !== undefined;
}

function optionalMember(value: unknown, field: unknown): CelOptional {
  const plain = value instanceof CelOptional ? value.value : value;
  if (plain === undefined) return CelOptional.NONE;
  if (!(plain instanceof CelMap)) throw new CelRunError('no such overload');
  return new CelOptional(plain.get(field));
}

function planCall(node: CallNode, functions: FunctionTable): Step {
  const isMember = node.target !== undefined && node.fullName === undefined;
  const given = isMember && node.target ? [node.target, ...node.args] : node.args;
  const args = given.map((arg) => plan(arg, functions));
  const [first, second, third] = args;
  switch (node.name) {
    case '_&&_':
      return first && second ? logical(first, second, false) : nothing;
    case '_||_':
      return first && second ? logical(first, second, true) : nothing;
    case '_?_:_':
      return first && second && third ? conditional(first, second, third) : nothing;
    case '@not_strictly_false':
      return first ? notStrictlyFalse(first) : nothing;
    case '_[_]':
    case '_[?_]':
      return first && second ? index(first, second, node.name === '_[?_]') : nothing;
    case '_?._':
      return first && second ? (run) => optionalSelect(run, first, second) : nothing;
    case 'or':
    case 'orValue':
      if (isMember && first && second) return optionalOr(first, second, node.name === 'or');
  }
  const name = node.fullName ?? node.name.replace(/^\./, '');
  return strictCall(node, { name, args, given });
}

function nothing(): never {
  throw new CelRunError('no such overload');
}

const CONVERSIONS: ReadonlySet<string> = new Set([
  'bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint',
]); // prettier-ignore

/** A call that needs all its arguments. */
function strictCall(
  { overloads = [] }: CallNode,
  { name, args, given }: { name: string; args: readonly Step[]; given: readonly CelNode[] },
): Step {
  const id = overloads.length === 1 ? (overloads[0]?.id ?? '') : idOfEquality(name);
  // The reference works out conversions of literals, and sets of them, before it counts.
  const isFixed = CONVERSIONS.has(name) && given.every(isConstant);
  const isSet = name === '@in' && given[1]?.kind === 'list' && isConstant(given[1]);
  return (run) => {
    const values = args.map((arg) => arg(run));
    const result = dispatch(overloads, values);
    if (!isFixed && !isSet) run.spend(callCost({ name, id, args: values, result }));
    return result;
  };
}

function idOfEquality(name: string): string {
  if (name === '_==_') return 'equals';
  return name === '_!=_' ? 'not_equals' : '';
}

/** Literals, conversions, lists and maps of them: the reference makes them before it counts. */
function isConstant(node: CelNode): boolean {
  if (node.kind === 'literal') return true;
  if (node.kind === 'call') return CONVERSIONS.has(node.name) && node.args.every(isConstant);
  if (node.kind === 'list')
    return node.items.every((item) => !item.isOptional && isConstant(item.value));
  if (node.kind !== 'map') return false;
  const { entries } = node;
  return entries.every((one) => !one.isOptional && isConstant(one.key) && isConstant(one.value));
}

function dispatch(overloads: readonly Overload[], values: readonly unknown[]): unknown {
  for (const { parameters, handler } of overloads) {
    if (!parameters.every((type, index) => isOfType(values[index], type))) continue;
    return (handler as (...given: readonly unknown[]) => unknown)(...values);
  }
  throw new CelRunError('no such overload');
}

/** `&&` and `||`: the side that decides does so whatever the other one is. */
function logical(first: Step, second: Step, deciding: boolean): Step {
  return (run) => {
    const left = attempt(() => first(run));
    if (left === deciding) return deciding;
    const right = attempt(() => second(run));
    if (right === deciding) return deciding;
    for (const side of [left, right]) {
      if (side instanceof Failure) throw side.error;
      if (typeof side !== 'boolean') throw new CelRunError('no such overload');
    }
    return !deciding;
  };
}

function attempt(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof CelRunError) return new Failure(error);
    throw error;
  }
}

function conditional(test: Step, yes: Step, no: Step): Step {
  return (run) => {
    const value = test(run);
    if (typeof value !== 'boolean') throw new CelRunError('no such overload');
    return value ? yes(run) : no(run);
  };
}

function notStrictlyFalse(step: Step): Step {
  return (run) => {
    const value = attempt(() => step(run));
    run.spend(1);
    return value !== false;
  };
}

function index(operand: Step, key: Step, isOptional: boolean): Step {
  return (run) => {
    const value = operand(run);
    const at = key(run);
    run.spend(1);
    const isIn = value instanceof CelOptional;
    const inner = isIn ? value.value : value;
    if (inner === undefined) return CelOptional.NONE;
    if (!isIn && !isOptional) return elementAt(inner, at);
    return new CelOptional(maybeElementAt(inner, at));
  };
}

function optionalSelect(run: Run, operand: Step, field: Step): CelOptional {
  const value = operand(run);
  run.spend(1);
  return optionalMember(value, field(run));
}

function optionalOr(operand: Step, otherwise: Step, isOptional: boolean): Step {
  return (run) => {
    const value = operand(run);
    if (!(value instanceof CelOptional)) throw new CelRunError('no such overload');
    run.spend(1);
    if (value.value === undefined) return otherwise(run);
    return isOptional ? value : value.value;
  };
}

function maybeElementAt(value: unknown, key: unknown): unknown {
  if (value instanceof CelMap) return value.get(key);
  if (!Array.isArray(value) || !isNumeric(key)) throw new CelRunError('no such overload');
  return (value as readonly unknown[])[Number(key instanceof CelUint ? key.value : key)];
}

function elementAt(value: unknown, key: unknown): unknown {
  const element = maybeElementAt(value, key);
  if (element !== undefined) return element;
  if (value instanceof CelMap) throw noSuchKey(key);
  throw new CelRunError(`index out of bounds: ${key instanceof CelUint ? key.value : String(key)}`);
}

function planList(node: ListNode, functions: FunctionTable): Step {
  const items = node.items.map(({ value, isOptional }) => {
    return { step: plan(value, functions), isOptional };
  });
  const isFixed = isConstant(node);
  return (run) => {
    const list: unknown[] = [];
    for (const { step, isOptional } of items) {
      const value = isOptional ? given(step(run)) : step(run);
      if (value !== undefined) list.push(value);
    }
    if (!isFixed) run.spend(LIST_COST);
    return list;
  };
}

/** What an optional element adds; undefined for nothing. */
function given(value: unknown): unknown {
  if (value instanceof CelOptional) return value.value;
  throw new CelRunError('no such overload');
}

function planMap(node: MapNode, functions: FunctionTable): Step {
  const entries = node.entries.map(({ key, value, isOptional }) => {
    return { key: plan(key, functions), value: plan(value, functions), isOptional };
  });
  const isFixed = isConstant(node);
  return (run) => {
    const pairs: (readonly [unknown, unknown])[] = [];
    for (const { key, value, isOptional } of entries) {
      const name = key(run);
      const found = isOptional ? given(value(run)) : value(run);
      if (found !== undefined) pairs.push([name, found]);
    }
    if (!isFixed) run.spend(MAP_COST);
    return new EntryMap(pairs);
  };
}

function planStruct(node: StructNode, functions: FunctionTable): Step {
  const fields = node.fields.map(({ name, value, isOptional }) => {
    return { name, step: plan(value, functions), isOptional };
  });
  const type = node.name.replace(/^\./, '');
  return (run) => {
    const members: Record<string, () => unknown> = {};
    for (const { name, step, isOptional } of fields) {
      const value = isOptional ? given(step(run)) : step(run);
      if (value !== undefined) members[name] = () => value;
    }
    run.spend(STRUCT_COST);
    return new LazyMap(members, type);
  };
}

function planFold(node: FoldNode, functions: FunctionTable): Step {
  const [range, init, condition, step, result] = childrenOf(node).map((one) =>
    plan(one, functions),
  );
  if (!range || !init || !condition || !step || !result) return nothing;
  const { variable, second, accumulator } = node;
  return (run) => {
    const elements = elementsOf(range(run), second !== undefined);
    const { scope: outer } = run;
    const accumulated: Scope = { name: accumulator, value: init(run), outer };
    try {
      for (const [key, value] of elements) {
        run.scope = { name: variable, value: key, outer: accumulated };
        if (second !== undefined) run.scope = { name: second, value, outer: run.scope };
        if (condition(run) === false) break;
        accumulated.value = attempt(() => step(run));
      }
      run.scope = accumulated;
      return result(run);
    } finally {
      run.scope = outer;
    }
  };
}

/** What a loop goes over: elements, or indexes and keys with their values. */
function* elementsOf(range: unknown, isTwo: boolean): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(range)) {
    const list: readonly unknown[] = range;
    for (const [index, item] of list.entries()) yield isTwo ? [BigInt(index), item] : [item, item];
  } else if (range instanceof CelMap) {
    for (const key of range.keys()) yield [key, isTwo ? range.get(key) : undefined];
  } else throw new CelRunError('no such overload');
}
