// Ranges of IPv4 addresses as numbers.
import { assert, present } from '../../base/assert.ts';

export interface IpRange {
  /** `10.96.0.0/12`. */
  readonly text: string;
  /** The network address as a number. */
  readonly base: number;
  /** Number of addresses, the network's and the broadcast's included. */
  readonly size: number;
}

/** Reads `10.96.0.0/12`; anything else is a programmer error. */
export function parseRange(text: string): IpRange {
  const [address = '', bits = ''] = text.split('/');
  const base = present(parseAddress(address), 'address of the range');
  const size = 2 ** (32 - Number(bits));
  assert(Number.isInteger(size) && base % size === 0, `${text} is a range of IPv4 addresses`);
  return { text, base, size };
}

/** The number of an IPv4 address in dotted form, or undefined. */
export function parseAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
