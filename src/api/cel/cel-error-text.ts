// Faults of expressions in the words of the reference (API-1010), which is written in Go and has
// another parser and checker than ours.
import { celFunctionNames } from './cel-environment.ts';

/** What the library tells about a fault. */
export interface CelFault {
  readonly name: string;
  readonly code: string;
  readonly summary: string;
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  readonly node?: CelNode | undefined;
}

/** The part of a syntax node that we read. */
export interface CelNode {
  readonly op?: string;
  readonly args?: unknown;
  readonly start: number;
  readonly end: number;
  readonly checkedType?: { readonly name: string };
}

const EXPECTED =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, " +
  'BYTES, IDENTIFIER}';

/** `ERROR: <input>:1:8: …` with the line and a caret under the place. */
export function faultText(expression: string, fault: CelFault): string {
  const { message, offset } =
    fault.name === 'ParseError' ? syntaxFault(expression, fault) : typeFault(expression, fault);
  const before = expression.slice(0, offset).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = expression.split('\n')[before.length - 1] ?? '';
  const place = `<input>:${before.length}:${column + 1}`;
  return `ERROR: ${place}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

interface Placed {
  readonly message: string;
  readonly offset: number;
}

function syntaxFault(expression: string, { summary, range }: CelFault): Placed {
  const offset = range?.start ?? 0;
  const token = /^\s*(\w+|\S)/.exec(expression.slice(offset))?.[1] ?? '<EOF>';
  if (offset >= expression.length || token === '<EOF>') {
    const message = `Syntax error: mismatched input '<EOF>' expecting ${EXPECTED}`;
    return { message, offset: expression.length };
  }
  if (!summary.startsWith('Unexpected')) return { message: `Syntax error: ${summary}`, offset };
  const isAfter = /[\w)\]}'"]\s*$/.test(expression.slice(0, offset));
  const message = isAfter
    ? `Syntax error: extraneous input '${token}' expecting <EOF>`
    : `Syntax error: mismatched input '${token}' expecting ${EXPECTED}`;
  return { message, offset };
}

const OPERATORS: Readonly<Record<string, string>> = {
  in: '@in',
  '&&': '_&&_',
  '||': '_||_',
  '?:': '_?_:_',
  '!_': '!_',
  '-_': '-_',
  '[]': '_[_]',
};

function typeFault(expression: string, { code, summary, range, node }: CelFault): Placed {
  const start = range?.start ?? 0;
  switch (code) {
    case 'unknown_variable': {
      const name = /: (.*)$/.exec(summary)?.[1] ?? '';
      return { message: undeclared(name), offset: start };
    }
    case 'no_such_key': {
      const name = /: (.*)$/.exec(summary)?.[1] ?? '';
      const dot = expression.lastIndexOf('.', Math.max(start - 1, 0));
      return { message: `undefined field '${name}'`, offset: dot < 0 ? start : dot };
    }
    case 'no_such_overload':
      return operatorFault(expression, summary, node);
    case 'no_matching_overload':
      return callFault(expression, summary, node);
    default:
      return { message: summary, offset: start };
  }
}

function undeclared(name: string): string {
  return `undeclared reference to '${name}' (in container '')`;
}

function nodesOf({ args }: CelNode): CelNode[] {
  const list: unknown[] = Array.isArray(args) ? args.flat() : [args];
  return list.filter((one): one is CelNode => typeof one === 'object' && one !== null);
}

function operatorFault(expression: string, summary: string, node: CelNode | undefined): Placed {
  const operator = node?.op ?? '';
  const operands = node ? nodesOf(node) : [];
  const types = operands.map(({ checkedType }) => celTypeName(checkedType?.name ?? 'dyn'));
  const name = OPERATORS[operator] ?? `_${operator}_`;
  if (node === undefined) return { message: summary, offset: 0 };
  const [left] = operands;
  const sign = operator.replace('_', '').charAt(0);
  const offset = operands.length > 1 && left ? expression.indexOf(sign, left.end) : node.start;
  return { message: noOverload(name, types.join(', ')), offset: Math.max(offset, 0) };
}

function noOverload(name: string, types: string): string {
  return `found no matching overload for '${name}' applied to '${
    types.startsWith('(') || /^\S+\.\(/.test(types) ? types : `(${types})`
  }'`;
}

function callFault(expression: string, summary: string, node: CelNode | undefined): Placed {
  const call = /'(.*)'/s.exec(summary)?.[1] ?? '';
  const [, owner, name = '', types = ''] = /^(?:(.*)\.)?([\w]+)\((.*)\)$/s.exec(call) ?? [];
  const shown = name === 'matchesPattern' ? 'matches' : name;
  const from = node?.start ?? 0;
  const at = expression.indexOf(`${shown}(`, from);
  const offset = at < 0 ? from : at + shown.length;
  if (!celFunctionNames().has(name)) return { message: undeclared(shown), offset };
  const parameters = `(${celTypeName(types)})`;
  const applied = owner === undefined ? parameters : `${celTypeName(owner)}.${parameters}`;
  return { message: noOverload(shown, applied), offset };
}

/** `list<string>` → `list(string)`; generated names of objects are `object`. */
function celTypeName(name: string): string {
  return name
    .replaceAll('<', '(')
    .replaceAll('>', ')')
    .replace(/\bnull_type\b/g, 'null')
    .replace(/\blist\b(?!\()/g, 'list(dyn)')
    .replace(/\bmap\b(?!\()/g, 'map(dyn, dyn)');
}

/** The text of a failure while an expression ran. */
export function runText(error: unknown): string {
  const text = summaryOf(error);
  const index = /index out of bounds, index (-?\d+)/.exec(text)?.[1];
  if (index !== undefined) return `index out of bounds: ${index}`;
  const overload = /no such overload|found no matching overload/.test(text);
  if (overload) return 'no such overload';
  if (text.startsWith('integer overflow')) return 'integer overflow';
  return text.replace(/^No such key:/, 'no such key:').replace('Modulo by zero', 'modulus by zero');
}

function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const summary: unknown = Reflect.get(error, 'summary');
  return typeof summary === 'string' ? summary : error.message;
}
