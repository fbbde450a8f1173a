// Durations and timestamps as CEL writes and reads them.
import type { CelHandler, Declaration } from '../language/declarations.ts';
import { CelDuration, CelRunError, CelTimestamp } from '../language/values.ts';
import { checkedDuration, checkedTimestamp } from './operators.ts';

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: MILLISECOND,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** `1h30m` as a duration; undefined for other texts. Throws CelRunError when it is too long. */
export function readDuration(text: string): CelDuration | undefined {
  const [, sign = '', amount = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (amount === '0') return new CelDuration(0n);
  const parts = [...amount.matchAll(PART)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== amount) return undefined;
  const total = parts.reduce((sum, [, number = '', unit = '']) => {
    const [whole = '', fraction = ''] = number.split('.');
    const scale = UNITS[unit] ?? 0n;
    const rest = fraction === '' ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    return sum + BigInt(whole === '' ? '0' : whole) * scale + rest;
  }, 0n);
  return checkedDuration(sign === '-' ? -total : total);
}

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/;

/** A time as RFC 3339 writes it; undefined for other texts. */
export function readTimestamp(text: string): CelTimestamp | undefined {
  const [, date = '', time = '', fraction = '', zone = ''] = DATE_TIME.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(milliseconds) || !isDate(date)) return undefined;
  const nanoseconds = BigInt(fraction.padEnd(9, '0'));
  const checked = checkedTimestamp(BigInt(milliseconds) * MILLISECOND + nanoseconds);
  return new CelTimestamp(checked.nanoseconds, minutesOf(zone));
}

/** `+01:30` → 90; 0 for UTC. */
function minutesOf(zone: string): number {
  const [, sign = '', hours = '', minutes = ''] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? [];
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
}

/** False for days that a month doesn't have. */
function isDate(date: string): boolean {
  const milliseconds = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(date);
}

/** A day, or a day and a time, as schemas have them; undefined for other texts. */
export function readDate(text: string): CelTimestamp | undefined {
  return readTimestamp(`${text}T00:00:00Z`);
}

function fractionText(nanoseconds: bigint): string {
  const digits = nanoseconds.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

/** `5400s`. */
export function durationText({ nanoseconds }: CelDuration): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const sign = nanoseconds < 0n ? '-' : '';
  return `${sign}${size / SECOND}${fractionText(size % SECOND)}s`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** As RFC 3339 writes it. */
export function timestampText({ nanoseconds, zoneMinutes }: CelTimestamp): string {
  const seconds = floorDivide(nanoseconds, SECOND);
  const local = Number(seconds) * 1000 + zoneMinutes * 60_000;
  const text = new Date(local).toISOString().slice(0, 19);
  return `${text}${fractionText(nanoseconds - seconds * SECOND)}${zoneOf(zoneMinutes)}`;
}

function zoneOf(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${minutes < 0 ? '-' : '+'}${hours ?? ''}:${rest ?? ''}`;
}

/** The clock of a time zone: a date whose UTC parts are the local ones. */
function localDate({ nanoseconds }: CelTimestamp, zone = 'UTC'): Date {
  const milliseconds = Number(floorDivide(nanoseconds, MILLISECOND));
  const [, sign = '', hours = '', minutes = ''] = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone) ?? [];
  if (hours !== '') {
    const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
    return new Date(milliseconds + (sign === '-' ? -offset : offset));
  }
  const shown = zoneText(new Date(milliseconds), zone);
  const local = Date.parse(`${shown.replace(', ', 'T').replace('T24', 'T00')}Z`);
  return new Date(local + (((milliseconds % 1000) + 1000) % 1000));
}

function zoneText(date: Date, timeZone: string): string {
  try {
    const options = { timeZone, dateStyle: 'short', timeStyle: 'medium' } as const;
    return new Intl.DateTimeFormat('sv-SE', options).format(date).replace(' ', 'T');
  } catch {
    throw new CelRunError(`unknown time zone ${timeZone}`);
  }
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / 86_400_000);
}

const PARTS: readonly (readonly [name: string, id: string, part: (date: Date) => number])[] = [
  ['getFullYear', 'year', (date) => date.getUTCFullYear()],
  ['getMonth', 'month', (date) => date.getUTCMonth()],
  ['getDayOfYear', 'day_of_year', dayOfYear],
  ['getDayOfMonth', 'day_of_month', (date) => date.getUTCDate() - 1],
  ['getDate', 'day_of_month_1_based', (date) => date.getUTCDate()],
  ['getDayOfWeek', 'day_of_week', (date) => date.getUTCDay()],
  ['getHours', 'hours', (date) => date.getUTCHours()],
  ['getMinutes', 'minutes', (date) => date.getUTCMinutes()],
  ['getSeconds', 'seconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', 'milliseconds', (date) => date.getUTCMilliseconds()],
];

const DURATION_PARTS: readonly (readonly [name: string, id: string, unit: bigint])[] = [
  ['getHours', 'hours', 3600n * SECOND],
  ['getMinutes', 'minutes', 60n * SECOND],
  ['getSeconds', 'seconds', SECOND],
];

function partOf(part: (date: Date) => number): CelHandler {
  return (time: CelTimestamp, zone?: string) => BigInt(part(localDate(time, zone)));
}

export const times: readonly Declaration[] = [
  ...PARTS.flatMap(([name, id, part]): Declaration[] => [
    [name, `timestamp_to_${id}`, 'timestamp.() -> int', partOf(part)],
    [name, `timestamp_to_${id}_with_tz`, 'timestamp.(string) -> int', partOf(part)],
  ]),
  ...DURATION_PARTS.map(([name, id, unit]): Declaration => {
    const handler = ({ nanoseconds }: CelDuration) => nanoseconds / unit;
    return [name, `duration_to_${id}`, 'duration.() -> int', handler];
  }),
  [
    'getMilliseconds',
    'duration_to_milliseconds',
    'duration.() -> int',
    ({ nanoseconds }: CelDuration) => nanoseconds / MILLISECOND,
  ],
];
