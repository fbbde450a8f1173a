// Faults of an expression in the words of the reference: `ERROR: <input>:1:8: …` with the line and
// a mark under the place.

export interface CelFault {
  readonly message: string;
  /** An index into the text; undefined for faults of the whole expression. */
  readonly offset: number | undefined;
}

/** Faults that are shown; the others are only counted. */
const SHOWN_MAX = 100;
/** Longer lines are not repeated. */
const LINE_MAX = 16_384;

/** All faults, in the order of the text. */
export function showFaults(text: string, faults: readonly CelFault[]): string {
  const placed = faults.toSorted((a, b) => (a.offset ?? -1) - (b.offset ?? -1));
  const lines = placed.slice(0, SHOWN_MAX).map((fault) => showFault(text, fault));
  const rest = faults.length - SHOWN_MAX;
  if (rest > 0) lines.push(`${rest} more errors were truncated`);
  return lines.join('\n');
}

function showFault(text: string, { message, offset }: CelFault): string {
  if (offset === undefined) return `ERROR: <input>:-1:0: ${message}`;
  const before = text.slice(0, offset).split('\n');
  const characters = Array.from(before.at(-1) ?? '');
  const head = `ERROR: <input>:${before.length}:${characters.length + 1}: ${message}`;
  const line = (text.split('\n')[before.length - 1] ?? '').replaceAll('\t', ' ');
  if (Buffer.byteLength(line) > LINE_MAX) return head;
  const dots = characters.map((one) => (isWide(one) ? '\uff0e' : '.')).join('');
  const mark = isWide(Array.from(line)[characters.length] ?? '') ? '\uff3e' : '^';
  return `${head}\n | ${line}\n | ${dots}${mark}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}
