// Reads the text of an expression: a parser by recursive descent.
import type { CelFault } from './faults.ts';
import { expandMacro, MacroFault } from './macros.ts';
import { childrenOf } from './node.ts';
import type { CelNode } from './node.ts';
import {
  EXPRESSION,
  EXPRESSION_OR_END,
  Mismatch,
  startsOperand,
  TokenReader,
} from './token-reader.ts';
import { tokenize } from './tokenize.ts';
import type { Token } from './tokenize.ts';
import { BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT } from './types.ts';
import type { CelType } from './types.ts';
import { unquoteBytes, unquoteText } from './unquote.ts';
import { CelUint, INT_MAX, INT_MIN, UINT_MAX } from './values.ts';

/** Expressions within expressions. */
const DEPTH_MAX = 250;
/** Nodes of a tree. */
const NODES_MAX = 100_000;
/** Characters of an expression. */
const TEXT_MAX = 100_000;

// prettier-ignore
const RESERVED: ReadonlySet<string> = new Set([
  'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop',
  'package', 'namespace', 'return', 'var', 'void', 'while',
]);

/** The tree of an expression, or its faults. */
export type Parsed =
  | { readonly root: CelNode; readonly faults?: undefined }
  | { readonly root?: undefined; readonly faults: readonly CelFault[] };

