// Makes certificates: authorities, and what they issue for the parts of the cluster.
import {
  createPrivateKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';
import { contextTag, DER, partAt, partsOf, readDer, readOid } from '../api/certificates/der.ts';
import type { DerValue } from '../api/certificates/der.ts';
import { parseIp } from '../api/core/ip-validation.ts';
import {
  alternativeNames,
  authorityExtension,
  authorityKeyExtension,
  buildCertificate,
  encodeNames,
  keyId,
  SUBJECT_KEY_ID,
  subjectKeyExtension,
  subjectName,
  usageExtensions,
} from './certificate-builder.ts';
import type { KeyedCertificate } from './certificates.ts';

const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_YEARS = 10;
/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 300_000;

function newKeys(): { privateKey: KeyObject; publicKey: Buffer; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKey,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const validity = (nowMs: number) => ({
  notBeforeMs: nowMs - BACKDATE_MS,
  notAfterMs: nowMs + AUTHORITY_YEARS * YEAR_MS,
});

/** A self-signed CA, valid for ten years from `nowMs`. */
export function makeAuthority(nowMs: number, name: string): KeyedCertificate {
  const { privateKey, publicKey, key } = newKeys();
  const subject = subjectName(name);
  const extensions = [
    ...usageExtensions(['digital signature', 'cert sign', 'crl sign']),
    authorityExtension(true),
    subjectKeyExtension(keyId(publicKey)),
  ];
  const content = { issuer: subject, subject, publicKey, extensions, ...validity(nowMs) };
  return { certificate: buildCertificate(content, privateKey), key };
}

export interface Authority {
  /** DER. */
  readonly subject: Buffer;
  readonly keyId: Buffer | undefined;
  readonly notAfterMs: number;
}

/** What the certificates that an authority (PEM) issues have of it. Throws Error. */
export function readAuthority(certificate: string): Authority {
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

function issue(
  ca: KeyedCertificate,
  options: { subject: Buffer; usage: string; names?: Buffer; nowMs: number },
): KeyedCertificate {
  const { publicKey, key } = newKeys();
  const authority = readAuthority(ca.certificate);
  const extensions = [
    ...usageExtensions(['digital signature', options.usage]),
    authorityExtension(false),
    ...(authority.keyId ? [authorityKeyExtension(authority.keyId)] : []),
    ...(options.names ? [alternativeNames(options.names)] : []),
  ];
  const { subject, nowMs } = options;
  const content = {
    issuer: authority.subject,
    subject,
    publicKey,
    extensions,
    ...validity(nowMs),
  };
  return { certificate: buildCertificate(content, createPrivateKey(ca.key)), key };
}

/** The API server's certificate, for the given names and addresses. */
export function issueServer(
  ca: KeyedCertificate,
  { names, nowMs }: { names: readonly string[]; nowMs: number },
): KeyedCertificate {
  const dns = names.filter((name) => isIP(name) === 0);
  const addresses = names.filter((name) => isIP(name) !== 0);
  const subject = subjectName('kube-apiserver');
  return issue(ca, {
    subject,
    usage: 'server auth',
    names: encodeNames(
      dns,
      addresses.map((address) => Buffer.from(parseIp(address) ?? [])),
    ),
    nowMs,
  });
}

/** A client certificate of a user in some groups (API-1102). */
export function issueClient(
  ca: KeyedCertificate,
  { user, groups, nowMs }: { user: string; groups: readonly string[]; nowMs: number },
): KeyedCertificate {
  return issue(ca, { subject: subjectName(user, groups), usage: 'client auth', nowMs });
}
