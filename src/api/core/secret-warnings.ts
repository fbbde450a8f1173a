// Warnings about secrets of type kubernetes.io/tls whose certificate and key do not go together.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Secret } from '../generated/types.ts';

interface PemBlock {
  readonly type: string;
  readonly text: string;
}

const BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n[\s\S]*?-----END \1-----/g;

/** Warnings about a new or changed secret. */
export function secretWarnings({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const fault = pairFault(pemBlocks(data['tls.crt']), pemBlocks(data['tls.key']));
  return fault === undefined ? [] : [`tls: ${fault}`];
}

function pemBlocks(encoded: string | undefined): PemBlock[] {
  const text = Buffer.from(encoded ?? '', 'base64').toString('latin1');
  return [...text.matchAll(BLOCK)].map(([block, type = '']) => ({ type, text: block }));
}

function pairFault(certificates: readonly PemBlock[], keys: readonly PemBlock[]) {
  const certificate = certificates.find(({ type }) => type === 'CERTIFICATE');
  if (certificate === undefined) return certificateMissing(certificates.map(({ type }) => type));
  const found = keys.findIndex(({ type }) => type === 'PRIVATE KEY' || isNamedKey(type));
  const key = keys[found];
  if (key === undefined) return keyMissing(keys.map(({ type }) => type));
  return mismatch(certificate, key);
}

function isNamedKey(type: string): boolean {
  return type.endsWith(' PRIVATE KEY');
}

function certificateMissing(types: readonly string[]): string {
  if (types.length === 0) return 'failed to find any PEM data in certificate input';
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY') === true) {
    return (
      'failed to find certificate PEM data in certificate input, but did find a private key; ' +
      'PEM inputs may have been switched'
    );
  }
  return (
    'failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of ' +
    `the following types: [${types.join(' ')}]`
  );
}

function keyMissing(types: readonly string[]): string {
  if (types.length === 0) return 'failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE') {
    return 'found a certificate rather than a key in the PEM for the private key';
  }
  return (
    'failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM ' +
    `blocks of the following types: [${types.join(' ')}]`
  );
}

function mismatch(certificate: PemBlock, key: PemBlock): string | undefined {
  const parsed = attempt(() => new X509Certificate(certificate.text));
  if (parsed === undefined) return 'failed to parse certificate';
  const privateKey = attempt(() => createPrivateKey(key.text));
  if (privateKey === undefined) return 'failed to parse private key';
  if (kindOf(parsed.publicKey) !== kindOf(privateKey)) {
    return 'private key type does not match public key type';
  }
  return parsed.checkPrivateKey(privateKey) ? undefined : 'private key does not match public key';
}

function kindOf(key: KeyObject): string | undefined {
  return key.asymmetricKeyType;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
