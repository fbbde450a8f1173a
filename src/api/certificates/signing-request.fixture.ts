// For tests: makes signing requests as `openssl req` does.
import { generateKeyPairSync, sign } from 'node:crypto';
import { contextTag, DER, writeDer, writeOid } from './der.ts';

const UTF8_STRING = 0x0c;
const NAME_TAGS = { email: 1, dns: 2, uri: 6 } as const;

/** What is asked, and with which kind of key. */
export interface WantedCertificate {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** `dns:a.example`, `email:a@example`, `uri:x://y`. */
  readonly names?: readonly `${keyof typeof NAME_TAGS}:${string}`[];
  readonly keyType?: 'ec' | 'rsa' | 'ed25519';
  /** Signs with another key than the request has. */
  readonly forged?: boolean;
}

const ALGORITHM = {
  ec: '1.2.840.10045.4.3.2',
  rsa: '1.2.840.113549.1.1.11',
  ed25519: '1.3.101.112',
};

function newKey(keyType: 'ec' | 'rsa' | 'ed25519') {
  if (keyType === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (keyType === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ed25519');
}

function attribute(oid: string, text: string): Buffer {
  const value = writeDer(UTF8_STRING, Buffer.from(text));
  return writeDer(DER.set, writeDer(DER.sequence, writeOid(oid), value));
}

/** A request as `spec.request` has it, and its private key (PEM). */
export function signingRequest(wanted: WantedCertificate): { request: string; key: string } {
  const { commonName, organizations = [], names = [], keyType = 'ec' } = wanted;
  const { publicKey, privateKey } = newKey(keyType);
  const subject = [
    ...organizations.map((text) => attribute('2.5.4.10', text)),
    attribute('2.5.4.3', commonName),
  ];
  const body = writeDer(
    DER.sequence,
    writeDer(DER.integer, Buffer.from([0])),
    writeDer(DER.sequence, ...subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    writeDer(contextTag(0, { constructed: true }), ...extensionRequest(names)),
  );
  const signer = wanted.forged === true ? newKey(keyType).privateKey : privateKey;
  const signature = sign(keyType === 'ed25519' ? null : 'sha256', body, signer);
  const der = writeDer(
    DER.sequence,
    body,
    writeDer(DER.sequence, writeOid(ALGORITHM[keyType])),
    writeDer(DER.bitString, Buffer.from([0]), signature),
  );
  return {
    request: requestText(der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** `spec.request` for the bytes of a request. */
export function requestText(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const type = 'CERTIFICATE REQUEST';
  const pem = `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`;
  return Buffer.from(pem).toString('base64');
}

function extensionRequest(names: readonly string[]): Buffer[] {
  if (names.length === 0) return [];
  const values = names.map((text) => {
    const [kind = '', ...rest] = text.split(':');
    const number = NAME_TAGS[kind as keyof typeof NAME_TAGS];
    return writeDer(contextTag(number, { constructed: false }), Buffer.from(rest.join(':')));
  });
  const value = writeDer(DER.octetString, writeDer(DER.sequence, ...values));
  const extensions = writeDer(DER.sequence, writeDer(DER.sequence, writeOid('2.5.29.17'), value));
  const oid = writeOid('1.2.840.113549.1.9.14');
  return [writeDer(DER.sequence, oid, writeDer(DER.set, extensions))];
}
