// IP addresses and CIDR ranges, as strict as upstream has been since 1.36.
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';

/** The 4 or 16 bytes of an address. */
type Address = readonly number[];

const BAD_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Parses an address; leading zeros in IPv4 are let pass. Undefined when it is none. */
export function parseIp(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]+$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = parseGroups(halves[1] ?? '');
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing >= 2 ? [...head, ...Array<number>(missing).fill(0), ...tail] : undefined;
}

/** The bytes of `a:b:c` or `a:b:1.2.3.4`. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (i === groups.length - 1 && group.includes('.')) {
      const last = parseIpv4(group);
      if (last === undefined) return undefined;
      bytes.push(...last);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    }
  }
  return bytes;
}

/** True for an IPv6 address that is not a mapped IPv4 one. */
export function isIpv6(text: string): boolean {
  return text.includes(':') && parseIpv6(text) !== undefined && !isMapped(parseIpv6(text) ?? []);
}

/** True for an IPv4 address, mapped ones included. */
export function isIpv4(text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && (address.length === 4 || isMapped(address));
}

function isMapped(address: Address): boolean {
  if (address.length !== 16) return false;
  return (
    address.slice(0, 10).every((byte) => byte === 0) && address[10] === 255 && address[11] === 255
  );
}

/** The shortest form of an address (RFC 5952). */
export function canonicalIp(text: string): string {
  const address = parseIp(text);
  if (address === undefined) return text;
  if (address.length === 4) return address.join('.');
  if (isMapped(address)) return address.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  );
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  const head = groups.slice(0, run.start).join(':');
  return `${head}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === '0') continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

/** An address in a field older than the strict rules; those in `known` pass as they are. */
export function* validateIp(
  text: string | undefined,
  path: FieldPath,
  known: readonly string[] = [],
): Causes {
  const value = text ?? '';
  if (known.includes(value)) return;
  const address = parseIp(value);
  if (address === undefined) {
    yield invalidValue(path, value, BAD_IP);
    return;
  }
  if (hasLeadingZero(value)) yield invalidValue(path, value, 'must not have leading 0s');
  if (isMapped(address)) yield invalidValue(path, value, 'must not be an IPv4-mapped IPv6 address');
}

/** An address that must also be in its shortest form. */
export function* validateCanonicalIp(text: string, path: FieldPath): Causes {
  const causes = [...validateIp(text, path)];
  yield* causes;
  const canonical = canonicalIp(text);
  if (causes.length === 0 && text !== canonical) {
    yield invalidValue(path, text, `must be in canonical form ("${canonical}")`);
  }
}

function hasLeadingZero(text: string): boolean {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  return dotted.includes('.') && dotted.split('.').some((part) => /^0[0-9]/.test(part));
}

/**
 * 127.244.0.0/16 is the pod network where pods are plain processes (loopbackAddress() of the node
 * room): there, other than upstream, these addresses are endpoints like any other.
 */
const PROCESS_POD_NETWORK = 244;

/** An address that can be an endpoint: not unspecified, loopback or link-local. */
export function* validateEndpointIp(text: string, path: FieldPath): Causes {
  const address = parseIp(text);
  if (address === undefined) {
    yield invalidValue(path, text, 'must be a valid IP address');
    return;
  }
  const [first = 0, second = 0, third = 0] = isMapped(address) ? address.slice(12) : address;
  const four = address.length === 4 || isMapped(address);
  if (address.every((byte) => byte === 0)) {
    yield invalidValue(path, text, `may not be unspecified (${text})`);
  }
  const loopback = address.slice(0, -1).every((byte) => byte === 0) && address.at(-1) === 1;
  if (four ? first === 127 && second !== PROCESS_POD_NETWORK : loopback) {
    const message = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
    yield invalidValue(path, text, message);
  }
  if (four ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80) {
    const message = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
    yield invalidValue(path, text, message);
  }
  const multicast = first === 224 && second === 0 && third === 0;
  if (four ? multicast : first === 0xff && (second & 0x0f) === 2) {
    const message = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
    yield invalidValue(path, text, message);
  }
}

/** True for a range, also in a form that new fields do not allow. */
export function parsesAsCidr(text: string): boolean {
  const [ip = '', bits = '', ...rest] = text.split('/');
  const address = parseIp(ip);
  if (address === undefined || rest.length > 0 || !/^[0-9]{1,3}$/.test(bits)) return false;
  return Number(bits) <= address.length * 8;
}

/** A range such as 10.0.0.0/8; those in `known` pass as they are. */
export function* validateCidr(
  text: string,
  path: FieldPath,
  known: readonly string[] = [],
): Causes {
  if (known.includes(text)) return;
  const [ip = '', bits = ''] = text.split('/');
  const address = parseIp(ip);
  if (address === undefined || !parsesAsCidr(text)) {
    yield invalidValue(path, text, BAD_CIDR);
    return;
  }
  const size = Number(bits);
  if (hasLeadingZero(ip) || /^0[0-9]/.test(bits)) {
    yield invalidValue(path, text, 'must not have leading 0s in IP or prefix length');
  } else if (isMapped(address)) {
    yield invalidValue(path, text, 'must not have an IPv4-mapped IPv6 address');
  } else if (hasHostBits(address, size)) {
    yield invalidValue(path, text, 'must not have bits set beyond the prefix length');
  }
}

/** A range that must also be in its shortest form. */
export function* validateCanonicalCidr(text: string, path: FieldPath): Causes {
  const causes = [...validateCidr(text, path)];
  yield* causes;
  const [ip = '', bits = ''] = text.split('/');
  const canonical = `${canonicalIp(ip)}/${bits}`;
  if (causes.length === 0 && text !== canonical) {
    yield invalidValue(path, text, `must be in canonical form ("${canonical}")`);
  }
}

/** True when the first of two well-formed ranges is a strict part of the second. */
export function isWithin(inner: string, outer: string): boolean {
  const [innerIp = '', innerBits] = inner.split('/');
  const [outerIp = '', outerBits] = outer.split('/');
  const address = parseIp(innerIp);
  const base = parseIp(outerIp);
  if (!address || !base || address.length !== base.length) return false;
  const differing = address.map((byte, index) => byte ^ (base[index] ?? 0));
  const size = Number(outerBits);
  const inside = differing.every((byte, i) => {
    const covered = Math.min(8, Math.max(0, size - i * 8));
    return (byte & ~(0xff >> covered) & 0xff) === 0;
  });
  return inside && Number(innerBits) > size;
}

function hasHostBits(address: Address, size: number): boolean {
  return address.some((byte, i) => {
    const covered = Math.min(8, Math.max(0, size - i * 8));
    return (byte & (0xff >> covered)) !== 0;
  });
}

/** True for one IPv4 and one IPv6 address. */
export function isDualStack(addresses: readonly string[]): boolean {
  return addresses.some(isIpv4) && addresses.some(isIpv6);
}
