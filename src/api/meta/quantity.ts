// Resource quantities (`250m`, `1.5Gi`, `12e6`): exact arithmetic and upstream's canonical texts.

/** How a quantity is written: `12e6`, `12Mi` or `12M`. */
export type QuantityFormat = 'DecimalExponent' | 'BinarySI' | 'DecimalSI';

/** The exact value `mantissa × 10^exponent`. */
export interface Quantity {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

/** The text is not a quantity; the message is upstream's. */
export class QuantityError extends Error {
  override name = 'QuantityError';
}

const FORMAT_WRONG =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const TEXT = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

// prettier-ignore
const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', -9], ['u', -6], ['m', -3], ['', 0], ['k', 3], ['M', 6], ['G', 9], ['T', 12], ['P', 15],
  ['E', 18],
]);
// prettier-ignore
const BINARY_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['Ki', 1], ['Mi', 2], ['Gi', 3], ['Ti', 4], ['Pi', 5], ['Ei', 6],
]);
const DECIMAL_NAMES = new Map([...DECIMAL_SUFFIXES].map(([name, power]) => [power, name]));
const BINARY_NAMES = new Map([...BINARY_SUFFIXES].map(([name, power]) => [power, name]));

const NANO = -9;
const INT64_MAX = 2n ** 63n - 1n;
/** Digits an int64 surely holds: below, upstream keeps texts that are canonical enough. */
const INT64_DIGITS = 18;
/** A larger power of ten is refused: exact arithmetic on it would need unbounded memory. */
const EXPONENT_LIMIT = 1000;

interface Suffix {
  readonly format: QuantityFormat;
  /** Power of ten, or of 1024 in BinarySI. */
  readonly power: number;
}

function parseSuffix(text: string): Suffix {
  const decimal = DECIMAL_SUFFIXES.get(text);
  if (decimal !== undefined) return { format: 'DecimalSI', power: decimal };
  const binary = BINARY_SUFFIXES.get(text);
  if (binary !== undefined) return { format: 'BinarySI', power: binary };
  const exponent = /^[eE]([+-]?[0-9]+)$/.exec(text)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > EXPONENT_LIMIT) {
    throw new QuantityError(SUFFIX_WRONG);
  }
  return { format: 'DecimalExponent', power: Number(exponent) };
}

interface Parsed {
  readonly quantity: Quantity;
  /** True when upstream prints the text as it came. */
  readonly keepsText: boolean;
}

function parse(text: string): Parsed {
  const match = text === '' ? null : TEXT.exec(text);
  if (match === null) throw new QuantityError(FORMAT_WRONG);
  const [, sign = '', digits = '', fraction = '', suffixText = ''] = match;
  const suffix = parseSuffix(suffixText);
  const whole = digits === '' ? '0' : digits;
  const shifted = whole + fraction;
  const magnitude = BigInt(shifted);
  const quantity = exactQuantity(magnitude, suffix, fraction.length);
  return {
    quantity: sign === '-' ? negate(quantity) : quantity,
    keepsText: keepsText({ whole, fraction, suffix, magnitude }),
  };
}

function exactQuantity(magnitude: bigint, { format, power }: Suffix, places: number): Quantity {
  if (format !== 'BinarySI') {
    return roundUp({ mantissa: magnitude, exponent: power - places, format }, NANO);
  }
  const scaled = magnitude * 1024n ** BigInt(power);
  const quantity = roundUp({ mantissa: scaled, exponent: -places, format }, NANO);
  if (compareQuantities(quantity, wholeQuantity(INT64_MAX)) > 0) {
    return { mantissa: INT64_MAX, exponent: 0, format };
  }
  const belowOne = magnitude !== 0n && compareQuantities(quantity, wholeQuantity(1n)) < 0;
  return belowOne ? { ...quantity, format: 'DecimalSI' } : quantity;
}

interface Scanned {
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: Suffix;
  readonly magnitude: bigint;
}

/**
 * Upstream's test for "already canonical", kept with its quirks (`1.500` stays, `1.5` does not).
 */
function keepsText({ whole, fraction, suffix, magnitude }: Scanned): boolean {
  if (suffix.format === 'BinarySI') {
    const room = 15 - whole.length - Math.trunc(suffix.power * 3) - 1;
    return fraction === '' && room >= 0 && (magnitude & 7n) !== 0n;
  }
  const shifted = whole + fraction;
  const exponent = suffix.power - fraction.length;
  if (shifted.length > INT64_DIGITS || exponent < NANO) return false;
  return exponent % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
}

/**
 * The exact value of a quantity's text (or number). Values finer than a billionth are rounded up.
 * Throws QuantityError.
 */
