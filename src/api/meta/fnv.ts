// FNV-1 (not FNV-1a), the hash in the names of controller revisions; and FNV-1a of 128 bits, by
// which ports of endpoints are put in order.

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** The 32-bit FNV-1 hash of the UTF-8 bytes of `text` (SS-513), as an unsigned number. */
export function fnv32(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash, PRIME) ^ byte;
  return hash >>> 0;
}

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Maps each character to one that cannot spell a word; applied to the decimal text of a hash it
 * gives the suffix of names (SS-513).
 */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let index = 0; index < text.length; index += 1) {
    encoded += SAFE_ALPHABET[text.charCodeAt(index) % SAFE_ALPHABET.length];
  }
  return encoded;
}

const BASE_128 = 0x6c62272e07bb014262b821756295c58dn;
const PRIME_128 = 0x1000000000000000000013bn;

/** FNV-1a of the UTF-8 bytes of `text`, 128 bit. */
export function fnv128a(text: string): bigint {
  let hash = BASE_128;
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * PRIME_128);
  }
  return hash;
}
