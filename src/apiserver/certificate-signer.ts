// Signs what certificate signing requests ask for with the cluster's own authority.
import { createPrivateKey, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { parseCertificateRequest } from '../api/certificates/certificate-request.ts';
import {
  contextTag,
  DER,
  partAt,
  partsOf,
  readDer,
  readOid,
  writeDer,
  writeOid,
  type DerValue,
} from '../api/certificates/der.ts';
import type { Clock } from '../base/clock.ts';
import type { KeyedCertificate } from './certificates.ts';

export interface SigningWish {
  /** `spec.request`: base64 of the PEM of a PKCS #10 request. */
  readonly request: string;
  /** `spec.usages`, checked. */
  readonly usages: readonly string[];
  /** How long the certificate is good for, in seconds; absent: a year. */
  readonly expirationSeconds: number | undefined;
}

/** Answers with the certificate as PEM. Throws Error for a request that can't be read. */
export type CertificateSigner = (wish: SigningWish) => string;

const YEAR_SECONDS = 365 * 24 * 3600;
const SECONDS_MIN = 600;
/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 300_000;
/** Certificates that live shorter than this keep their end in spite of the early begin. */
const SHORT_MS = 8 * 3_600_000;
const SERIAL_BYTES = 16;
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const ALTERNATIVE_NAMES = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';

/** Of those usages that our signers know: bits of the key usage, counted from the left … */
const KEY_USAGES: ReadonlyMap<string, number> = new Map([
  ['digital signature', 0],
  ['key encipherment', 2],
]);
/** … and extended usages. */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
]);

const TRUE = writeDer(DER.boolean, Buffer.from([0xff]));

/** A signer with the authority's certificate and key (PEM). */
export function createCertificateSigner(ca: KeyedCertificate, clock: Clock): CertificateSigner {
  const key = createPrivateKey(ca.key);
  const authority = readAuthority(ca.certificate);
  const algorithm = signatureAlgorithm(key);
  return ({ request, usages, expirationSeconds }) => {
    const wanted = parseCertificateRequest(request);
    const extensions = [
      keyUsage(usages),
      purposes(usages),
      extension(BASIC_CONSTRAINTS, { critical: true, value: writeDer(DER.sequence) }),
      ...(authority.keyId ? [authorityKeyId(authority.keyId)] : []),
      ...(wanted.alternativeNames ? [alternativeNames(wanted.alternativeNames)] : []),
    ];
    const body = writeDer(
      DER.sequence,
      writeDer(contextTag(0, { constructed: true }), integer(Buffer.from([2]))),
      integer(serialNumber()),
      algorithm,
      authority.subject,
      validity(clock.now(), expirationSeconds ?? YEAR_SECONDS, authority.notAfterMs),
      wanted.subject,
      wanted.publicKey,
      writeDer(contextTag(3, { constructed: true }), writeDer(DER.sequence, ...extensions)),
    );
    const signature = bitString(sign('sha256', body, key));
    return pem(writeDer(DER.sequence, body, algorithm, signature));
  };
}

interface Authority {
  /** DER. */
  readonly subject: Buffer;
  readonly keyId: Buffer | undefined;
  readonly notAfterMs: number;
}

function readAuthority(certificate: string): Authority {
  const { raw, validTo } = new X509Certificate(certificate);
  const body = partsOf(partAt(partsOf(readDer(raw)), 0, DER.sequence));
  // Version, serial number, algorithm, issuer, validity, subject, key, extensions.
  const subject = partAt(body, 5, DER.sequence).raw;
  const wrapped = body.find(({ tag }) => tag === contextTag(3, { constructed: true }));
  const extensions = wrapped ? partsOf(wrapped).flatMap(partsOf).map(partsOf) : [];
  const isKeyId = ([oid]: readonly DerValue[]) => oid && readOid(oid) === SUBJECT_KEY_ID;
  const value = extensions.find(isKeyId)?.at(-1)?.content;
  return { subject, keyId: value && readDer(value).content, notAfterMs: Date.parse(validTo) };
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

function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return writeDer(DER.bitString, Buffer.from([unusedBits]), bytes);
}

function validity(nowMs: number, wantedSeconds: number, notAfterMs: number): Buffer {
  const lifeMs = Math.min(Math.max(wantedSeconds, SECONDS_MIN), YEAR_SECONDS) * 1000;
  const endMs = nowMs + lifeMs - (lifeMs < SHORT_MS ? 0 : BACKDATE_MS);
  if (nowMs >= notAfterMs) throw new Error('the certificate of the authority has expired');
  return writeDer(DER.sequence, time(nowMs - BACKDATE_MS), time(Math.min(endMs, notAfterMs)));
}

/** Two digits of the year up to 2049, four from then on. */
function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`;
  return ms < Date.UTC(2050)
    ? writeDer(DER.utcTime, Buffer.from(digits.slice(2)))
    : writeDer(DER.generalizedTime, Buffer.from(digits));
}

function extension(
  oid: string,
  { critical = false, value }: { critical?: boolean; value: Uint8Array },
): Buffer {
  const content = writeDer(DER.octetString, value);
  return writeDer(DER.sequence, writeOid(oid), ...(critical ? [TRUE] : []), content);
}

function keyUsage(usages: readonly string[]): Buffer {
  const bits = usages.flatMap((usage) => KEY_USAGES.get(usage) ?? []);
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = byte === 0 ? 0 : Math.clz32(byte & -byte) ^ 31;
  const value = byte === 0 ? bitString(Buffer.alloc(0)) : bitString(Buffer.from([byte]), unused);
  return extension(KEY_USAGE, { critical: true, value });
}

function purposes(usages: readonly string[]): Buffer {
  const oids = usages.flatMap((usage) => PURPOSES.get(usage) ?? []);
  const value = writeDer(DER.sequence, ...oids.sort().map(writeOid));
  return extension(EXTENDED_KEY_USAGE, { value });
}

function authorityKeyId(keyId: Buffer): Buffer {
  const value = writeDer(DER.sequence, writeDer(contextTag(0, { constructed: false }), keyId));
  return extension(AUTHORITY_KEY_ID, { value });
}

const alternativeNames = (value: Buffer) => extension(ALTERNATIVE_NAMES, { value });

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
