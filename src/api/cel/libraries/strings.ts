// Functions of strings that the CEL library lacks: replace, charAt, reverse, quote, format; and
// regular expressions in linear time.
import { goQuote } from '../../meta/go-quote.ts';
import { compilePattern, PatternError } from '../../meta/pattern.ts';
import type { Pattern } from '../../meta/pattern.ts';
import { CelRunError } from './library.ts';
import type { CelLibrary } from './library.ts';

function patternOf(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    if (error instanceof PatternError) throw new CelRunError(error.message);
    throw error;
  }
}

function charAt(text: string, index: bigint): string {
  const characters = Array.from(text);
  if (index < 0n || index > BigInt(characters.length)) {
    throw new CelRunError(`index out of range: ${index}`);
  }
  return characters[Number(index)] ?? '';
}

function replace(text: string, old: string, by: string, limit = -1n): string {
  if (limit < 0n) return text.replaceAll(old, () => by);
  const parts = text.split(old);
  const head = parts.slice(0, Number(limit) + 1);
  const tail = parts.slice(head.length);
  return [head.join(by), ...tail].join(old);
}

function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  const text = template.replace(
    /%(?:%|(?:\.(\d+))?([a-zA-Z]))/g,
    (clause, digits: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%';
      if (next >= values.length) throw new CelRunError(`index ${next} out of range`);
      const value = values[next++];
      return clauseText(value, verb, digits === undefined ? undefined : Number(digits)) ?? clause;
    },
  );
  return text;
}

function clauseText(value: unknown, verb: string, digits: number | undefined): string | undefined {
  switch (verb) {
    case 's':
      return plainText(value);
    case 'd':
      return typeof value === 'bigint' ? value.toString() : String(Math.trunc(Number(value)));
    case 'f':
      return Number(value).toFixed(digits ?? 6);
    case 'e':
      return Number(value).toExponential(digits ?? 6);
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : BigInt(value as bigint).toString(2);
    case 'o':
      return BigInt(value as bigint).toString(8);
    case 'x':
    case 'X': {
      const hex =
        typeof value === 'string'
          ? Buffer.from(value).toString('hex')
          : BigInt(value as bigint).toString(16);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      throw new CelRunError(
        `could not parse formatting clause: unrecognized formatting clause "${verb}"`,
      );
  }
}

function plainText(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(plainText).join(', ')}]`;
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return (value as bigint | number | boolean).toString();
  const members = Object.entries(value).map(([name, one]) => `${name}: ${plainText(one)}`);
  return `{${members.toSorted().join(', ')}}`;
}

class Strings {}

const N = 'StringsNamespace';

export const strings: CelLibrary = {
  types: [[N, Strings]],
  namespaces: { strings: [N, new Strings()] },
  functions: [
    ['string.charAt(int): string', charAt],
    ['string.replace(string, string): string', replace],
    ['string.replace(string, string, int): string', replace],
    ['string.reverse(): string', (text: string) => Array.from(text).reverse().join('')],
    ['string.format(list<dyn>): string', format],
    [`${N}.quote(string): string`, (_: Strings, text: string) => goQuote(text)],
    // `matches` is renamed before it is checked: the library's own is not linear.
    ['string.matchesPattern(string): bool', (text: string, re: string) => patternOf(re).test(text)],
    [
      'matchesPattern(string, string): bool',
      (text: string, re: string) => patternOf(re).test(text),
    ],
    [
      'string.find(string): string',
      (text: string, re: string) => patternOf(re).findAll(text, 1)[0] ?? '',
    ],
    [
      'string.findAll(string): list<string>',
      (text: string, re: string) => patternOf(re).findAll(text, text.length + 1),
    ],
    [
      'string.findAll(string, int): list<string>',
      (text: string, re: string, limit: bigint) =>
        patternOf(re).findAll(text, limit < 0n ? text.length + 1 : Number(limit)),
    ],
  ],
};
