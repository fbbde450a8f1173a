// Functions of CEL as they are declared: `list(A).(A) -> int` is the type of a function of lists.
import * as t from './types.ts';
import type { CelType } from './types.ts';

/** Handlers get the receiver first. They throw CelRunError. */
export type CelHandler = (...values: never[]) => unknown;

export interface Overload {
  /** Upstream's name: costs are told by it. */
  readonly id: string;
  readonly isMember: boolean;
  /** The receiver first. */
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  readonly typeParameters: readonly string[];
  readonly handler: CelHandler;
}

/** By the name of the function. */
export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

/** `[name, id, signature, handler]`. */
export type Declaration = readonly [
  name: string,
  id: string,
  signature: string,
  handler: CelHandler,
];

const NAMED: Readonly<Record<string, CelType>> = {
  bool: t.BOOL,
  bytes: t.BYTES,
  double: t.DOUBLE,
  duration: t.DURATION,
  dyn: t.DYN,
  int: t.INT,
  null: t.NULL,
  string: t.STRING,
  timestamp: t.TIMESTAMP,
  type: t.TYPE,
  uint: t.UINT,
  'net.IP': t.opaqueOf('net.IP'),
  'net.CIDR': t.opaqueOf('net.CIDR'),
};

/** A type as declarations write it. */
export function readType(text: string): CelType {
  const [, name = '', inner] = /^([\w.]+)(?:\((.*)\))?$/.exec(text.trim()) ?? [];
  if (inner === undefined) {
    return NAMED[name] ?? (/^[A-Z]$/.test(name) ? t.paramOf(name) : t.structOf(name));
  }
  const [first = t.DYN, second = t.DYN] = splitTypes(inner).map(readType);
  if (name === 'map') return t.mapOf(first, second);
  if (name === 'optional') return t.optionalOf(first);
  return name === 'type' ? t.typeOf(first) : t.listOf(first);
}

/** At the commas that are not within brackets. */
function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return part.trim() === '' ? parts : [...parts, part];
}

function namesIn(types: readonly CelType[]): string[] {
  const own = types.flatMap(({ kind, name, parameters }) =>
    kind === 'param' ? [name] : namesIn(parameters),
  );
  return [...new Set(own)];
}

function readOverload([, id, signature, handler]: Declaration): Overload {
  const [, receiver, given = '', result = ''] =
    /^(?:(.*?)\.)??\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\) -> (.*)$/.exec(signature) ?? [];
  const isMember = receiver !== undefined;
  const parameters = splitTypes(given).map(readType);
  const all = isMember ? [readType(receiver), ...parameters] : parameters;
  const type = readType(result);
  const typeParameters = namesIn([...all, type]);
  return { id, isMember, parameters: all, result: type, typeParameters, handler };
}

/** The table of declared functions, in the order of their declarations. */
export function functionTable(declarations: readonly Declaration[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const declaration of declarations) {
    const [name] = declaration;
    table.set(name, [...(table.get(name) ?? []), readOverload(declaration)]);
  }
  return table;
}
