// int(), string(), duration() and the others: values of one type as those of another.
import type { CelHandler, Declaration } from '../language/declarations.ts';
import { CelRunError, CelTypeValue, CelUint, typeOfValue } from '../language/values.ts';
import type { CelDuration, CelTimestamp } from '../language/values.ts';
import { checkedDuration, checkedInt, checkedTimestamp, checkedUint } from './operators.ts';
import { durationText, readDuration, readTimestamp, timestampText } from './times.ts';

const same: CelHandler = (value: unknown) => value;

function toBool(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new CelRunError("type conversion error from 'string' to 'bool'");
}

function wholePart(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelRunError('integer overflow');
  return BigInt(Math.trunc(value));
}

function toInt(text: string): bigint {
  if (/^[+-]?\d+$/.test(text)) {
    const value = BigInt(text.replace(/^\+/, ''));
    if (value === BigInt.asIntN(64, value)) return value;
  }
  throw new CelRunError(`type conversion error from 'string' to 'int'`);
}

function toUint(text: string): CelUint {
  if (/^\d+$/.test(text)) {
    const value = BigInt(text);
    if (value === BigInt.asUintN(64, value)) return new CelUint(value);
  }
  throw new CelRunError(`type conversion error from 'string' to 'uint'`);
}

function toDouble(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  throw new CelRunError(`type conversion error from 'string' to 'double'`);
}

/** As Go writes a float with as few digits as it needs. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21) return String(value);
  const [digits = '', power = ''] = value.toExponential().split('e');
  return `${digits}e${power.replace(/^([+-])(\d)$/, '$10$2')}`;
}

function toText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelRunError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function toDuration(text: string): CelDuration {
  const duration = readDuration(text);
  if (duration) return duration;
  throw new CelRunError(`time: invalid duration "${text}"`);
}

function toTimestamp(text: string): CelTimestamp {
  const time = readTimestamp(text);
  if (time) return time;
  throw new CelRunError(
    `parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse "${text}" as "2006"`,
  );
}

const SECOND = 1_000_000_000n;
const plain = (value: unknown) => String(value);

export const conversions: readonly Declaration[] = [
  ['type', 'type', '(A) -> type(A)', (value: unknown) => new CelTypeValue(typeOfValue(value))],
  ['dyn', 'to_dyn', '(A) -> dyn', same],
  ['bool', 'bool_to_bool', '(bool) -> bool', same],
  ['bool', 'string_to_bool', '(string) -> bool', toBool],
  ['bytes', 'bytes_to_bytes', '(bytes) -> bytes', same],
  ['bytes', 'string_to_bytes', '(string) -> bytes', (text: string) => Buffer.from(text)],
  ['double', 'double_to_double', '(double) -> double', same],
  ['double', 'int64_to_double', '(int) -> double', (value: bigint) => Number(value)],
  ['double', 'string_to_double', '(string) -> double', toDouble],
  ['double', 'uint64_to_double', '(uint) -> double', ({ value }: CelUint) => Number(value)],
  ['duration', 'duration_to_duration', '(duration) -> duration', same],
  ['duration', 'int64_to_duration', '(int) -> duration', (value: bigint) => checkedDuration(value)],
  ['duration', 'string_to_duration', '(string) -> duration', toDuration],
  ['int', 'int64_to_int64', '(int) -> int', same],
  ['int', 'double_to_int64', '(double) -> int', (value: number) => checkedInt(wholePart(value))],
  ['int', 'duration_to_int64', '(duration) -> int', ({ nanoseconds }: CelDuration) => nanoseconds],
  ['int', 'string_to_int64', '(string) -> int', toInt],
  ['int', 'timestamp_to_int64', '(timestamp) -> int', (time: CelTimestamp) => time.nanoseconds / SECOND],
  ['int', 'uint64_to_int64', '(uint) -> int', ({ value }: CelUint) => checkedInt(value)],
  ['string', 'string_to_string', '(string) -> string', same],
  ['string', 'bool_to_string', '(bool) -> string', plain],
  ['string', 'bytes_to_string', '(bytes) -> string', toText],
  ['string', 'double_to_string', '(double) -> string', doubleText],
  ['string', 'duration_to_string', '(duration) -> string', durationText],
  ['string', 'int64_to_string', '(int) -> string', plain],
  ['string', 'timestamp_to_string', '(timestamp) -> string', timestampText],
  ['string', 'uint64_to_string', '(uint) -> string', ({ value }: CelUint) => String(value)],
  ['timestamp', 'timestamp_to_timestamp', '(timestamp) -> timestamp', same],
  ['timestamp', 'int64_to_timestamp', '(int) -> timestamp', (value: bigint) => checkedTimestamp(value * SECOND)],
  ['timestamp', 'string_to_timestamp', '(string) -> timestamp', toTimestamp],
  ['uint', 'uint64_to_uint64', '(uint) -> uint', same],
  ['uint', 'double_to_uint64', '(double) -> uint', (value: number) => checkedUint(wholePart(value))],
  ['uint', 'int64_to_uint64', '(int) -> uint', (value: bigint) => checkedUint(value)],
  ['uint', 'string_to_uint64', '(string) -> uint', toUint],
]; // prettier-ignore
