// Writes X.509 certificates: what stands in them, signed by an authority's key.
import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { contextTag, DER, writeDer, writeOid } from '../api/certificates/der.ts';

export interface CertificateContent {
  /** Names and the public key in DER. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Made by the functions below. */
  readonly extensions: readonly Buffer[];
}

export const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const ALTERNATIVE_NAMES = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const SERIAL_BYTES = 16;
const UTF8_STRING = 0x0c;
const IP_TAG = contextTag(7, { constructed: false });
const DNS_TAG = contextTag(2, { constructed: false });
const TRUE = writeDer(DER.boolean, Buffer.from([0xff]));

/** Bits of the key usage, counted from the left. */
const KEY_USAGES: ReadonlyMap<string, number> = new Map([
  ['digital signature', 0],
  ['key encipherment', 2],
  ['cert sign', 5],
  ['crl sign', 6],
]);
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
]);

/** A signed certificate as PEM. */
export function buildCertificate(content: CertificateContent, key: KeyObject): string {
  const algorithm = signatureAlgorithm(key);
  const body = writeDer(
    DER.sequence,
    writeDer(contextTag(0, { constructed: true }), integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    content.issuer,
    writeDer(DER.sequence, time(content.notBeforeMs), time(content.notAfterMs)),
    content.subject,
    content.publicKey,
    writeDer(contextTag(3, { constructed: true }), writeDer(DER.sequence, ...content.extensions)),
  );
  return pem(writeDer(DER.sequence, body, algorithm, bitString(sign('sha256', body, key))));
}

/** The name of a user, with its groups, in DER. */
export function subjectName(commonName: string, organizations: readonly string[] = []): Buffer {
  const part = (oid: string, text: string) => {
    const value = writeDer(UTF8_STRING, Buffer.from(text));
    return writeDer(DER.set, writeDer(DER.sequence, writeOid(oid), value));
  };
  const groups = organizations.map((name) => part(ORGANIZATION, name));
  return writeDer(DER.sequence, ...groups, part(COMMON_NAME, commonName));
}

/** What the key may be used for: usages of a CertificateSigningRequest; others are left out. */
export function usageExtensions(usages: readonly string[]): Buffer[] {
  const bits = usages.flatMap((usage) => KEY_USAGES.get(usage) ?? []);
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  // An extension that allows nothing would make the certificate invalid.
  const value = byte === 0 ? undefined : bitString(Buffer.from([byte]), byte);
  const purposes = usages.flatMap((usage) => PURPOSES.get(usage) ?? []).sort();
  const list = writeDer(DER.sequence, ...purposes.map(writeOid));
  return [
    ...(value ? [extension(KEY_USAGE, { critical: true, value })] : []),
    ...(purposes.length > 0 ? [extension(EXTENDED_KEY_USAGE, { value: list })] : []),
  ];
}

/** Whether the certificate may sign others. */
export function authorityExtension(isAuthority: boolean): Buffer {
  const value = writeDer(DER.sequence, ...(isAuthority ? [TRUE] : []));
  return extension(BASIC_CONSTRAINTS, { critical: true, value });
}

/** The names and addresses that a server goes by, from their encoded list. */
export function alternativeNames(encoded: Buffer): Buffer {
  return extension(ALTERNATIVE_NAMES, { value: encoded });
}

/** The encoded list of DNS names and addresses (bytes, as in the address). */
export function encodeNames(dns: readonly string[], addresses: readonly Buffer[]): Buffer {
  return writeDer(
    DER.sequence,
    ...dns.map((name) => writeDer(DNS_TAG, Buffer.from(name))),
    ...addresses.map((address) => writeDer(IP_TAG, address)),
  );
}

/** A short name of a public key. */
export function keyId(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey).digest();
}

export function subjectKeyExtension(id: Buffer): Buffer {
  return extension(SUBJECT_KEY_ID, { value: writeDer(DER.octetString, id) });
}

export function authorityKeyExtension(id: Buffer): Buffer {
  const value = writeDer(DER.sequence, writeDer(contextTag(0, { constructed: false }), id));
  return extension(AUTHORITY_KEY_ID, { value });
}

function extension(
  oid: string,
  { critical = false, value }: { critical?: boolean; value: Uint8Array },
): Buffer {
  const content = writeDer(DER.octetString, value);
  return writeDer(DER.sequence, writeOid(oid), ...(critical ? [TRUE] : []), content);
}

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? writeDer(DER.sequence, writeOid('1.2.840.113549.1.1.11'), writeDer(DER.nothing))
    : writeDer(DER.sequence, writeOid('1.2.840.10045.4.3.2'));
}

/** Positive, and not zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

const integer = (bytes: Buffer) => writeDer(DER.integer, bytes);

/** `flags`: the only byte, not zero, whose lowest zero bits are not part of the string. */
function bitString(bytes: Buffer, flags?: number): Buffer {
  const unused = flags === undefined ? 0 : 31 - Math.clz32(flags & -flags);
  return writeDer(DER.bitString, Buffer.from([unused]), bytes);
}

/** Two digits of the year up to 2049, four from then on. */
function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`;
  return ms < Date.UTC(2050)
    ? writeDer(DER.utcTime, Buffer.from(digits.slice(2)))
    : writeDer(DER.generalizedTime, Buffer.from(digits));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
