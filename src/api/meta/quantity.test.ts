import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isWholeQuantity,
  milliQuantity,
  parseQuantity,
  quantityMillis,
  quantitySign,
  quantityToNumber,
  quantityValue,
  subtractQuantities,
  wholeQuantity,
} from './quantity.ts';

describe('canonicalQuantity', () => {
  it.each([
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['1500Mi', '1500Mi'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['100m', '100m'],
    ['1', '1'],
    ['0', '0'],
    ['0Mi', '0'],
    ['-0', '0'],
    ['.', '0'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['10000k', '10M'],
    ['1e3', '1e3'],
    ['1e4', '10e3'],
    ['1E3', '1E3'],
    ['1E', '1E'],
    ['1000E', '1000E'],
    ['0.1n', '1n'],
    ['0.0000000001', '1n'],
    ['1Ki', '1Ki'],
    ['1024', '1024'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1.500', '1.500'],
    ['8Ki', '8Ki'],
    ['512Mi', '512Mi'],
    ['-1Gi', '-1Gi'],
    ['-2048Ki', '-2Mi'],
    ['16Ei', '9223372036854775807'],
    [' 1Gi ', '1Gi'],
    [1.5, '1500m'],
    [2, '2'],
    [1e21, '1e+21'],
  ])('API-923: %j becomes %j', (text, expected) => {
    expect(canonicalQuantity(text)).toBe(expected);
  });

  it.each(['', '1GiB', 'ten', '1 Gi', '1,5', '1..5', '0x10', 'NaN', 'true', '1e3.5'])(
    'API-922: %j is no quantity',
    (text) => {
      expect(() => parseQuantity(text)).toThrow(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    },
  );

  it.each(['1i', '--1', '1Mii', '1e', '5-5', '1K', '1e99999'])(
    'API-922: %j has no such suffix',
    (text) => {
      expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix");
    },
  );

  it('API-923: canonical and formatted texts keep the value', () => {
    const suffixes = ['', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'Ki', 'Mi', 'Gi', 'Ti', 'e3'];
    const texts = fc.tuple(
      fc.integer({ min: -99_999, max: 99_999 }),
      fc.constantFrom('', '.5', '.25', '.125'),
      fc.constantFrom(...suffixes),
    );
    fc.assert(
      fc.property(texts, ([whole, fraction, suffix]) => {
        const quantity = parseQuantity(`${whole}${fraction}${suffix}`);
        const canonical = canonicalQuantity(`${whole}${fraction}${suffix}`);
        expect(compareQuantities(parseQuantity(canonical), quantity)).toBe(0);
        // A binary value without a binary suffix reads back as a decimal one: the value stays.
        expect(compareQuantities(parseQuantity(formatQuantity(quantity)), quantity)).toBe(0);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('arithmetic', () => {
  it('is exact and keeps the format of the left side', () => {
    const sum = addQuantities(parseQuantity('1Gi'), parseQuantity('512Mi'));
    expect(formatQuantity(sum)).toBe('1536Mi');
    expect(formatQuantity(addQuantities(parseQuantity('0.1'), parseQuantity('0.2')))).toBe('300m');
    expect(formatQuantity(addQuantities(wholeQuantity(0), parseQuantity('2Ki')))).toBe('2Ki');
    expect(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('1500m')))).toBe(
      '-500m',
    );
    expect(formatQuantity(milliQuantity(2500))).toBe('2500m');
  });

  it('compares across suffixes and rounds away from zero', () => {
    expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1);
    expect(compareQuantities(parseQuantity('1000m'), parseQuantity('1'))).toBe(0);
    expect(compareQuantities(parseQuantity('-1'), parseQuantity('1m'))).toBe(-1);
    expect(quantityValue(parseQuantity('1500m'))).toBe(2n);
    expect(quantityValue(parseQuantity('-1500m'))).toBe(-2n);
    expect(quantityValue(parseQuantity('1Gi'))).toBe(1073741824n);
    expect(quantityMillis(parseQuantity('0.25'))).toBe(250n);
    expect(quantityMillis(parseQuantity('1u'))).toBe(1n);
    expect(quantityToNumber(parseQuantity('1500m'))).toBe(1.5);
    expect(isWholeQuantity(parseQuantity('500m'))).toBe(false);
    expect(isWholeQuantity(parseQuantity('2Ki'))).toBe(true);
    expect(quantitySign(parseQuantity('-1Gi'))).toBe(-1);
  });
});
