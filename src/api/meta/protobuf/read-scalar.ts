// Values of single protobuf fields as the JSON that a client would have sent instead (API-1207).
import { JsonSyntaxError, parseJson } from '../parse-json.ts';
import type { Json } from '../object.ts';
import type { Scalar } from '../type-model.ts';
import {
  ProtobufError,
  expectBytes,
  expectDouble,
  expectVarint,
  wireFields,
  type Int64,
  type WireValue,
} from './wire-reader.ts';

/** Reads one value of a field of that name; throws ProtobufError. */
export type ScalarReader = (value: WireValue, field: string) => Json;

const text: ScalarReader = (value, field) => expectBytes(value, field).toString('utf8');
const int32: ScalarReader = (value, field) => expectVarint(value, field).low | 0;
const int64: ScalarReader = (value, field) => {
  const { low, high } = expectVarint(value, field);
  return (high | 0) * 2 ** 32 + low;
};

/** The truth of a number. */
export function isTrue({ low, high }: Int64): boolean {
  return low !== 0 || high !== 0;
}

/** The fields of a small message by number; of one that stands twice the last counts. */
function fieldsOf(value: WireValue, field: string): Map<number, WireValue> {
  return new Map(
    [...wireFields(expectBytes(value, field), field)].map((entry) => [entry.number, entry]),
  );
}

function optional(value: WireValue | undefined, read: ScalarReader, field: string): Json {
  return value === undefined ? null : read(value, field);
}

const MS_MAX = 8.64e15;

/** A point in time; null for the zero one. */
function instant(value: WireValue, field: string): { ms: number; nanos: number } | null {
  const fields = fieldsOf(value, field);
  const seconds = Number(optional(fields.get(1), int64, 'seconds') ?? 0);
  const nanos = Number(optional(fields.get(2), int32, 'nanos') ?? 0);
  if (seconds === 0 && nanos === 0) return null;
  const ms = seconds * 1000;
  if (Math.abs(ms) > MS_MAX || nanos < 0 || nanos > 999_999_999) {
    throw new ProtobufError(`proto: ${field}: the time is out of range`);
  }
  return { ms, nanos };
}

const wholeSeconds = (ms: number) => new Date(ms).toISOString().slice(0, -'.000Z'.length);

const time: ScalarReader = (value, field) => {
  const found = instant(value, field);
  return found && `${wholeSeconds(found.ms)}Z`;
};

const microTime: ScalarReader = (value, field) => {
  const found = instant(value, field);
  if (!found) return null;
  const micros = String(Math.floor(found.nanos / 1000)).padStart(6, '0');
  return `${wholeSeconds(found.ms)}.${micros}Z`;
};

const intOrString: ScalarReader = (value, field) => {
  const fields = fieldsOf(value, field);
  const isText = optional(fields.get(1), int64, 'type') === 1;
  return isText
    ? (optional(fields.get(3), text, 'strVal') ?? '')
    : (optional(fields.get(2), int32, 'intVal') ?? 0);
};

/** Anything at all travels as JSON text inside a message. */
const anything: ScalarReader = (value, field) => {
  const raw = optional(fieldsOf(value, field).get(1), text, 'raw');
  if (typeof raw !== 'string' || raw === '') return null;
  try {
    return parseJson(raw);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ProtobufError(error.message);
    throw error;
  }
};

/** A quantity: its text inside a message. */
export const readQuantity: ScalarReader = (value, field) => {
  const quantity = optional(fieldsOf(value, field).get(1), text, 'string');
  return quantity === null || quantity === '' ? '0' : quantity;
};

export const scalarReaders: Readonly<Record<Scalar, ScalarReader>> = {
  string: text,
  int32,
  int64,
  double: expectDouble,
  number: expectDouble,
  boolean: (value, field) => isTrue(expectVarint(value, field)),
  bytes: (value, field) => expectBytes(value, field).toString('base64'),
  time,
  microtime: microTime,
  'int-or-string': intOrString,
  any: anything,
};
