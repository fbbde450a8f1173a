// The string formats that schemas of custom resources may ask for (API-1005); others say nothing.
import { validateDns1123Label, validateDns1123Subdomain } from '../meta/names.ts';
import { parseIp } from '../core/ip-validation.ts';

type Check = (text: string) => boolean;

const uuid = (version: string, variant: string): Check => {
  const pattern = `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`;
  return matching(new RegExp(pattern, 'i'));
};
const HEX4 = '[0-9a-f]{4}';
const VARIANT = '[89ab][0-9a-f]{3}';

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u; // prettier-ignore
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt\s]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/;
const DURATION = /^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const LONG_DURATION =
  /^\d+\s*(ns|us|µs|μs|ms|s|m|h|d|w|nanos?|nanoseconds?|micros?|microseconds?|millis?|milliseconds?|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?|weeks?|wks?)$/; // prettier-ignore
const DURATION_MAX = 256;
const CREDIT_CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/; // prettier-ignore
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MAC = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}|(?:[0-9a-f]{2}\1){2}[0-9a-f]{2})|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2,3})$/i; // prettier-ignore
const EMAIL = /^(?:[^<>]*<)?[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+>?$/;
const RGB = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/;

function matching(pattern: RegExp): Check {
  return (text) => pattern.test(text);
}

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === '') return false;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return inRange(month, 12) && inRange(day, days);
}

function inRange(text: string, max: number): boolean {
  return Number(text) >= 1 && Number(text) <= max;
}

function isDateTime(text: string): boolean {
  return DATE_TIME.test(text) && isDate(text.slice(0, 10));
}

function isHostname(text: string): boolean {
  // Length first: the pattern takes its time with long texts.
  if (text.length > 255 || !HOSTNAME.test(text)) return false;
  return text.split('.').every((part) => part.length <= 63);
}

function isDuration(text: string): boolean {
  return text.length <= DURATION_MAX && (DURATION.test(text) || LONG_DURATION.test(text));
}

function isIpVersion(version: 4 | 6): Check {
  return (text) => parseIp(text)?.length === (version === 4 ? 4 : 16);
}

function isCidr(text: string): boolean {
  const slash = text.lastIndexOf('/');
  const ip = parseIp(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  return ip !== undefined && /^\d+$/.test(bits) && Number(bits) <= ip.length * 8;
}

function isUri(text: string): boolean {
  return text.startsWith('/') || (URL.canParse(text) && /^[a-z][a-z\d+.-]*:/i.test(text));
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = Array.from(digits, (digit, index) => weight10(digit) * (10 - index));
  return sum.reduce((a, b) => a + b, 0) % 11 === 0;
}

function weight10(digit: string): number {
  return digit === 'X' ? 10 : Number(digit);
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = Array.from(digits, (digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 3));
  return sum.reduce((a, b) => a + b, 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D+/g, '');
  if (!CREDIT_CARD.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of Array.from(digits).reverse().entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

function isRgb(text: string): boolean {
  const parts = RGB.exec(text)?.slice(1) ?? [];
  return parts.length === 3 && parts.every((part) => Number(part) <= 255);
}

// By names without dashes: upstream takes `date-time` and `datetime` alike.
const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['bsonobjectid', matching(/^[0-9a-f]{24}$/i)],
  ['uri', isUri],
  ['email', matching(EMAIL)],
  ['hostname', isHostname],
  ['ipv4', isIpVersion(4)],
  ['ipv6', isIpVersion(6)],
  ['cidr', isCidr],
  ['mac', matching(MAC)],
  ['uuid', uuid(HEX4, HEX4)],
  ['uuid3', uuid('3[0-9a-f]{3}', HEX4)],
  ['uuid4', uuid('4[0-9a-f]{3}', VARIANT)],
  ['uuid5', uuid('5[0-9a-f]{3}', VARIANT)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['hexcolor', matching(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['rgbcolor', isRgb],
  ['byte', matching(BASE64)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => validateDns1123Label(text).length === 0],
  ['k8slongname', (text) => validateDns1123Subdomain(text).length === 0],
]);

/** The check of a string format; undefined for names that are no format. */
export function stringFormat(name: string): Check | undefined {
  return checks.get(name.replaceAll('-', ''));
}

/** True for formats that mean something for values of the type (the empty string: of any). */
export function isKnownFormat(format: string, type: string): boolean {
  if (type === '' || type === 'string') return stringFormat(format) !== undefined;
  if (type === 'integer') return format === 'int32' || format === 'int64';
  return type === 'number' && (format === 'float' || format === 'double');
}
