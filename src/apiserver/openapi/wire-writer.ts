// Writes the protobuf wire format: fields are lists of pieces, put together once at the end.

/** Pieces of a message. */
export type Bytes = readonly Buffer[];

const LENGTH_DELIMITED = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function tag(number: number, wireType: number): Buffer {
  return varint(number * 8 + wireType);
}

/** Fields one after another. */
export function concat(...parts: readonly Bytes[]): Bytes {
  return parts.flat();
}

/** A field that holds a message. */
export function message(number: number, content: Bytes): Bytes {
  const length = content.reduce((sum, piece) => sum + piece.length, 0);
  return [tag(number, LENGTH_DELIMITED), varint(length), Buffer.concat(content as Buffer[])];
}

/** A field of text; none when it is empty. */
export function text(number: number, value = ''): Bytes {
  return value === '' ? [] : message(number, [Buffer.from(value)]);
}

/** A boolean field; none for false. */
export function bool(number: number, value: boolean): Bytes {
  return value ? [tag(number, 0), Buffer.from([1])] : [];
}

/** A map, as repeated messages of a name (1) and what `encode` makes of the value (2). */
export function named(
  number: number,
  map: Readonly<Record<string, unknown>>,
  encode: (value: unknown) => Bytes,
): Bytes {
  return Object.entries(map).flatMap(([name, value]) =>
    message(number, concat(text(1, name), message(2, encode(value)))),
  );
}
