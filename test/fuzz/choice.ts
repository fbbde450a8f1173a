// Choices of the fuzzer: everything it sends follows from a seeded generator.
import type { Random } from '../../src/base/random.ts';

/** One of the list, which must not be empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)] as T;
}

/** True in `percent` of 100 cases. */
export function chance(random: Random, percent: number): boolean {
  return random.integer(100) < percent;
}

/** `count` things made one after another. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Bytes without any meaning. */
export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(times(length, () => random.integer(256)));
}

/** Names of objects; few, so that requests meet each other's objects. */
export const NAMES = ['a', 'b', 'web-0', 'default', 'kubernetes', 'x.y.example.com'];
export const NAMESPACES = [
  ...Array<string>(6).fill('default'),
  'fuzz',
  'fuzz',
  'kube-system',
  'missing',
];

/** Texts that break things. */
export const ODD_TEXTS = [
  '', ' ', '0', '-1', '00', '1e9', '1e400', 'null', 'true', 'a', 'A', '..', '.', '-', '*', '/', '%',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', '${x}', '{{x}}', '\u0000', '\n', '\r\n',
  '\ud800', '\u{1f600}', 'é', '\u202e', 'a'.repeat(63), 'a'.repeat(64), 'a'.repeat(254), 'x=y,z',
  '9223372036854775807', '9223372036854775808', '-9223372036854775809', '1Gi', '1.5', '1e3Ki', '10m',
  '2026-01-01T00:00:00Z', '2026-13-45T99:99:99Z', '0001-01-01T00:00:00Z', '10.0.0.1', '::1',
  '10.0.0.0/33', '50%', '101%', '-5%', 'a/b', 'a/b/c', 'example.com/name', '(a+)+$', '[', '\\',
]; // prettier-ignore

/** Numbers that break things. */
export const ODD_NUMBERS = [
  0, -0, 1, -1, 2, 7, 80, 443, 65535, 65536, 0.5, -1.5, 1e21, 1e308, 2 ** 31 - 1, 2 ** 31,
  -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 2 ** 63, 2 ** 64, Number.MIN_VALUE,
]; // prettier-ignore

/** A text that is now and then harmless. */
export function randomText(random: Random): string {
  if (chance(random, 50)) return pick(random, NAMES);
  if (chance(random, 90)) return pick(random, ODD_TEXTS);
  return pick(random, ODD_TEXTS).repeat(random.integer(40)).slice(0, 4000);
}
