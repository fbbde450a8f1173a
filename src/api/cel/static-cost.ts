// What an expression may cost at most, for values as large as their schema lets them be (API-1010).
// Follows the estimate of the reference: a unit a step, and by size where strings and lists are
// walked. What has no limit may be as large as a request.
import { additionalSchema, itemsOf, propertyOf } from '../apiextensions/structural-schema.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { escapedName } from './cel-types.ts';

/** Bytes of the largest request. */
const REQUEST_BYTES_MAX = 3 * 1024 * 1024;
const TEXT_FACTOR = 0.1;
const PATTERN_FACTOR = 0.25;
const LIST_COST = 10;
const MAP_COST = 30;

interface Node {
  readonly op: string;
  readonly args: unknown;
}

/** A value as far as it is known: its schema, and how large it can be. */
interface Shape {
  readonly schema?: Schema | undefined;
  readonly size?: number | undefined;
}

interface Estimate {
  readonly cost: number;
  readonly shape: Shape;
}

type Scope = ReadonlyMap<string, Shape>;

/** The most that an expression can cost; `schemas` are those of its variables. */
export function estimateCost(ast: unknown, schemas: Readonly<Record<string, Schema>>): number {
  const scope = new Map(Object.entries(schemas).map(([name, schema]) => [name, shapeOf(schema)]));
  return Math.ceil(estimate(ast as Node, scope).cost);
}

/** How many values of the schema an object can hold, when one is within `outer` others. */
export function itemsMax(list: Schema): number {
  const items = itemsOf(list);
  const least = items ? bytesMin(items) : 1;
  return list.maxItems ?? Math.floor((REQUEST_BYTES_MAX - 2) / (least + 1));
}

/** The same for the members of a map. */
export function membersMax(map: Schema): number {
  const additional = additionalSchema(map);
  const least = additional ? bytesMin(additional) : 1;
  return map.maxProperties ?? Math.floor((REQUEST_BYTES_MAX - 2) / (least + 6));
}

/** The shortest JSON of a value, in bytes. */
function bytesMin(schema: Schema): number {
  switch (schema.type) {
    case 'boolean':
      return 4;
    case 'integer':
    case 'number':
      return 1;
    case 'array':
    case 'string':
      return 2;
    case 'object': {
      const required = (schema.required ?? []).map((name) => {
        const property = propertyOf(schema, name);
        return name.length + 4 + (property ? bytesMin(property) : 1);
      });
      return required.reduce((sum, bytes) => sum + bytes, 2);
    }
    default:
      return 1;
  }
}

function textMax({ maxLength, enum: values, format }: Schema): number {
  if (values && values.length > 0) {
    return Math.max(...values.map((value) => String(value).length));
  }
  if (format === 'duration') return 32;
  if (format === 'date') return 12;
  if (format === 'date-time' || format === 'datetime') return 27;
  // In UTF-8 a character may have four bytes.
  return maxLength === undefined ? REQUEST_BYTES_MAX - 2 : maxLength * 4;
}

function shapeOf(schema: Schema | undefined): Shape {
  if (schema === undefined) return {};
  if (schema.type === 'string') return { schema, size: textMax(schema) };
  if (schema.type === 'array') return { schema, size: itemsMax(schema) };
  if (schema.type === 'object' && additionalSchema(schema)) {
    return { schema, size: membersMax(schema) };
  }
  return { schema };
}

function sizeOf({ size }: Shape): number {
  return size ?? REQUEST_BYTES_MAX;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value;
}

function nodesIn(args: unknown): Node[] {
  return (Array.isArray(args) ? (args as unknown[]).flat(2) : [args]).filter(isNode);
}

