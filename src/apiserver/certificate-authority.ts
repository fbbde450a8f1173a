// Makes certificates. Loaded only when some are missing: the X.509 library takes about 100 ms.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { KeyedCertificate } from './certificates.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_YEARS = 10;
/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 300_000;

type Keys = Awaited<ReturnType<typeof newKeys>>;

async function newKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

const serialNumber = () => `00${randomBytes(15).toString('hex')}`;

async function keyPem(keys: Keys): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

async function signingKey(pem: string) {
  const [der] = x509.PemConverter.decode(pem);
  return webcrypto.subtle.importKey('pkcs8', der!, ALGORITHM, false, ['sign']);
}

const validity = (nowMs: number, years: number) => ({
  notBefore: new Date(nowMs - BACKDATE_MS),
  notAfter: new Date(nowMs + years * YEAR_MS),
});

/** A self-signed CA, valid for ten years from `nowMs`. */
export async function makeAuthority(nowMs: number): Promise<KeyedCertificate> {
  const keys = await newKeys();
  const usages = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: 'CN=ordinal-ca',
      ...validity(nowMs, AUTHORITY_YEARS),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          usages.keyCertSign | usages.cRLSign | usages.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys) };
}

async function issue(
  ca: KeyedCertificate,
  options: { subject: x509.JsonName; usage: string; names: readonly string[]; nowMs: number },
): Promise<KeyedCertificate> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(ca.certificate);
  const names = options.names.map((name) => ({
    type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
    value: name,
  }));
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: options.subject,
      issuer: issuer.subject,
      ...validity(options.nowMs, AUTHORITY_YEARS),
      signingKey: await signingKey(ca.key),
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([options.usage]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys) };
}

/** The API server's certificate, for the given names and addresses. */
export function issueServer(
  ca: KeyedCertificate,
  { names, nowMs }: { names: readonly string[]; nowMs: number },
): Promise<KeyedCertificate> {
  const subject = [{ CN: ['kube-apiserver'] }];
  return issue(ca, { subject, usage: x509.ExtendedKeyUsage.serverAuth, names, nowMs });
}

/**
 * The administrator's client certificate: user kubernetes-admin of group system:masters (API-1104).
 */
export function issueClient(
  ca: KeyedCertificate,
  { nowMs }: { nowMs: number },
): Promise<KeyedCertificate> {
  const subject = [{ O: ['system:masters'] }, { CN: ['kubernetes-admin'] }];
  return issue(ca, { subject, usage: x509.ExtendedKeyUsage.clientAuth, names: [], nowMs });
}
