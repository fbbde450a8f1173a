// The cluster's certificates, keys and administrator token: made once, then only read.
import { randomBytes, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { MASTERS_GROUP } from './api-request.ts';
import { issueClient, issueServer, makeAuthority } from './certificate-authority.ts';

/** Where the files are kept; the composition root brings the disk. Names have no folders. */
export interface CertificateFiles {
  /** The text of a file, undefined when there is none. */
  read(name: string): Promise<string | undefined>;
  write(name: string, data: string, mode: number): Promise<void>;
}

export interface Certificates {
  /** All PEM. */
  readonly ca: string;
  readonly caKey: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
  readonly adminToken: string;
  /** Signs the certificates of proxies in front of the server. */
  readonly frontProxyCa: string;
  /** One such proxy's. */
  readonly frontProxyCertificate: string;
  readonly frontProxyKey: string;
  /** Signs service account tokens. */
  readonly serviceAccountKey: string;
}

export interface CertificateOptions {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  /** Names and addresses of the server besides the standard ones. */
  readonly names: readonly string[];
}

export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Certificates with less time left than this are made anew. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Whom the kubeconfig is for (API-1104). */
const ADMINISTRATOR = 'kubernetes-admin';
/** The name in the certificate of a proxy in front of the server. */
export const FRONT_PROXY = 'front-proxy-client';
const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Names that the server's certificate always carries (API-1101). */
export const SERVER_NAMES: readonly string[] = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
  '10.96.0.1',
];

async function readPair(
  files: CertificateFiles,
  name: string,
): Promise<KeyedCertificate | undefined> {
  const [certificate, key] = await Promise.all([
    files.read(`${name}.crt`),
    files.read(`${name}.key`),
  ]);
  return certificate !== undefined && key !== undefined ? { certificate, key } : undefined;
}

async function writePair(files: CertificateFiles, name: string, pair: KeyedCertificate) {
  await files.write(`${name}.key`, pair.key, SECRET_MODE);
  await files.write(`${name}.crt`, pair.certificate, PUBLIC_MODE);
}

interface Wanted {
  readonly issuer: string | undefined;
  readonly names: readonly string[];
  readonly nowMs: number;
}

/** True for a readable certificate of the CA that is valid long enough and has all names. */
export function isUsable(pem: string, { issuer, names, nowMs }: Wanted): boolean {
  try {
    const certificate = new X509Certificate(pem);
    if (Date.parse(certificate.validTo) - nowMs < RENEW_BEFORE_MS) return false;
    if (issuer !== undefined && !certificate.verify(new X509Certificate(issuer).publicKey)) {
      return false;
    }
    return names.every((name) =>
      isIP(name) !== 0 ? certificate.checkIP(name) : certificate.checkHost(name),
    );
  } catch {
    return false;
  }
}

async function storedOrNew(
  files: CertificateFiles,
  name: string,
  { make, wanted }: { make: () => KeyedCertificate; wanted: Wanted },
): Promise<KeyedCertificate> {
  const stored = await readPair(files, name);
  if (stored && isUsable(stored.certificate, wanted)) return stored;
  const made = make();
  await writePair(files, name, made);
  return made;
}

async function secretOrNew(files: CertificateFiles, name: string, make: () => string) {
  const stored = (await files.read(name))?.trim();
  if (stored !== undefined && stored !== '') return stored;
  const made = make();
  await files.write(name, `${made}\n`, SECRET_MODE);
  return made;
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim();
}

/**
 * Reads certificates, keys and tokens, making what is missing, nearly expired, signed by another CA
 * or lacks a name.
 */
export async function ensureCertificates({
  files,
  clock,
  names,
}: CertificateOptions): Promise<Certificates> {
  const nowMs = clock.now();
  const ca = await storedOrNew(files, 'ca', {
    make: () => makeAuthority(nowMs, 'ordinal-ca'),
    wanted: { issuer: undefined, names: [], nowMs },
  });
  const serverNames = [...new Set([...SERVER_NAMES, ...names])];
  const server = await storedOrNew(files, 'apiserver', {
    make: () => issueServer(ca, { names: serverNames, nowMs }),
    wanted: { issuer: ca.certificate, names: serverNames, nowMs },
  });
  const admin = await storedOrNew(files, 'admin', {
    make: () => issueClient(ca, { user: ADMINISTRATOR, groups: [MASTERS_GROUP], nowMs }),
    wanted: { issuer: ca.certificate, names: [], nowMs },
  });
  const frontProxyCa = await storedOrNew(files, 'front-proxy-ca', {
    make: () => makeAuthority(nowMs, 'ordinal-front-proxy-ca'),
    wanted: { issuer: undefined, names: [], nowMs },
  });
  const frontProxy = await storedOrNew(files, 'front-proxy-client', {
    make: () => issueClient(frontProxyCa, { user: FRONT_PROXY, groups: [], nowMs }),
    wanted: { issuer: frontProxyCa.certificate, names: [], nowMs },
  });
  return {
    ca: ca.certificate,
    caKey: ca.key,
    serverCertificate: server.certificate,
    serverKey: server.key,
    adminCertificate: admin.certificate,
    adminKey: admin.key,
    frontProxyCa: frontProxyCa.certificate,
    frontProxyCertificate: frontProxy.certificate,
    frontProxyKey: frontProxy.key,
    adminToken: await secretOrNew(files, 'admin.token', () => randomBytes(32).toString('hex')),
    serviceAccountKey: await secretOrNew(files, 'service-account.key', newSigningKey),
  };
}