function estimate(node: Node, scope: Scope): Estimate {
  const { op, args } = node;
  switch (op) {
    case 'value':
      return { cost: 0, shape: { size: literalSize(args) } };
    case 'id':
      return { cost: 1, shape: scope.get(String(args)) ?? {} };
    case '.':
    case '.?':
      return select(args as [Node, string], scope);
    case '[]':
    case '[?]':
      return index(args as [Node, Node], scope);
    case 'list':
      return literal(nodesIn(args), LIST_COST, scope);
    case 'map':
      return literal(nodesIn(args), MAP_COST, scope);
    case '?:':
      return choice(nodesIn(args), scope);
    case 'call':
      return call(args as [string, Node[]], scope);
    case 'rcall':
      return memberCall(args as [string, Node, Node[]], scope);
    default:
      return operation(op, nodesIn(args), scope);
  }
}

function literalSize(value: unknown): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 1;
}

function select([operand, name]: [Node, string], scope: Scope): Estimate {
  const { cost, shape } = estimate(operand, scope);
  return { cost: cost + 1, shape: memberShape(shape, name) };
}

function memberShape({ schema }: Shape, field: string): Shape {
  if (!schema) return {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (escapedName(name) === field) return shapeOf(property);
  }
  return shapeOf(additionalSchema(schema));
}

function elementShape({ schema }: Shape): Shape {
  return schema ? shapeOf(itemsOf(schema) ?? additionalSchema(schema)) : {};
}

function index([operand, key]: [Node, Node], scope: Scope): Estimate {
  const { cost, shape } = estimate(operand, scope);
  return { cost: cost + estimate(key, scope).cost + 1, shape: elementShape(shape) };
}

function literal(members: readonly Node[], base: number, scope: Scope): Estimate {
  const costs = members.map((member) => estimate(member, scope).cost);
  const cost = costs.reduce((sum, one) => sum + one, base);
  return { cost, shape: { size: members.length } };
}

