// Functions of strings.
import { goQuote } from '../../meta/go-quote.ts';
import type { Declaration } from '../language/declarations.ts';
import { CelRunError } from '../language/values.ts';
import { formatText } from './format-text.ts';

function outOfRange(index: bigint): CelRunError {
  return new CelRunError(`index out of range: ${index}`);
}

function charAt(text: string, index: bigint): string {
  const characters = Array.from(text);
  if (index < 0n || index > BigInt(characters.length)) throw outOfRange(index);
  return characters[Number(index)] ?? '';
}

function indexOf(text: string, part: string, from = 0n): bigint {
  if (part === '') return from;
  if (from < 0n) throw outOfRange(from);
  const characters = Array.from(text);
  const start = characters.slice(0, Number(from)).join('').length;
  if (from >= BigInt(characters.length)) return -1n;
  const found = text.indexOf(part, start);
  return found < 0 ? -1n : BigInt(Array.from(text.slice(0, found)).length);
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const characters = Array.from(text);
  if (part === '') return from ?? BigInt(characters.length);
  if (from !== undefined && from < 0n) throw outOfRange(from);
  if (from !== undefined && from >= BigInt(characters.length)) return -1n;
  const before = from === undefined ? text : characters.slice(0, Number(from)).join('');
  const found = text.lastIndexOf(part, before.length);
  return found < 0 ? -1n : BigInt(Array.from(text.slice(0, found)).length);
}

function replace(text: string, old: string, by: string, limit = -1n): string {
  if (limit < 0n) return text.replaceAll(old, () => by);
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const head = parts.slice(0, Number(limit) + 1);
  const tail = parts.slice(head.length);
  return [head.join(by), ...tail].join(old);
}

function split(text: string, separator: string, limit = -1n): string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const head = parts.slice(0, Number(limit) - 1);
  return [...head, parts.slice(head.length).join(separator)];
}

function substring(text: string, start: bigint, end?: bigint): string {
  const characters = Array.from(text);
  const size = BigInt(characters.length);
  if (end !== undefined && start > end) {
    throw new CelRunError(`invalid substring range. start: ${start}, end: ${end}`);
  }
  if (start < 0n || start > size) throw outOfRange(start);
  if (end !== undefined && (end < 0n || end > size)) throw outOfRange(end);
  return characters.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

function join(list: readonly unknown[], separator = ''): string {
  if (list.some((item) => typeof item !== 'string')) throw new CelRunError('no such overload');
  return list.join(separator);
}

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const upper = (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());

/** Spaces as Go's unicode.IsSpace has them. */
const SPACES = /^[\s\u0085]+|[\s\u0085]+$/g;

const S = 'string';

export const strings: readonly Declaration[] = [
  ['contains', 'contains_string', 'string.(string) -> bool', (a: string, b: string) => a.includes(b)],
  ['endsWith', 'ends_with_string', 'string.(string) -> bool', (a: string, b: string) => a.endsWith(b)],
  ['startsWith', 'starts_with_string', 'string.(string) -> bool', (a: string, b: string) => a.startsWith(b)],
  ['charAt', 'string_char_at_int', `${S}.(int) -> string`, charAt],
  ['indexOf', 'string_index_of_string', `${S}.(string) -> int`, indexOf],
  ['indexOf', 'string_index_of_string_int', `${S}.(string, int) -> int`, indexOf],
  ['lastIndexOf', 'string_last_index_of_string', `${S}.(string) -> int`, lastIndexOf],
  ['lastIndexOf', 'string_last_index_of_string_int', `${S}.(string, int) -> int`, lastIndexOf],
  ['lowerAscii', 'string_lower_ascii', `${S}.() -> string`, lower],
  ['upperAscii', 'string_upper_ascii', `${S}.() -> string`, upper],
  ['replace', 'string_replace_string_string', `${S}.(string, string) -> string`, replace],
  ['replace', 'string_replace_string_string_int', `${S}.(string, string, int) -> string`, replace],
  ['split', 'string_split_string', `${S}.(string) -> list(string)`, split],
  ['split', 'string_split_string_int', `${S}.(string, int) -> list(string)`, split],
  ['substring', 'string_substring_int', `${S}.(int) -> string`, substring],
  ['substring', 'string_substring_int_int', `${S}.(int, int) -> string`, substring],
  ['trim', 'string_trim', `${S}.() -> string`, (text: string) => text.replace(SPACES, '')],
  ['format', 'string_format', `${S}.(list(dyn)) -> string`, formatText],
  ['strings.quote', 'strings_quote', '(string) -> string', (text: string) => goQuote(text)],
  ['join', 'list_join', 'list(string).() -> string', join],
  ['join', 'list_join_string', 'list(string).(string) -> string', join],
  [
    'jsonpatch.escapeKey',
    'string_jsonpatch_escapeKey_string',
    '(string) -> string',
    (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
  ],
]; // prettier-ignore
