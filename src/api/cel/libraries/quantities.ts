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
import type { Declaration } from '../language/declarations.ts';
import { structOf } from '../language/types.ts';
import { CelObject, CelRunError } from '../language/values.ts';

const BAD =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

class CelQuantity extends CelObject {
  readonly celType = structOf('kubernetes.Quantity');
  readonly value: Quantity;

  constructor(value: Quantity) {
    super();
    this.value = value;
  }

  override equals({ value }: this): boolean {
    return compareQuantities(value, this.value) === 0;
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

type Two = [CelQuantity, CelQuantity];

export const quantities: readonly Declaration[] = [
  ['quantity', 'string_to_quantity', `(string) -> ${Q}`, parse],
  ['isQuantity', 'is_quantity_string', '(string) -> bool', isQuantity],
  ['sign', 'quantity_sign', `(${Q}) -> int`, ({ value }: CelQuantity) => sign(value.mantissa)],
  ['isGreaterThan', 'quantity_is_greater_than', `${Q}.(${Q}) -> bool`, (...two: Two) => compare(...two) > 0],
  ['isLessThan', 'quantity_is_less_than', `${Q}.(${Q}) -> bool`, (...two: Two) => compare(...two) < 0],
  ['compareTo', 'quantity_compare_to', `${Q}.(${Q}) -> int`, (...two: Two) => BigInt(compare(...two))],
  ['asApproximateFloat', 'quantity_get_float', `${Q}.() -> double`, ({ value }: CelQuantity) => quantityToNumber(value)],
  ['asInteger', 'quantity_get_int', `${Q}.() -> int`, asInteger],
  ['isInteger', 'quantity_is_integer', `${Q}.() -> bool`, (one: CelQuantity) => wholeOf(one) !== undefined],
  ['add', 'quantity_add', `${Q}.(${Q}) -> ${Q}`, (a: CelQuantity, b: CelQuantity) => add(a, b.value)],
  ['add', 'quantity_add_int', `${Q}.(int) -> ${Q}`, (a: CelQuantity, b: bigint) => add(a, wholeQuantity(b))],
  ['sub', 'quantity_sub', `${Q}.(${Q}) -> ${Q}`, (a: CelQuantity, b: CelQuantity) => subtract(a, b.value)],
  ['sub', 'quantity_sub_int', `${Q}.(int) -> ${Q}`, (a: CelQuantity, b: bigint) => subtract(a, wholeQuantity(b))],
]; // prettier-ignore

function sign(value: bigint): bigint {
  return value === 0n ? 0n : value > 0n ? 1n : -1n;
}
