// The text of an expression as tokens. What is no token is a fault, and left out.
import type { CelFault } from './faults.ts';

export type TokenType =
  | 'identifier'
  | 'quoted-identifier'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  /** Operators, brackets, `in`, `true`, `false` and `null`: the text says which. */
  | 'symbol'
  | 'end';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly offset: number;
}

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7][0-7])`;
const TEXT = [
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
  String.raw`[rR]"""[^]*?"""`,
  String.raw`[rR]'''[^]*?'''`,
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
].join('|');
const SPACE = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;

const PATTERNS: readonly (readonly [TokenType, RegExp])[] = [
  ['double', /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y],
  ['uint', /0x[0-9a-fA-F]+[uU]|\d+[uU]/y],
  ['int', /0x[0-9a-fA-F]+|\d+/y],
  ['bytes', new RegExp(`[bB](?:${TEXT})`, 'y')],
  ['string', new RegExp(TEXT, 'y')],
  ['identifier', /[a-zA-Z_]\w*/y],
  ['quoted-identifier', /`[\w.\-/ ]+`/y],
  ['symbol', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];
const WORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);

function match(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

function tokenAt(text: string, offset: number): Token | undefined {
  for (const [type, pattern] of PATTERNS) {
    const found = match(pattern, text, offset);
    if (found === undefined) continue;
    const isWord = type === 'identifier' && WORDS.has(found);
    return { type: isWord ? 'symbol' : type, text: found, offset };
  }
  return undefined;
}

/** What could have begun a token, with the character that it was not. */
function unknownAt(text: string, offset: number): string {
  const quote = match(/[bB]?[rR]?["'][^\n\r]*/y, text, offset);
  const begun = quote ?? match(/[&|=]|`[\w.\-/ ]*/y, text, offset) ?? '';
  const next = Array.from(text.slice(offset + begun.length, offset + begun.length + 2))[0] ?? '';
  return quote ?? begun + next;
}

/** The tokens, ended by one of type `end`. */
export function tokenize(text: string): { tokens: Token[]; faults: CelFault[] } {
  const tokens: Token[] = [];
  const faults: CelFault[] = [];
  let offset = 0;
  while (offset < text.length) {
    offset += match(SPACE, text, offset)?.length ?? 0;
    if (offset >= text.length) break;
    const token = tokenAt(text, offset);
    if (token) {
      tokens.push(token);
      offset += token.text.length;
    } else {
      const unknown = unknownAt(text, offset);
      const message = `Syntax error: token recognition error at: '${unknown}'`;
      faults.push({ message, offset });
      offset += unknown.length;
    }
  }
  tokens.push({ type: 'end', text: '<EOF>', offset: text.length });
  return { tokens, faults };
}
