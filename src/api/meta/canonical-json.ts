// JSON exactly as Go's encoder writes a map: revision data and their hashes depend on every byte.

const NEEDS_CARE = /[<>&\u2028\u2029\ud800-\udfff]/;
const ESCAPED = /[<>&\u2028\u2029]/g;
// Go writes a lone surrogate as the replacement character.
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function encodeString(text: string): string {
  if (!NEEDS_CARE.test(text)) return JSON.stringify(text);
  return JSON.stringify(text.replace(LONE_SURROGATE, '\ufffd')).replace(ESCAPED, escapeCharacter);
}

/** Compares by code point, which is the order of the UTF-8 bytes. */
export function compareBytewise(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** JavaScript and Go agree on the text of every finite number but negative zero. */
function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * `value` as canonical JSON (SS-512): keys sorted bytewise, no white space, Go's escapes.
 * Members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} has no JSON form`);
  return `{${encodeMembers(value, Object.keys(value).sort(compareBytewise))}}`;
}

/** As `canonicalJson`, but keys keep the order they have: how Go prints a struct in an error. */
export function orderedGoJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(ESCAPED, escapeCharacter);
}

function encodeMembers(object: object, keys: readonly string[]): string {
  const members: string[] = [];
  for (const key of keys) {
    const member = (object as Record<string, unknown>)[key];
    if (member !== undefined) members.push(`${encodeString(key)}:${canonicalJson(member)}`);
  }
  return members.join(',');
}
