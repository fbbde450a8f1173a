// Randomness comes in through the constructor; a seed makes a run repeatable.
import { randomInt, randomUUID } from 'node:crypto';

export interface Random {
  /** UUID version 4. */
  uuid(): string;
  /** Whole number from 0 to `bound - 1`. */
  integer(bound: number): number;
}

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  integer: (bound) => randomInt(bound),
};

/** Deterministic generator (mulberry32); equal seeds give equal sequences. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
  return {
    uuid: () =>
      `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`,
    integer: (bound) => Math.floor(next() * bound),
  };
}

/** Letters that spell no words, as upstream uses for generated names (API-405). */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Random name suffix of `length` characters. */
export function nameSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => NAME_ALPHABET[random.integer(NAME_ALPHABET.length)]).join('');
}
