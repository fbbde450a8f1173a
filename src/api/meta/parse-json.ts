// Reads JSON as the API server must: the engine's own fast parser first; only when something is
// wrong a slower scan finds what Go's decoder would say, or which keys stand twice.
import { goQuote } from './go-quote.ts';
import type { Json } from './object.ts';

/** The text is no JSON; the message is that of Go's decoder. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError';
}

/** Deeper nesting is refused: walking it would exhaust the stack. */
const DEPTH_MAX = 1000;

/** The value of a JSON text. Throws JsonSyntaxError. */
export function parseJson(text: string): Json {
  if (shapeOf(text).depth > DEPTH_MAX) throw new JsonSyntaxError('exceeded max depth');
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    scan(text, () => {});
    throw new JsonSyntaxError(error instanceof Error ? error.message : String(error));
  }
}

const QUOTE = 34;
const BACKSLASH = 92;

/** The end of the string that starts at `start`: the index after its closing quote. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end + 1;
  }
  return text.length;
}

interface Shape {
  /** How many members all objects of the text have, counting duplicates. */
  readonly members: number;
  readonly depth: number;
}

function shapeOf(text: string): Shape {
  let members = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = stringEnd(text, index) - 1;
    else if (code === 0x3a) members += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return { members, depth: deepest };
}

function countMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
    return count;
  }
  for (const key in value) count += 1 + countMembers(value[key] as Json);
  return count;
}

/** A member as it stands in the text. */
export interface Member {
  /** Names and list positions from the root. */
  readonly path: readonly (string | number)[];
  /** True when the object had a member of that name before. */
  readonly duplicate: boolean;
}

/**
 * Every member of a valid JSON text in the order of the text, or nothing when no key stands twice
 * in one object, which is found out fast. `value` is what the text parses to.
 */
export function membersIfDuplicate(text: string, value: Json): readonly Member[] {
  if (shapeOf(text).members === countMembers(value)) return [];
  const members: Member[] = [];
  scan(text, (member) => members.push(member));
  return members;
}

interface Frame {
  readonly close: '}' | ']';
  readonly keys: Set<string>;
  /** Name of the current member, or position of the current item. */
  at: string | number;
}

type Expectation = 'value' | 'item' | 'firstKey' | 'key' | 'end';

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** Walks a JSON text; reports its members, or throws what Go would say about it. */
class Scanner {
  readonly #text: string;
  readonly #onMember: (member: Member) => void;
  readonly #frames: Frame[] = [];
  #position = 0;

  constructor(text: string, onMember: (member: Member) => void) {
    this.#text = text;
    this.#onMember = onMember;
  }

  run(): void {
    let expectation: Expectation = 'value';
    for (;;) {
      this.#take(SPACE);
      expectation = expectation === 'end' ? this.#afterValue() : this.#next(expectation);
      if (expectation === 'end' && this.#frames.length === 0) break;
    }
    this.#take(SPACE);
    if (this.#position < this.#text.length) this.#unexpected('after top-level value');
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    this.#position += found?.length ?? 0;
    return found;
  }

  #unexpected(where: string): never {
    const code = this.#text.codePointAt(this.#position);
    if (code === undefined) throw new JsonSyntaxError('unexpected end of JSON input');
    // Go looks at bytes.
    const [byte = 0] = Buffer.from(String.fromCodePoint(code), 'utf8');
    const shown = byte === 0x27 ? "'\\''" : byte === 0x22 ? `'"'` : quoteByte(byte);
    throw new JsonSyntaxError(`invalid character ${shown} ${where}`);
  }

  #next(expectation: Exclude<Expectation, 'end'>): Expectation {
    const character = this.#text[this.#position];
    if (character === ']' && expectation === 'item') return this.#close();
    if (character === '}' && expectation === 'firstKey') return this.#close();
    if (expectation === 'firstKey' || expectation === 'key') return this.#key(character);
    if (character === '{') return this.#open('}');
    if (character === '[') return this.#open(']');
    this.#scalar(character);
    return 'end';
  }

  #open(close: '}' | ']'): Expectation {
    this.#position += 1;
    this.#frames.push({ close, keys: new Set(), at: 0 });
    return close === '}' ? 'firstKey' : 'item';
  }

  #close(): Expectation {
    this.#position += 1;
    this.#frames.pop();
    return 'end';
  }

  #key(character: string | undefined): Expectation {
    if (character !== '"') this.#unexpected('looking for beginning of object key string');
    const key = JSON.parse(this.#string()) as string;
    const frame = this.#frames.at(-1);
    this.#take(SPACE);
    if (this.#text[this.#position] !== ':') this.#unexpected('after object key');
    this.#position += 1;
    if (frame !== undefined) {
      frame.at = key;
      const duplicate = frame.keys.has(key);
      frame.keys.add(key);
      this.#onMember({ path: this.#frames.map(({ at }) => at), duplicate });
    }
    return 'value';
  }

  #afterValue(): Expectation {
    const frame = this.#frames.at(-1);
    const character = this.#text[this.#position];
    if (frame === undefined) return 'end';
    if (character === frame.close) return this.#close();
    const where = frame.close === '}' ? 'after object key:value pair' : 'after array element';
    if (character !== ',') this.#unexpected(where);
    this.#position += 1;
    if (frame.close === '}') return 'key';
    frame.at = Number(frame.at) + 1;
    return 'value';
  }

  #string(): string {
    const found = this.#take(STRING);
    if (found !== undefined) return found;
    // Find the first character that cannot be.
    const good = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
    this.#take(good);
    if (this.#text[this.#position] !== '\\') this.#unexpected('in string literal');
    this.#position += 1;
    if (this.#text[this.#position] !== 'u') this.#unexpected('in string escape code');
    this.#take(/u[0-9a-fA-F]*/y);
    return this.#unexpected('in \\u hexadecimal character escape');
  }

  #scalar(character: string | undefined): void {
    if (character === '"') this.#string();
    else if (character !== undefined && /[tfn]/.test(character)) this.#literal(character);
    else if (character === undefined || !/[-0-9]/.test(character)) {
      this.#unexpected('looking for beginning of value');
    } else if (this.#take(NUMBER) === undefined) {
      this.#position += 1;
      this.#unexpected('in numeric literal');
    } else this.#numberEnd();
  }

  /** After a number: a point or exponent here lacks its digits. */
  #numberEnd(): void {
    const broken = this.#take(/\.|[eE][+-]?/y);
    if (broken === '.') this.#unexpected('after decimal point in numeric literal');
    if (broken !== undefined) this.#unexpected('in exponent of numeric literal');
  }

  #literal(character: string): void {
    if (this.#take(LITERAL) !== undefined) return;
    const word = character === 't' ? 'true' : character === 'f' ? 'false' : 'null';
    let matched = 0;
    while (this.#text[this.#position] === word[matched]) {
      matched += 1;
      this.#position += 1;
    }
    this.#unexpected(`in literal ${word} (expecting '${word[matched] ?? ''}')`);
  }
}

function quoteByte(byte: number): string {
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`;
}

function scan(text: string, onMember: (member: Member) => void): void {
  new Scanner(text, onMember).run();
}
