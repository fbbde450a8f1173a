// Decoders of scalar values: each checks one and returns its canonical form.
import { DecodeError, mismatch, type DecodeContext } from './decode-context.ts';
import type { Json } from './object.ts';
import { QuantityError, canonicalQuantity } from './quantity.ts';
import { TimeError, canonicalMicroTime, canonicalTime } from './time.ts';
import type { Scalar } from './type-model.ts';

/** Checks and copies a value that is not null; throws DecodeError. */
export type Decoder = (value: Json, context: DecodeContext) => Json;

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const INT64_LIMIT = 2 ** 63;

function decodeString(value: Json, context: DecodeContext): Json {
  if (typeof value === 'string') return value;
  throw mismatch(context, value);
}

function decodeBoolean(value: Json, context: DecodeContext): Json {
  if (typeof value === 'boolean') return value;
  throw mismatch(context, value);
}

function decodeInt32(value: Json, context: DecodeContext): Json {
  const fits = Number.isInteger(value) && INT32_MIN <= Number(value) && Number(value) <= INT32_MAX;
  if (typeof value === 'number' && fits) return value;
  throw mismatch(context, value);
}

function decodeInt64(value: Json, context: DecodeContext): Json {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < INT64_LIMIT) {
    return value;
  }
  throw mismatch(context, value);
}

function decodeNumber(value: Json, context: DecodeContext): Json {
  if (typeof value === 'number') return value;
  throw mismatch(context, value);
}

function decodeIntOrString(value: Json, context: DecodeContext): Json {
  return typeof value === 'string' ? value : decodeInt32(value, context);
}

function decodeTime(canonical: (text: string) => string): Decoder {
  return (value, context) => {
    if (typeof value !== 'string') throw mismatch(context, value);
    try {
      return canonical(value);
    } catch (error) {
      if (error instanceof TimeError) throw new DecodeError(error.message);
      throw error;
    }
  };
}

/** Where Go's base64 decoder stops. */
function base64FaultAt(text: string): number {
  const body = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  return body < text.length && text[body] !== '=' ? body : body - (body % 4);
}

function decodeBytes(value: Json, context: DecodeContext): Json {
  if (typeof value !== 'string') throw mismatch(context, value);
  const text = /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, '') : value;
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    const prefix = context.style === 'converter' ? 'error decoding from json: ' : '';
    throw new DecodeError(`${prefix}illegal base64 data at input byte ${base64FaultAt(text)}`);
  }
  // Unused bits of the last character are cleared.
  return text.endsWith('=') ? Buffer.from(text, 'base64').toString('base64') : text;
}

function decodeAny(value: Json): Json {
  return value;
}

/** A quantity in canonical form. */
export function decodeQuantity(value: Json): Json {
  try {
    return canonicalQuantity(typeof value === 'string' ? value : JSON.stringify(value));
  } catch (error) {
    if (error instanceof QuantityError) throw new DecodeError(error.message);
    throw error;
  }
}

export const scalarDecoders: Readonly<Record<Scalar, Decoder>> = {
  string: decodeString,
  boolean: decodeBoolean,
  int32: decodeInt32,
  int64: decodeInt64,
  double: decodeNumber,
  number: decodeNumber,
  'int-or-string': decodeIntOrString,
  time: decodeTime(canonicalTime),
  microtime: decodeTime(canonicalMicroTime),
  bytes: decodeBytes,
  any: decodeAny,
};

/** What null means inside a map or a list, where a value cannot be absent. */
export const zeroValues: Readonly<Record<Scalar, Json>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  number: 0,
  'int-or-string': 0,
  time: null,
  microtime: null,
  bytes: null,
  any: null,
};