/** Reads an expression. */
export function parseExpression(text: string): Parsed {
  const size = Array.from(text).length;
  if (size > TEXT_MAX) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${TEXT_MAX}`;
    return { faults: [{ message, offset: undefined }] };
  }
  const { tokens, faults } = tokenize(text);
  const parser = new Parser(new TokenReader(tokens, faults));
  const root = parser.whole();
  return faults.length > 0 ? { faults } : { root };
}

class TooDeep extends Error {}

/** How much work a tree is, with what macros made many times of one part of it. */
interface Measure {
  readonly size: number;
  readonly depth: number;
}

class Parser {
  readonly #reader: TokenReader;
  #depth = 0;
  readonly #measures = new Map<CelNode, Measure>();

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  whole(): CelNode {
    const reader = this.#reader;
    try {
      const root = this.#expression();
      if (reader.token.type !== 'end') {
        const { text } = reader.token;
        const isOne = reader.peek(1).type === 'end';
        reader.report(`${isOne ? 'extraneous' : 'mismatched'} input '${text}' expecting <EOF>`);
      }
      return root;
    } catch (error) {
      if (error instanceof TooDeep) {
        reader.faults.push({ message: error.message, offset: undefined });
      } else if (!(error instanceof Mismatch) && reader.faults.length === 0) throw error;
      return nothing(0);
    }
  }

  #expression(): CelNode {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) {
      throw new TooDeep(`expression recursion limit exceeded: ${DEPTH_MAX}`);
    }
    const start = this.#reader.token.offset;
    try {
      return this.#conditional();
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      this.#reader.recover();
      return nothing(start);
    } finally {
      this.#depth -= 1;
    }
  }

  #conditional(): CelNode {
    const test = this.#logical('||');
    const operator = this.#reader.takeIf('?');
    if (!operator) return test;
    const yes = this.#reader.within(':', () => this.#logical('||'));
    this.#reader.expect(':');
    const no = this.#expression();
    return { kind: 'call', offset: operator.offset, name: '_?_:_', args: [test, yes, no] };
  }

  #logical(symbol: '||' | '&&'): CelNode {
    const operand = () => (symbol === '||' ? this.#logical('&&') : this.#relation());
    const terms = [operand()];
    const offsets: number[] = [];
    for (let op = this.#reader.takeIf(symbol); op; op = this.#reader.takeIf(symbol)) {
      offsets.push(op.offset);
      terms.push(operand());
    }
    return balanced(`_${symbol}_`, terms, offsets);
  }

  #relation(): CelNode {
    const symbols = ['==', '!=', '<', '<=', '>', '>=', 'in'];
    return this.#binary(symbols, () => this.#sum());
  }

  #sum(): CelNode {
    return this.#binary(['+', '-'], () => this.#binary(['*', '/', '%'], () => this.#unary()));
  }

  #binary(symbols: readonly string[], operand: () => CelNode): CelNode {
    let left = operand();
    const operator = () => symbols.find((symbol) => this.#reader.is(symbol));
    for (let symbol = operator(); symbol !== undefined; symbol = operator()) {
      const { offset } = this.#reader.take();
      const name = symbol === 'in' ? '@in' : `_${symbol}_`;
      left = this.#limited({ kind: 'call', offset, name, args: [left, operand()] });
    }
    return left;
  }

  #unary(): CelNode {
    const reader = this.#reader;
    const { offset } = reader.token;
    try {
      const sign = reader.is('!') ? '!' : '-';
      let count = 0;
      while (reader.is(sign) && !(sign === '-' && isNumber(reader.peek(1)))) {
        reader.take();
        count += 1;
      }
      const operand = this.#member();
      if (count % 2 === 0) return operand;
      return { kind: 'call', offset, name: `${sign}_`, args: [operand] };
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      reader.recover();
      return nothing(offset);
    }
  }

  #member(): CelNode {
    let node = this.#primary();
    for (;;) {
      const { token } = this.#reader;
      if (this.#reader.is('.')) node = this.#selection(node, this.#reader.take());
      else if (this.#reader.is('[')) node = this.#index(node, this.#reader.take());
      else return node;
      node = this.#limited(node);
      if (token === this.#reader.token) return node;
    }
  }

  #selection(operand: CelNode, { offset }: Token): CelNode {
    const reader = this.#reader;
    const isOptional = reader.takeIf('?') !== undefined;
    const { type, text } = reader.token;
    if (type === 'quoted-identifier') {
      this.#fault("unsupported syntax: '`'", reader.take().offset);
      return operand;
    }
    if (type !== 'identifier') {
      const isWord = type === 'symbol' && /^\w+$/.test(text) && text !== 'in';
      const shown = type === 'end' ? '.' : `.${text}`;
      reader.report(
        isWord
          ? `mismatched input '${text}' expecting IDENTIFIER`
          : `no viable alternative at input '${shown}'`,
      );
      throw new Mismatch();
    }
    const name = reader.take();
    if (!isOptional && reader.is('(')) return this.#call(name.text, operand);
    if (!isOptional) return { kind: 'select', offset, operand, field: text, isTest: false };
    const field = literal(name, text, STRING);
    return { kind: 'call', offset, name: '_?._', args: [operand, field] };
  }

  #call(name: string, target: CelNode | undefined): CelNode {
    const { offset } = this.#reader.take();
    const args = this.#reader.within(')', () => this.#arguments());
    this.#reader.expect(')', true);
    const call = { name, offset, target, args };
    try {
      return this.#limited(expandMacro(call) ?? { kind: 'call', ...call });
    } catch (error) {
      if (!(error instanceof MacroFault)) throw error;
      this.#fault(error.message, error.offset);
      return nothing(offset);
    }
  }

  #arguments(): CelNode[] {
    const reader = this.#reader;
    if (reader.is(')')) return [];
    if (!startsOperand(reader.token) && !reader.skipOne(EXPRESSION_OR_END)) {
      reader.mismatch(EXPRESSION_OR_END);
    }
    return reader.within(',', () => {
      const args = [this.#expression()];
      while (reader.takeIf(',')) args.push(this.#expression());
      return args;
    });
  }

  #index(operand: CelNode, { offset }: Token): CelNode {
    const isOptional = this.#reader.takeIf('?') !== undefined;
    const index = this.#reader.within(']', () => this.#expression());
    this.#reader.expect(']', true);
    const name = isOptional ? '_[?_]' : '_[_]';
    return { kind: 'call', offset, name, args: [operand, index] };
  }

  #primary(): CelNode {
    const reader = this.#reader;
    if (!startsOperand(reader.token) && !reader.skipOne(EXPRESSION)) reader.mismatch(EXPRESSION);
    const { token } = reader;
    if (token.type === 'identifier') return this.#named('');
    if (token.type !== 'symbol') return this.#literal('');
    reader.take();
    switch (token.text) {
      case '(':
        return this.#nested();
      case '[':
        return this.#list(token);
      case '{':
        return this.#map(token);
      case '.':
        if (reader.token.type !== 'identifier') reader.mismatch('IDENTIFIER');
        return this.#named('.');
      case '-':
        if (!isNumber(reader.token)) {
          reader.report("no viable alternative at input '-'");
          throw new Mismatch();
        }
        return this.#literal('-', token.offset);
      case '!':
        return reader.mismatch(EXPRESSION);
      default:
        return constant(token);
    }
  }

  #nested(): CelNode {
    const inner = this.#reader.within(')', () => this.#expression());
    this.#reader.expect(')', true);
    return inner;
  }

  /** A variable, a call, or an object of a named type. */
  #named(prefix: string): CelNode {
    const reader = this.#reader;
    let ahead = 1;
    while (reader.is('.', ahead) && reader.peek(ahead + 1).type === 'identifier') ahead += 2;
    if (reader.is('{', ahead)) return this.#struct(prefix, ahead);
    const { text, offset } = reader.take();
    const isReserved = RESERVED.has(text);
    if (isReserved) this.#fault(`reserved identifier: ${text}`, offset);
    if (reader.is('(')) return this.#call(prefix + text, undefined);
    if (isReserved) return nothing(offset);
    return { kind: 'ident', offset, name: prefix + text };
  }

  #struct(prefix: string, length: number): CelNode {
    const reader = this.#reader;
    const name = prefix + Array.from({ length }, () => reader.take().text).join('');
    const { offset } = reader.take();
    type Field = { name: string; offset: number; value: CelNode; isOptional: boolean };
    const fields: Field[] = [];
    while (!reader.is('}')) {
      const isOptional = reader.takeIf('?') !== undefined;
      if (reader.token.type !== 'identifier') {
        reader.mismatch("{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
      }
      const field = reader.take().text;
      const colon = reader.expect(':');
      const value = reader.within('}', () => reader.within(',', () => this.#expression()));
      fields.push({ name: field, offset: colon.offset, value, isOptional });
      if (!reader.takeIf(',')) break;
    }
    if (!reader.is('}')) reader.mismatch("{'}', ','}");
    reader.take();
    return { kind: 'struct', offset, name, fields };
  }

  #list({ offset }: Token): CelNode {
    const reader = this.#reader;
    const items: { value: CelNode; isOptional: boolean }[] = [];
    while (!reader.is(']')) {
      const isOptional = reader.takeIf('?') !== undefined;
      const value = reader.within(']', () => reader.within(',', () => this.#expression()));
      items.push({ value, isOptional });
      if (!reader.takeIf(',')) break;
    }
    if (!reader.is(']')) reader.mismatch("{']', ','}");
    reader.take();
    return { kind: 'list', offset, items };
  }

  #map({ offset }: Token): CelNode {
    const reader = this.#reader;
    const entries: { key: CelNode; value: CelNode; isOptional: boolean; offset: number }[] = [];
    while (!reader.is('}')) {
      const isOptional = reader.takeIf('?') !== undefined;
      const key = reader.within(':', () => reader.within('}', () => this.#expression()));
      const colon = reader.expect(':');
      const value = reader.within('}', () => reader.within(',', () => this.#expression()));
      entries.push({ key, value, isOptional, offset: colon.offset });
      if (!reader.takeIf(',')) break;
    }
    if (!reader.is('}')) reader.mismatch("{'}', ','}");
    reader.take();
    return { kind: 'map', offset, entries };
  }

  #literal(sign: string, offset = this.#reader.token.offset): CelNode {
    const token = { ...this.#reader.take(), offset };
    const value = literalValue(token, sign);
    if (typeof value === 'object') return literal(token, value.value, value.type);
    this.#fault(value, token.offset);
    return nothing(token.offset);
  }

  /** The node. Throws TooDeep when what it stands for is more than anybody walks through. */
  #limited(node: CelNode): CelNode {
    const { size, depth } = this.#measure(node);
    if (depth > DEPTH_MAX) throw new TooDeep('max recursion depth exceeded');
    if (size > NODES_MAX) throw new TooDeep('expression is too large');
    return node;
  }

  #measure(node: CelNode): Measure {
    const known = this.#measures.get(node);
    if (known) return known;
    const parts = childrenOf(node).map((child) => this.#measure(child));
    const size = parts.reduce((sum, part) => sum + part.size, 1);
    const measure = { size, depth: 1 + Math.max(0, ...parts.map((part) => part.depth)) };
    this.#measures.set(node, measure);
    return measure;
  }

  /** A fault that does not keep the parser from going on. */
  #fault(message: string, offset: number): void {
    this.#reader.faults.push({ message, offset });
  }
}

function isNumber({ type }: Token): boolean {
  return type === 'int' || type === 'double';
}

/** Stands for what could not be read. */
function nothing(offset: number): CelNode {
  return { kind: 'list', offset, items: [] };
}

function literal({ offset }: Token, value: unknown, literalType: CelType): CelNode {
  return { kind: 'literal', offset, value, literalType };
}

function constant(token: Token): CelNode {
  if (token.text === 'null') return literal(token, null, NULL);
  return literal(token, token.text === 'true', BOOL);
}

/** The value of a literal, or what is wrong with it. */
function literalValue(
  { type, text }: Token,
  sign: string,
): { readonly value: unknown; readonly type: CelType } | string {
  switch (type) {
    case 'int': {
      const value = sign === '-' ? -BigInt(text) : BigInt(text);
      return value < INT_MIN || value > INT_MAX ? 'invalid int literal' : { value, type: INT };
    }
    case 'uint': {
      const value = BigInt(text.slice(0, -1));
      if (value > UINT_MAX) return 'invalid uint literal';
      return { value: new CelUint(value), type: UINT };
    }
    case 'double': {
      const value = Number(sign + text);
      return Number.isFinite(value) ? { value, type: DOUBLE } : 'invalid double literal';
    }
    case 'bytes': {
      const value = unquoteBytes(text.slice(1));
      return value ? { value, type: BYTES } : 'unable to unescape string';
    }
    default: {
      const value = unquoteText(text);
      return value === undefined ? 'invalid unicode code point' : { value, type: STRING };
    }
  }
}

/** A chain of one operator as a tree of little depth. */
function balanced(name: string, terms: readonly CelNode[], offsets: readonly number[]): CelNode {
  const termAt = (index: number): CelNode => terms[index] ?? nothing(0);
  const between = (low: number, high: number): CelNode => {
    const middle = Math.floor((low + high + 1) / 2);
    const left = middle === low ? termAt(middle) : between(low, middle - 1);
    const right = middle === high ? termAt(middle + 1) : between(middle + 1, high);
    return { kind: 'call', offset: offsets[middle] ?? 0, name, args: [left, right] };
  };
  return offsets.length === 0 ? termAt(0) : between(0, offsets.length - 1);
}
