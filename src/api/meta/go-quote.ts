// Texts inside error messages look as Go prints them; this is Go's way to quote a string.

// prettier-ignore
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'], ['\\', '\\\\'], ['\x07', '\\a'], ['\b', '\\b'], ['\f', '\\f'],
  ['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t'], ['\v', '\\v'],
]);

// What Go calls unprintable: control, format, private and unassigned characters, lone surrogates,
// and every separator but the plain space.
const UNPRINTABLE = /["\\]|\p{C}|(?! )\p{Z}/gu;

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** The text in double quotes, as Go's `%q` prints it. */
export function goQuote(text: string): string {
  return `"${text.replace(UNPRINTABLE, escapeCharacter)}"`;
}
