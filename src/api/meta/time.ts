// Times on the wire: RFC 3339 in, canonical UTC text out. Parsing fails with the texts of Go's
// time package (API-402).
import { goQuote } from './go-quote.ts';

/** The text is no time; the message is upstream's. */
export class TimeError extends Error {
  override name = 'TimeError';
}

interface Element {
  /** The element's name in Go's layout. */
  readonly layout: string;
  readonly pattern: RegExp;
}

const YEAR: Element = { layout: '2006', pattern: /^\d{4}/ };
const TWO_DIGITS = /^\d{2}/;
const ZONE: Element = { layout: 'Z07:00', pattern: /^(?:Z|[+-]\d{2}:\d{2})/ };

function literal(text: string): Element {
  return { layout: text, pattern: new RegExp(`^${text}`) };
}

function twoDigits(layout: string): Element {
  return { layout, pattern: TWO_DIGITS };
}

// prettier-ignore
const DATE_TIME: readonly Element[] = [
  YEAR, literal('-'), twoDigits('01'), literal('-'), twoDigits('02'), literal('T'),
  { layout: '15', pattern: /^\d{1,2}/ }, literal(':'), twoDigits('04'), literal(':'),
  twoDigits('05'),
];
const OPTIONAL_FRACTION: Element = { layout: '', pattern: /^(?:[.,]\d+)?/ };
const MICROSECONDS: Element = { layout: '.000000', pattern: /^[.,]\d{6}/ };

interface Layout {
  readonly text: string;
  readonly elements: readonly Element[];
}

const SECONDS_LAYOUT: Layout = {
  text: '2006-01-02T15:04:05Z07:00',
  elements: [...DATE_TIME, OPTIONAL_FRACTION, ZONE],
};
const MICRO_LAYOUT: Layout = {
  text: '2006-01-02T15:04:05.000000Z07:00',
  elements: [...DATE_TIME, MICROSECONDS, ZONE],
};

function split(text: string, { text: layout, elements }: Layout): string[] {
  let rest = text;
  const parts = elements.map((element) => {
    const match = element.pattern.exec(rest);
    if (match === null) {
      const quoted = `${goQuote(text)} as ${goQuote(layout)}`;
      const why = `cannot parse ${goQuote(rest)} as ${goQuote(element.layout)}`;
      throw new TimeError(`parsing time ${quoted}: ${why}`);
    }
    rest = rest.slice(match[0].length);
    return match[0];
  });
  if (rest === '') return parts;
  throw new TimeError(`parsing time ${goQuote(text)}: extra text: ${goQuote(rest)}`);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

interface Instant {
  readonly epochSeconds: number;
  /** The digits after the point, possibly none. */
  readonly fraction: string;
}

function parseTime(text: string, layout: Layout): Instant {
  const parts = split(text, layout);
  const [year = 0, , month = 0, , day = 0, , hour = 0, , minute = 0, , second = 0] =
    parts.map(Number);
  const outOfRange = (what: string) =>
    new TimeError(`parsing time ${goQuote(text)}: ${what} out of range`);
  if (month < 1 || month > 12) throw outOfRange('month');
  if (hour > 23) throw outOfRange('hour');
  if (minute > 59) throw outOfRange('minute');
  if (second > 59) throw outOfRange('second');
  if (day < 1 || day > daysIn(year, month)) throw outOfRange('day');
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const epochSeconds = date.getTime() / 1000 - offsetSeconds(parts.at(-1) ?? 'Z');
  return { epochSeconds, fraction: (parts[11] ?? '').slice(1) };
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

function formatSeconds(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().slice(0, -5);
}

const CANONICAL =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** A time in canonical form: UTC, whole seconds, `Z`. Throws TimeError. */
export function canonicalTime(text: string): string {
  if (CANONICAL.test(text)) return text;
  return `${formatSeconds(parseTime(text, SECONDS_LAYOUT).epochSeconds)}Z`;
}

/** A time with exactly six fraction digits in UTC. Throws TimeError. */
export function canonicalMicroTime(text: string): string {
  const { epochSeconds, fraction } = parseTime(text, MICRO_LAYOUT);
  return `${formatSeconds(epochSeconds)}.${fraction}Z`;
}
