// Reads tokens for the parser, and says what was expected in the words of the reference, whose
// parser is generated: a single wrong token is left out, or thought in, before parsing gives up.
import type { CelFault } from './faults.ts';
import type { Token } from './tokenize.ts';

/** The rule that was being read can't go on. */
export class Mismatch extends Error {}

/** Faults before reading stops. */
const FAULTS_MAX = 30;

const STARTS = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER";
export const EXPRESSION = `{'[', '{', '(', '.', '-', '!', ${STARTS}}`;
export const EXPRESSION_OR_END = `{'[', '{', '(', ')', '.', '-', '!', ${STARTS}}`;

const OPERATORS: ReadonlySet<string> = new Set([
  '==',
  '!=',
  'in',
  '<',
  '<=',
  '>=',
  '>',
  '&&',
  '||',
  '[',
  '.',
  '-',
  '?',
  '+',
  '*',
  '/',
  '%',
]);
const CLOSERS: ReadonlySet<string> = new Set([')', ']', '}', ',', ':']);

export class TokenReader {
  readonly faults: CelFault[];
  readonly #tokens: readonly Token[];
  #next = 0;
  /** Set after a fault, until a token fits: one mistake is told once. */
  #isRecovering = false;
  /** What the rules being read may be ended by. */
  readonly #ends: string[] = [];

  constructor(tokens: readonly Token[], faults: CelFault[]) {
    this.#tokens = tokens;
    this.faults = faults;
  }

  get token(): Token {
    return this.peek(0);
  }

  peek(ahead: number): Token {
    const token = this.#tokens[this.#next + ahead] ?? this.#tokens.at(-1);
    if (!token) throw new Error('no tokens');
    return token;
  }

  is(symbol: string, ahead = 0): boolean {
    const { type, text } = this.peek(ahead);
    return type === 'symbol' && text === symbol;
  }

  take(): Token {
    const { token } = this;
    this.#isRecovering = false;
    this.#next += 1;
    return token;
  }

  takeIf(symbol: string): Token | undefined {
    return this.is(symbol) ? this.take() : undefined;
  }

  /** Reads what is between brackets. */
  within<T>(end: string, read: () => T): T {
    this.#ends.push(end);
    try {
      return read();
    } finally {
      this.#ends.pop();
    }
  }

  /** Takes a symbol; `follows` when what may come after it ends an operand. */
  expect(symbol: string, follows = false): Token {
    if (this.is(symbol)) return this.take();
    const { token } = this;
    if (this.is(symbol, 1)) {
      this.report(`extraneous input '${token.text}' expecting '${symbol}'`);
      this.#next += 1;
      return this.take();
    }
    if (follows && this.#endsOperand(token)) {
      this.report(`missing '${symbol}' at '${token.text}'`);
      return token;
    }
    return this.mismatch(`'${symbol}'`);
  }

  /** Stops the rule that is being read. */
  mismatch(expected: string): never {
    this.report(`mismatched input '${this.token.text}' expecting ${expected}`);
    throw new Mismatch();
  }

  /** Leaves out one token when the next starts an operand. */
  skipOne(expected: string): boolean {
    if (!startsOperand(this.peek(1)) || this.token.type === 'end') return false;
    this.report(`extraneous input '${this.token.text}' expecting ${expected}`);
    this.#next += 1;
    return true;
  }

  report(message: string, offset = this.token.offset): void {
    if (!this.#isRecovering) this.faults.push({ message: `Syntax error: ${message}`, offset });
    this.#isRecovering = true;
    if (this.faults.length > FAULTS_MAX) throw new Error('too many syntax errors');
  }

  /** After a mismatch: goes to where an operand may have ended. */
  recover(): void {
    while (!this.#endsOperand(this.token)) this.#next += 1;
  }

  #endsOperand({ type, text }: Token): boolean {
    if (type === 'end') return true;
    if (type !== 'symbol') return false;
    return OPERATORS.has(text) || (CLOSERS.has(text) && this.#ends.some((end) => end === text));
  }
}

/** True when a token can start an expression. */
export function startsOperand({ type, text }: Token): boolean {
  if (type === 'symbol') {
    return ['[', '{', '(', '.', '-', '!', 'true', 'false', 'null'].includes(text);
  }
  return type !== 'end' && type !== 'quoted-identifier';
}
