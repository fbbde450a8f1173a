// 'text %s and %d'.format([…]): the clauses and their faults are those of the reference.
import {
  CelDuration,
  CelMap,
  CelRunError,
  CelTimestamp,
  CelTypeValue,
  CelUint,
} from '../language/values.ts';
import { doubleText } from './conversions.ts';
import { durationText, timestampText } from './times.ts';

const PRECISION = 6;
const PRECISION_MAX = 1000;

/** The template with the values in the places of its clauses. Throws CelRunError. */
export function formatText(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replace(
    /%(?:%|(?:\.(\d+))?([^]?))/g,
    (clause, digits: string | undefined, verb: string | undefined) => {
      if (clause === '%%') return '%';
      if (verb === undefined || verb === '') throw unparsed('unexpected end of string');
      const precision = digits === undefined ? PRECISION : Number(digits);
      if (precision > PRECISION_MAX) throw unparsed('precision too large');
      if (next >= values.length) throw new CelRunError(`index ${next} out of range`);
      const value = values[next++];
      return clauseText(value, verb, precision);
    },
  );
}

function unparsed(why: string): CelRunError {
  return new CelRunError(`could not parse formatting clause: ${why}`);
}

function failed(what: string): CelRunError {
  return new CelRunError(`error during formatting: ${what}`);
}

function clauseText(value: unknown, verb: string, precision: number): string {
  switch (verb) {
    case 's':
      return plainText(value);
    case 'd':
      return String(wholeOf(value, 'decimal clause can only be used on integers'));
    case 'f':
      return fixedText(numberOf(value), precision);
    case 'e':
      return scientificText(numberOf(value), precision);
    case 'b': {
      const what = 'only integers and bools can be formatted as binary';
      return typeof value === 'boolean' ? String(Number(value)) : wholeOf(value, what).toString(2);
    }
    case 'o':
      return wholeOf(value, 'octal clause can only be used on integers').toString(8);
    case 'x':
      return hexText(value);
    case 'X':
      return hexText(value).toUpperCase();
    default:
      throw unparsed(`unrecognized formatting clause "${verb}"`);
  }
}

/** With commas, as English has them. */
function fixedText(value: number, precision: number): string {
  const [whole = '', ...fraction] = value.toFixed(Math.min(precision, 100)).split('.');
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...fraction].join('.');
}

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** `3.14×10⁰⁰`. */
function scientificText(value: number, precision: number): string {
  const [digits = '', power = ''] = value.toExponential(Math.min(precision, 100)).split('e');
  const raised = Array.from(
    power.slice(1).padStart(2, '0'),
    (digit) => RAISED[Number(digit)] ?? '',
  );
  return `${digits}×10${power.startsWith('-') ? '⁻' : ''}${raised.join('')}`;
}

function wholeOf(value: unknown, what: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof CelUint) return value.value;
  throw failed(what);
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  throw failed('scientific clause can only be used on doubles');
}

function hexText(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return wholeOf(
    value,
    'only integers, byte buffers, and strings can be formatted as hex',
  ).toString(16);
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return doubleText(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(plainText).join(', ')}]`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTypeValue) return value.of.name;
  if (value instanceof CelMap) return mapText(value);
  throw failed('no formatting function for the value');
}

function mapText(map: CelMap): string {
  const members = Array.from(map.keys(), (key) => `${plainText(key)}: ${plainText(map.get(key))}`);
  return `{${members.toSorted().join(', ')}}`;
}