export function parseQuantity(text: string | number): Quantity {
  return parse(String(text).trim()).quantity;
}

/** The text a server gives back: `1024Mi` → `1Gi`, `0.5` → `500m`. Throws QuantityError. */
export function canonicalQuantity(text: string | number): string {
  const trimmed = String(text).trim();
  if (trimmed === '0') return trimmed;
  const { quantity, keepsText: keeps } = parse(trimmed);
  return keeps ? trimmed : formatQuantity(quantity);
}

/** The canonical text of a quantity: no fraction, no loss, the largest suffix. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.mantissa === 0n) return '0';
  const whole = quantity.format === 'BinarySI' ? integerValue(quantity) : undefined;
  if (whole !== undefined && (whole >= 1024n || whole <= -1024n)) return formatBinary(whole);
  return formatDecimal(quantity);
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let power = 0;
  while (mantissa % 1024n === 0n && power < 6) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${BINARY_NAMES.get(power) ?? ''}`;
}

function formatDecimal({ mantissa, exponent, format }: Quantity): string {
  let digits = mantissa;
  let power = exponent;
  while (digits % 10n === 0n) {
    digits /= 10n;
    power += 1;
  }
  let target = Math.floor(power / 3) * 3;
  if (format !== 'DecimalExponent') target = Math.min(target, 18);
  digits *= 10n ** BigInt(power - target);
  if (format === 'DecimalExponent') return `${digits}${target === 0 ? '' : `e${target}`}`;
  return `${digits}${DECIMAL_NAMES.get(target) ?? ''}`;
}

/** The value when it is a whole number. */
function integerValue({ mantissa, exponent }: Quantity): bigint | undefined {
  if (exponent >= 0) return mantissa * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return mantissa % divisor === 0n ? mantissa / divisor : undefined;
}

/** A whole number as a quantity. */
export function wholeQuantity(
  value: bigint | number,
  format: QuantityFormat = 'DecimalSI',
): Quantity {
  return { mantissa: BigInt(value), exponent: 0, format };
}

/** Thousandths as a quantity: `milliQuantity(1500)` is 1.5. */
export function milliQuantity(value: bigint | number): Quantity {
  return { mantissa: BigInt(value), exponent: -3, format: 'DecimalSI' };
}

/** Negative, zero or positive as `left` is less than, equal to or greater than `right`. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  const exponent = Math.min(left.exponent, right.exponent);
  const difference = atExponent(left, exponent) - atExponent(right, exponent);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** The exact sum, in the format of `left` (of `right` when `left` is zero). */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  const exponent = Math.min(left.exponent, right.exponent);
  return {
    mantissa: atExponent(left, exponent) + atExponent(right, exponent),
    exponent,
    format: left.mantissa === 0n ? right.format : left.format,
  };
}

/** The exact difference, in the format of `left` (of `right` when `left` is zero). */
export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return addQuantities(left, negate(right));
}

function negate(quantity: Quantity): Quantity {
  return { ...quantity, mantissa: -quantity.mantissa };
}

function atExponent({ mantissa, exponent }: Quantity, target: number): bigint {
  return mantissa * 10n ** BigInt(exponent - target);
}

/** Rounds away from zero to a multiple of `10^exponent`. */
function roundUp(quantity: Quantity, exponent: number): Quantity {
  if (quantity.exponent >= exponent) return quantity;
  const divisor = 10n ** BigInt(exponent - quantity.exponent);
  const rest = quantity.mantissa % divisor;
  const away = rest === 0n ? 0n : rest < 0n ? -1n : 1n;
  return { mantissa: quantity.mantissa / divisor + away, exponent, format: quantity.format };
}

/** The value as a floating point number; may lose precision. */
export function quantityToNumber({ mantissa, exponent }: Quantity): number {
  return Number(`${mantissa}e${exponent}`);
}

/** The value rounded away from zero to a whole number: bytes of memory, counts. */
export function quantityValue(quantity: Quantity): bigint {
  return atExponent(roundUp(quantity, 0), 0);
}

/** The value in thousandths, rounded away from zero: millis of a CPU. */
export function quantityMillis(quantity: Quantity): bigint {
  return atExponent(roundUp(quantity, -3), -3);
}

/** True when the value has no fraction. */
export function isWholeQuantity(quantity: Quantity): boolean {
  return integerValue(quantity) !== undefined;
}

/** Negative, zero or positive, as the value is. */
export function quantitySign({ mantissa }: Quantity): number {
  return mantissa === 0n ? 0 : mantissa < 0n ? -1 : 1;
}
