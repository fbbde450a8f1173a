// quantity(): numbers with suffixes, as in resources.
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  QuantityError,
  quantityToNumber,
  subtractQuantities,
  wholeQuantity,
} from '../../meta/quantity.ts';
import type { Quantity } from '../../meta/quantity.ts';
import { CelRunError } from './library.ts';
import type { CelLibrary } from './library.ts';

const BAD =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

class CelQuantity {
  readonly value: Quantity;

  constructor(value: Quantity) {
    this.value = value;
  }
}

function parse(text: string): CelQuantity {
  try {
    return new CelQuantity(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelRunError(BAD);
    throw error;
  }
}

function isQuantity(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof CelRunError) return false;
    throw error;
  }
}

function wholeOf({ value: { mantissa, exponent } }: CelQuantity): bigint | undefined {
  if (exponent >= 0) return mantissa * 10n ** BigInt(exponent);
  const factor = 10n ** BigInt(-exponent);
  return mantissa % factor === 0n ? mantissa / factor : undefined;
}

function asInteger(quantity: CelQuantity): bigint {
  const whole = wholeOf(quantity);
  if (whole === undefined) throw new CelRunError('cannot convert value to integer');
  return whole;
}

function compare(left: CelQuantity, right: CelQuantity): number {
  return compareQuantities(left.value, right.value);
}

const add = (left: CelQuantity, right: Quantity) =>
  new CelQuantity(addQuantities(left.value, right));
const subtract = (left: CelQuantity, right: Quantity) =>
  new CelQuantity(subtractQuantities(left.value, right));

const Q = 'kubernetes.Quantity';

export const quantities: CelLibrary = {
  types: [[Q, CelQuantity]],
  functions: [
    [`quantity(string): ${Q}`, parse],
    ['isQuantity(string): bool', isQuantity],
    [`${Q}.isInteger(): bool`, (one: CelQuantity) => wholeOf(one) !== undefined],
    [`${Q}.asInteger(): int`, asInteger],
    [`${Q}.asApproximateFloat(): double`, (one: CelQuantity) => quantityToNumber(one.value)],
    [`${Q}.sign(): int`, (one: CelQuantity) => sign(one.value.mantissa)],
    [`${Q}.isGreaterThan(${Q}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0],
    [`${Q}.isLessThan(${Q}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0],
    [`${Q}.compareTo(${Q}): int`, (a: CelQuantity, b: CelQuantity) => BigInt(compare(a, b))],
    [`${Q}.add(${Q}): ${Q}`, (a: CelQuantity, b: CelQuantity) => add(a, b.value)],
    [`${Q}.add(int): ${Q}`, (a: CelQuantity, b: bigint) => add(a, wholeQuantity(b))],
    [`${Q}.sub(${Q}): ${Q}`, (a: CelQuantity, b: CelQuantity) => subtract(a, b.value)],
    [`${Q}.sub(int): ${Q}`, (a: CelQuantity, b: bigint) => subtract(a, wholeQuantity(b))],
  ],
};

function sign(value: bigint): bigint {
  return value === 0n ? 0n : value > 0n ? 1n : -1n;
}
