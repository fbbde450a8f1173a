// Reads the text form of label selectors: `a=b,c in (d,e),!f` (API-517).
import { present } from '../../base/assert.ts';
import { compareBytewise } from './canonical-json.ts';
import { invalidValue } from './field-errors.ts';
import {
  BINARY_OPERATORS,
  SelectorError,
  checkRequirement,
  type LabelOperator,
  type LabelRequirement,
} from './label-requirement.ts';
import { validateQualifiedName } from './names.ts';

type TokenKind = 'end' | 'identifier' | '(' | ')' | ',' | '!' | LabelOperator;

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const END: Token = { kind: 'end', text: '' };
const PIECE = /[ \t\r\n]*(?:([=!(),><]+)|([^ \t\r\n=!(),><]+))/y;
const SYMBOLS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  [')', ')'],
  ['(', '('],
  [',', ','],
  ['!', '!'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
]);

/** Every symbol starts with one of length one, so a run splits into the longest ones. */
function splitSymbols(run: string): Token[] {
  const tokens: Token[] = [];
  for (let start = 0; start < run.length;) {
    const two = run.slice(start, start + 2);
    const text = two.length === 2 && SYMBOLS.has(two) ? two : run.slice(start, start + 1);
    tokens.push({ kind: present(SYMBOLS.get(text), 'a symbol'), text });
    start += text.length;
  }
  return tokens;
}

function scan(text: string): Token[] {
  // Upstream's lexer takes a NUL for the end of the text.
  const nul = text.indexOf('\0');
  const source = nul < 0 ? text : text.slice(0, nul);
  const tokens: Token[] = [];
  PIECE.lastIndex = 0;
  for (let match = PIECE.exec(source); match !== null; match = PIECE.exec(source)) {
    const [, symbols, word = ''] = match;
    if (symbols !== undefined) tokens.push(...splitSymbols(symbols));
    else if (word === 'in' || word === 'notin') tokens.push({ kind: word, text: word });
    else tokens.push({ kind: 'identifier', text: word });
  }
  return tokens;
}

/** A position in the tokens; in most places the words `in` and `notin` are plain identifiers. */
class TokenReader {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = scan(text);
  }

  peek(): Token {
    const token = this.#tokens[this.#position] ?? END;
    return token.kind === 'in' || token.kind === 'notin'
      ? { kind: 'identifier', text: token.text }
      : token;
  }

  take(): Token {
    const token = this.peek();
    this.#position += 1;
    return token;
  }

  takeOperator(): Token {
    this.#position += 1;
    return this.#tokens[this.#position - 1] ?? END;
  }
}

function expected(found: Token, what: string): SelectorError {
  return new SelectorError(`found '${found.text}', expected: ${what}`);
}

function isOperator(kind: TokenKind): kind is LabelOperator {
  return (BINARY_OPERATORS as readonly string[]).includes(kind);
}

function parseRequirement(reader: TokenReader): LabelRequirement {
  const first = reader.take();
  const negated = first.kind === '!';
  const name = negated ? reader.take() : first;
  if (name.kind !== 'identifier') throw expected(name, 'identifier');
  const key = name.text;
  const messages = validateQualifiedName(key);
  if (messages.length > 0) {
    const { field, message } = invalidValue('<nil>', key, messages.join('; '));
    throw new SelectorError(`${field}: ${message}`);
  }
  const next = reader.peek().kind;
  if (negated) return { key, operator: '!', values: [] };
  if (next === 'end' || next === ',') return { key, operator: 'exists', values: [] };
  const token = reader.takeOperator();
  if (!isOperator(token.kind)) throw expected(token, BINARY_OPERATORS.join(', '));
  const values =
    token.kind === 'in' || token.kind === 'notin' ? parseValues(reader) : parseExactValue(reader);
  const sorted = [...new Set(values)].sort(compareBytewise);
  return checkRequirement({ key, operator: token.kind, values: sorted });
}

function parseExactValue(reader: TokenReader): string[] {
  const next = reader.peek();
  if (next.kind === 'end' || next.kind === ',') return [''];
  const token = reader.take();
  if (token.kind !== 'identifier') throw expected(token, 'identifier');
  return [token.text];
}

function parseValues(reader: TokenReader): string[] {
  const open = reader.take();
  if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
  const next = reader.peek();
  if (next.kind === ')') {
    reader.take();
    return [''];
  }
  if (next.kind !== 'identifier' && next.kind !== ',') {
    throw expected(next, "',', ')' or identifier");
  }
  const values = parseValueList(reader);
  reader.take();
  return values;
}

/** Values and commas up to the closing parenthesis; nothing beside a comma is the empty value. */
function parseValueList(reader: TokenReader): string[] {
  const values: string[] = [];
  for (;;) {
    const token = reader.take();
    const next = reader.peek();
    if (token.kind === 'identifier') {
      values.push(token.text);
      if (next.kind === ')') return values;
      if (next.kind !== ',') throw expected(next, "',' or ')'");
    } else if (token.kind === ',') {
      if (values.length === 0 || next.kind === ')' || next.kind === ',') values.push('');
      if (next.kind === ')') return values;
    } else {
      throw expected(token, "',', or identifier");
    }
  }
}

/** The requirements of a selector's text, sorted by key. Throws SelectorError. */
export function parseRequirements(text: string): LabelRequirement[] {
  const reader = new TokenReader(text);
  const requirements: LabelRequirement[] = [];
  for (;;) {
    const start = reader.peek();
    if (start.kind === 'end') break;
    if (start.kind !== 'identifier' && start.kind !== '!') {
      throw expected(start, "!, identifier, or 'end of string'");
    }
    requirements.push(parsePrefixed(reader));
    const separator = reader.take();
    if (separator.kind === 'end') break;
    if (separator.kind !== ',') throw expected(separator, "',' or 'end of string'");
    const following = reader.peek();
    if (following.kind !== 'identifier' && following.kind !== '!') {
      throw expected(following, "identifier after ','");
    }
  }
  return requirements.sort((left, right) => compareBytewise(left.key, right.key));
}

function parsePrefixed(reader: TokenReader): LabelRequirement {
  try {
    return parseRequirement(reader);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new SelectorError(`unable to parse requirement: ${error.message}`);
  }
}