function choice(parts: readonly Node[], scope: Scope): Estimate {
  const [test, yes, no] = parts.map((part) => estimate(part, scope));
  if (!test || !yes || !no) return { cost: 1, shape: {} };
  const size = Math.max(sizeOf(yes.shape), sizeOf(no.shape));
  return { cost: test.cost + Math.max(yes.cost, no.cost), shape: { ...yes.shape, size } };
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Also of scalars, whose size is one. */
function walked({ schema, size }: Shape): number {
  if (size !== undefined) return size;
  return schema?.type === undefined ? REQUEST_BYTES_MAX : 1;
}

function operation(op: string, operands: readonly Node[], scope: Scope): Estimate {
  const [left, right] = operands.map((operand) => estimate(operand, scope));
  const cost = (left?.cost ?? 0) + (right?.cost ?? 0);
  if (!left || !right) return { cost: cost + 1, shape: {} };
  if (op === '&&' || op === '||') return { cost, shape: {} };
  const [a, b] = [walked(left.shape), walked(right.shape)];
  if (COMPARISONS.has(op))
    return { cost: cost + Math.max(1, Math.min(a, b) * TEXT_FACTOR), shape: {} };
  if (op === 'in') return { cost: cost + b, shape: {} };
  if (op === '+')
    return {
      cost: cost + Math.max(1, (a + b) * TEXT_FACTOR),
      shape: { ...left.shape, size: a + b },
    };
  return { cost: cost + 1, shape: {} };
}

function call([name, args]: [string, Node[]], scope: Scope): Estimate {
  if (name === 'has') {
    const [test] = args;
    // The last step of the path is the test itself.
    return { cost: test ? estimate(test, scope).cost - 1 : 0, shape: {} };
  }
  const parts = args.map((arg) => estimate(arg, scope));
  const cost = parts.reduce((sum, part) => sum + part.cost, 0);
  const [first] = parts;
  const own = first && WALKING.has(name) ? walked(first.shape) * TEXT_FACTOR : 1;
  const shape = name === 'string' || name === 'dyn' ? (first?.shape ?? {}) : {};
  return { cost: cost + Math.max(1, own), shape };
}

/** Functions that read their argument from end to end. */
const WALKING: ReadonlySet<string> = new Set([
  'quantity', 'isQuantity', 'url', 'isURL', 'ip', 'isIP', 'cidr', 'isCIDR', 'semver', 'isSemver',
  'bytes', 'string', 'timestamp', 'duration',
]); // prettier-ignore
const MACROS: ReadonlySet<string> = new Set([
  'all', 'exists', 'exists_one', 'existsOne', 'map', 'filter',
]); // prettier-ignore
const PATTERNS: ReadonlySet<string> = new Set(['matchesPattern', 'find', 'findAll']);
const LIST_WALKS: ReadonlySet<string> = new Set([
  'isSorted', 'sum', 'min', 'max', 'indexOf', 'lastIndexOf', 'distinct', 'reverse', 'sort',
]); // prettier-ignore

function memberCall([name, receiver, args]: [string, Node, Node[]], scope: Scope): Estimate {
  const isBinding = name === 'bind' && receiver.op === 'id' && receiver.args === 'cel';
  if (isBinding) return binding(args, scope);
  const target = estimate(receiver, scope);
  if (MACROS.has(name)) return comprehension(name, target, { args, scope });
  const parts = args.map((arg) => estimate(arg, scope));
  const cost = parts.reduce((sum, part) => sum + part.cost, target.cost);
  const own = Math.max(1, memberCost(name, target.shape, parts[0]?.shape ?? {}));
  return { cost: cost + own, shape: resultShape(name, target.shape) };
}

function memberCost(name: string, target: Shape, argument: Shape): number {
  const size = walked(target);
  if (name === 'contains') return size * TEXT_FACTOR * walked(argument) * TEXT_FACTOR;
  if (name === 'startsWith' || name === 'endsWith') return walked(argument) * TEXT_FACTOR;
  if (PATTERNS.has(name)) {
    return (size + 1) * TEXT_FACTOR * Math.max(1, walked(argument) * PATTERN_FACTOR);
  }
  if (LIST_WALKS.has(name)) return target.schema?.type === 'string' ? size * TEXT_FACTOR : size;
  if (/^(lowerAscii|upperAscii|trim|split|replace|substring|join|format)$/.test(name)) {
    return size * TEXT_FACTOR;
  }
  return 1;
}

function resultShape(name: string, target: Shape): Shape {
  if (name === 'orValue' || name === 'value') return target;
  return ['min', 'max'].includes(name) ? elementShape(target) : { size: target.size };
}

function binding([name, value, body]: readonly Node[], scope: Scope): Estimate {
  if (!name || !value || !body) return { cost: 1, shape: {} };
  const bound = estimate(value, scope);
  const inner = estimate(body, new Map([...scope, [String(name.args), bound.shape]]));
  return { cost: bound.cost + inner.cost + LIST_COST, shape: inner.shape };
}

function comprehension(
  name: string,
  range: Estimate,
  { args, scope }: { args: readonly Node[]; scope: Scope },
): Estimate {
  const [variable, ...bodies] = args;
  const { schema } = range.shape;
  // The variable is a key of a map, which may be as long as a text.
  const isMap = schema !== undefined && itemsOf(schema) === undefined;
  const element = isMap ? { size: REQUEST_BYTES_MAX } : elementShape(range.shape);
  const inner = new Map([...scope, [String(variable?.args), element]]);
  const costs = bodies.map((body) => estimate(body, inner).cost);
  const step = costs.reduce((sum, cost) => sum + cost, STEP_COSTS[name] ?? 3);
  const size = sizeOf(range.shape);
  return { cost: range.cost + size * step + 1, shape: { ...range.shape, size } };
}

/** What a macro does itself with each element. */
const STEP_COSTS: Readonly<Record<string, number>> = {
  all: 3,
  exists: 4,
  exists_one: 3,
  existsOne: 3,
  map: 12,
  filter: 13,
};
