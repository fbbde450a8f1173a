// Reads and writes DER, the binary form of certificates: as much of it as signing requests need.

/** One value: its tag, its content, and its bytes as they stand. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const LONG_LENGTH = 0x80;
/** Of a length; enough for 16 MiB. */
const LENGTH_BYTES_MAX = 3;

/** The tag of a context-specific value with parts of its own, or without. */
export function contextTag(number: number, { constructed }: { constructed: boolean }): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

/** The only value in `bytes`. Throws Error when there is another or none. */
export function readDer(bytes: Buffer): DerValue {
  const values = readAll(bytes);
  const [first] = values;
  if (!first || values.length > 1) throw new Error('asn1: syntax error: trailing data');
  return first;
}

/** The parts of a constructed value. Throws Error. */
export function partsOf({ content }: DerValue): DerValue[] {
  return readAll(content);
}

/** The part at an index, which must be of the tag. Throws Error. */
export function partAt(parts: readonly DerValue[], index: number, tag: number): DerValue {
  const part = parts[index];
  if (part?.tag !== tag) throw new Error("asn1: structure error: tags don't match");
  return part;
}

function readAll(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const value = readAt(bytes, offset);
    values.push(value);
    offset += value.raw.length;
  }
  return values;
}

function readAt(bytes: Buffer, offset: number): DerValue {
  const truncated = new Error('asn1: syntax error: data truncated');
  const tag = bytes[offset];
  let length = bytes[offset + 1];
  if (tag === undefined || length === undefined) throw truncated;
  let start = offset + 2;
  if (length >= LONG_LENGTH) {
    const count = length - LONG_LENGTH;
    if (count === 0 || count > LENGTH_BYTES_MAX || start + count > bytes.length) throw truncated;
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw truncated;
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) };
}

/** An object identifier in dotted form. */
export function readOid({ content }: DerValue): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= LONG_LENGTH) continue;
    numbers.push(value);
    value = 0;
  }
  const [both = 0, ...rest] = numbers;
  const first = Math.min(Math.trunc(both / 40), 2);
  return [first, both - first * 40, ...rest].join('.');
}

/** A value of a tag with the given contents one after the other. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < LONG_LENGTH) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.trunc(rest / 256)) bytes.unshift(rest % 256);
  return [LONG_LENGTH + bytes.length, ...bytes];
}

/** An object identifier from its dotted form. */
export function writeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number % 128];
    for (let left = Math.trunc(number / 128); left > 0; left = Math.trunc(left / 128)) {
      groups.unshift((left % 128) | LONG_LENGTH);
    }
    return groups;
  });
  return writeDer(DER.oid, Buffer.from(bytes));
}
