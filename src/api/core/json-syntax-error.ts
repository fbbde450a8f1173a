// Where and why a text is not JSON, in the words of Go's decoder.

const SPACE = /[ \t\r\n]/;

/** The first syntax error of the text; undefined when it is JSON. */
export function jsonSyntaxError(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return scan(text);
  }
}

/** A scan that is exact for the usual mistakes: an empty text, a wrong first or last character. */
function scan(text: string): string {
  let i = 0;
  while (i < text.length && SPACE.test(text.charAt(i))) i++;
  const first = text.charAt(i);
  if (first === '') return 'unexpected end of JSON input';
  if (!/[[{"\-0-9tfn]/.test(first)) {
    return `invalid character ${quoted(first)} looking for beginning of value`;
  }
  for (let end = text.length; end > i; end--) {
    if (!isPrefixValue(text.slice(i, end))) continue;
    const rest = text.slice(end).trimStart();
    if (rest !== '') return `invalid character ${quoted(rest.charAt(0))} after top-level value`;
  }
  return 'unexpected end of JSON input';
}

function isPrefixValue(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function quoted(character: string): string {
  if (character === "'") return `'\\''`;
  return character === '"' ? `'"'` : `'${character}'`;
}
