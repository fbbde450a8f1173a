// Reads the protobuf wire format field by field, never beyond the end of what it was given.
// Messages of errors are those of the Go code that reads the same bytes in the reference server.

/** The bytes are no message. */
export class ProtobufError extends Error {
  override name = 'ProtobufError';
}

/** The halves of a 64-bit integer, unsigned. No bigint: optimising those has crashed Node 20. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
}

/** A field as it stands on the wire. */
export type WireField = { readonly number: number } & WireValue;

export type WireValue =
  | { readonly wire: 'varint'; readonly value: Int64 }
  | { readonly wire: 'fixed64' | 'fixed32' | 'bytes'; readonly value: Buffer };

const VARINT_BYTES_MAX = 10;
const GROUPS_MAX = 100;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

const endOfFile = () => new ProtobufError('unexpected EOF');

function varint(cursor: Cursor): Int64 {
  let low = 0;
  let high = 0;
  for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw endOfFile();
    cursor.at += 1;
    const bits = byte & 0x7f;
    // Seven bits each; those of the fifth byte lie in both halves.
    if (count < 5) low |= bits << (7 * count);
    if (count === 4) high |= bits >> 4;
    if (count > 4) high |= bits << (7 * count - 32);
    if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 };
  }
  throw new ProtobufError('proto: integer overflow');
}

function take(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw endOfFile();
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}

function lengthOf(cursor: Cursor): number {
  const { low, high } = varint(cursor);
  if (high >= 2 ** 31) {
    throw new ProtobufError('proto: negative length found during unmarshaling');
  }
  return high * 2 ** 32 + low;
}

/** Groups are a thing of the past; nobody's fields have them, so they are only stepped over. */
function skipGroup(cursor: Cursor): void {
  for (let depth = 1; depth > 0;) {
    if (depth > GROUPS_MAX) throw new ProtobufError('proto: too many nested groups');
    const wireType = varint(cursor).low & 7;
    if (wireType === 3) depth += 1;
    else if (wireType === 4) depth -= 1;
    else valueOf(cursor, wireType);
  }
}

function valueOf(cursor: Cursor, wireType: number): WireValue | undefined {
  switch (wireType) {
    case 0:
      return { wire: 'varint', value: varint(cursor) };
    case 1:
      return { wire: 'fixed64', value: take(cursor, 8) };
    case 2:
      return { wire: 'bytes', value: take(cursor, lengthOf(cursor)) };
    case 3:
      skipGroup(cursor);
      return undefined;
    case 5:
      return { wire: 'fixed32', value: take(cursor, 4) };
    default:
      throw new ProtobufError(`proto: illegal wireType ${wireType}`);
  }
}

/** The fields of a message in their order; values are views of `bytes`. Throws ProtobufError. */
export function* wireFields(bytes: Buffer, message: string): Generator<WireField> {
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = varint(cursor);
    const wireType = tag.low & 7;
    const number = (tag.low >>> 3) | (tag.high << 29);
    if (wireType === 4) {
      throw new ProtobufError(`proto: ${message}: wiretype end group for non-group`);
    }
    if (number <= 0) {
      const text = `proto: ${message}: illegal tag ${number} (wire type ${wireType})`;
      throw new ProtobufError(text);
    }
    const value = valueOf(cursor, wireType);
    if (value) yield { number, ...value };
  }
}

/** Numbers packed into one field, one after another. Throws ProtobufError. */
export function packedVarints(bytes: Buffer): WireValue[] {
  const cursor = { bytes, at: 0 };
  const found: WireValue[] = [];
  while (cursor.at < bytes.length) found.push({ wire: 'varint', value: varint(cursor) });
  return found;
}

const WIRE_TYPES = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The value if it has the expected wire type; throws ProtobufError otherwise. */
export function expectBytes(value: WireValue, field: string): Buffer {
  if (value.wire === 'bytes') return value.value;
  throw wrongType(value, field);
}

/** As expectBytes for integers and booleans. */
export function expectVarint(value: WireValue, field: string): Int64 {
  if (value.wire === 'varint') return value.value;
  throw wrongType(value, field);
}

/** As expectBytes for floating point numbers. */
export function expectDouble(value: WireValue, field: string): number {
  if (value.wire === 'fixed64') return value.value.readDoubleLE();
  throw wrongType(value, field);
}

function wrongType(value: WireValue, field: string): ProtobufError {
  const name = field.slice(0, 1).toUpperCase() + field.slice(1);
  return new ProtobufError(`proto: wrong wireType = ${WIRE_TYPES[value.wire]} for field ${name}`);
}
