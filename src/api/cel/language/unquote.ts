// Literals of strings and bytes.

const NAMED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE =
  /\\(?:([abfnrtv"'\\?`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/gu;

/** Without quotes and prefixes; `isRaw` when escapes stand for themselves. */
function bodyOf(literal: string): { readonly body: string; readonly isRaw: boolean } {
  const isRaw = /^[rR]/.test(literal);
  const quoted = isRaw ? literal.slice(1) : literal;
  const quotes = /^("""|''')/.test(quoted) ? 3 : 1;
  return { body: quoted.slice(quotes, -quotes).replaceAll('\r\n', '\n'), isRaw };
}

function codePoint(code: number): string | undefined {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return String.fromCodePoint(code);
}

/** The text of a string literal; undefined when it has a character that does not exist. */
export function unquoteText(literal: string): string | undefined {
  const { body, isRaw } = bodyOf(literal);
  if (isRaw) return body;
  let isWrong = false;
  const text = body.replace(ESCAPE, (_, name?: string, x?: string, u?: string, U?: string, o?) => {
    if (name !== undefined) return NAMED[name] ?? name;
    const octal = o as string | undefined;
    const code = octal === undefined ? parseInt(x ?? u ?? U ?? '', 16) : parseInt(octal, 8);
    const character = codePoint(code);
    if (character === undefined) isWrong = true;
    return character ?? '';
  });
  return isWrong ? undefined : text;
}

/** The bytes of a literal without its `b`. */
export function unquoteBytes(literal: string): Uint8Array | undefined {
  const { body, isRaw } = bodyOf(literal);
  if (isRaw) return Buffer.from(body);
  const parts: Buffer[] = [];
  let at = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, name, x, u, , octal] = match;
    if (u !== undefined || whole.startsWith('\\U')) return undefined;
    parts.push(Buffer.from(body.slice(at, match.index)));
    const byte = octal === undefined ? parseInt(x ?? '', 16) : parseInt(octal, 8);
    parts.push(name === undefined ? Buffer.of(byte) : Buffer.from(NAMED[name] ?? name));
    at = match.index + whole.length;
  }
  return Buffer.concat([...parts, Buffer.from(body.slice(at))]);
}
