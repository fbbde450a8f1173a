// Signs what certificate signing requests ask for with the cluster's own authority.
import { createPrivateKey } from 'node:crypto';
import { parseCertificateRequest } from '../api/certificates/certificate-request.ts';
import type { Clock } from '../base/clock.ts';
import {
  alternativeNames,
  authorityExtension,
  authorityKeyExtension,
  buildCertificate,
  usageExtensions,
} from './certificate-builder.ts';
import { readAuthority } from './certificate-authority.ts';
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

/** A signer with the authority's certificate and key (PEM). */
export function createCertificateSigner(ca: KeyedCertificate, clock: Clock): CertificateSigner {
  const key = createPrivateKey(ca.key);
  const authority = readAuthority(ca.certificate);
  return ({ request, usages, expirationSeconds }) => {
    const { subject, publicKey, alternativeNames: names } = parseCertificateRequest(request);
    const times = validity(clock.now(), expirationSeconds ?? YEAR_SECONDS, authority.notAfterMs);
    const extensions = [
      ...usageExtensions(usages),
      authorityExtension(false),
      ...(authority.keyId ? [authorityKeyExtension(authority.keyId)] : []),
      ...(names ? [alternativeNames(names)] : []),
    ];
    const content = { issuer: authority.subject, subject, publicKey, extensions, ...times };
    return buildCertificate(content, key);
  };
}

function validity(nowMs: number, wantedSeconds: number, authorityEndMs: number) {
  if (nowMs >= authorityEndMs) throw new Error('the certificate of the authority has expired');
  const lifeMs = Math.min(Math.max(wantedSeconds, SECONDS_MIN), YEAR_SECONDS) * 1000;
  const endMs = nowMs + lifeMs - (lifeMs < SHORT_MS ? 0 : BACKDATE_MS);
  return { notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: Math.min(endMs, authorityEndMs) };
}
