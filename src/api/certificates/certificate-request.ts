// Reads a PKCS #10 request, as `spec.request` of a CertificateSigningRequest has it: base64 of PEM.
import { createPublicKey, verify } from 'node:crypto';
import { contextTag, DER, partAt, partsOf, readDer, readOid, type DerValue } from './der.ts';

export interface CertificateRequest {
  /** DER, as it stands in the request. */
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly ipAddresses: readonly Buffer[];
  /** The value of the extension with the names and addresses above, if there are any. */
  readonly alternativeNames: Buffer | undefined;
  /** What is wrong with the signature by the request's own key, or undefined. */
  signatureProblem(): string | undefined;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const ALTERNATIVE_NAMES = '2.5.29.17';
const NAME_TAG = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

interface Algorithm {
  /** For node:crypto. */
  readonly digest: string | null;
  /** Upstream's words for a bad signature. */
  readonly failure: string;
}

const rsa = (digest: string): Algorithm => ({ digest, failure: 'crypto/rsa: verification error' });
const ecdsa = (digest: string): Algorithm => ({
  digest,
  failure: 'x509: ECDSA verification failure',
});

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.11', rsa('sha256')],
  ['1.2.840.113549.1.1.12', rsa('sha384')],
  ['1.2.840.113549.1.1.13', rsa('sha512')],
  ['1.2.840.10045.4.3.2', ecdsa('sha256')],
  ['1.2.840.10045.4.3.3', ecdsa('sha384')],
  ['1.2.840.10045.4.3.4', ecdsa('sha512')],
  ['1.3.101.112', { digest: null, failure: 'x509: Ed25519 verification failure' }],
]);

/** Reads the base64 text of a PEM block. Throws Error with what is wrong. */
export function parseCertificateRequest(base64: string): CertificateRequest {
  const der = pemContent(Buffer.from(base64, 'base64').toString('latin1'));
  const request = partsOf(expectSequence(readDer(der)));
  const body = partAt(request, 0, DER.sequence);
  const algorithm = readOid(partAt(partsOf(partAt(request, 1, DER.sequence)), 0, DER.oid));
  const signature = partAt(request, 2, DER.bitString).content.subarray(1);
  const parts = partsOf(body);
  const subject = partAt(parts, 1, DER.sequence);
  const publicKey = partAt(parts, 2, DER.sequence).raw;
  const alternativeNames = findAlternativeNames(parts[3]);
  const names = alternativeNames ? partsOf(expectSequence(readDer(alternativeNames))) : [];
  const namesOf = (kind: keyof typeof NAME_TAG) =>
    names
      .filter(({ tag }) => tag === contextTag(NAME_TAG[kind], { constructed: false }))
      .map(({ content }) => content);
  const textsOf = (kind: keyof typeof NAME_TAG) => namesOf(kind).map((name) => name.toString());
  return {
    subject: subject.raw,
    publicKey,
    commonName: attributesOf(subject, COMMON_NAME).at(-1) ?? '',
    organizations: attributesOf(subject, ORGANIZATION),
    dnsNames: textsOf('dns'),
    emailAddresses: textsOf('email'),
    uris: textsOf('uri'),
    ipAddresses: namesOf('ip'),
    alternativeNames,
    signatureProblem: () => signatureProblem({ body: body.raw, publicKey, algorithm, signature }),
  };
}

function pemContent(text: string): Buffer {
  const block = /-----BEGIN ([^-]+)-----\s([\s\S]*?)-----END \1-----/.exec(text);
  if (block?.[1] !== 'CERTIFICATE REQUEST') {
    throw new Error('PEM block type must be CERTIFICATE REQUEST');
  }
  return Buffer.from(block[2] ?? '', 'base64');
}

function expectSequence(value: DerValue): DerValue {
  return partAt([value], 0, DER.sequence);
}

/** The values of an attribute in a name: a sequence of sets of pairs. */
function attributesOf(name: DerValue, oid: string): string[] {
  return partsOf(name)
    .flatMap(partsOf)
    .map(partsOf)
    .filter((pair) => readOid(partAt(pair, 0, DER.oid)) === oid)
    .map((pair) => pair[1]?.content.toString() ?? '');
}

function findAlternativeNames(attributes: DerValue | undefined): Buffer | undefined {
  for (const attribute of attributes ? partsOf(attributes) : []) {
    const [oid, values] = partsOf(attribute);
    if (!oid || !values || readOid(oid) !== EXTENSION_REQUEST) continue;
    for (const extension of partsOf(values).flatMap(partsOf).map(partsOf)) {
      if (readOid(partAt(extension, 0, DER.oid)) !== ALTERNATIVE_NAMES) continue;
      return extension.at(-1)?.content;
    }
  }
  return undefined;
}

interface Signed {
  readonly body: Buffer;
  readonly publicKey: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

function signatureProblem({ body, publicKey, algorithm, signature }: Signed): string | undefined {
  const known = ALGORITHMS.get(algorithm);
  if (!known) return 'x509: cannot verify signature: algorithm unimplemented';
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    return verify(known.digest, body, key, signature) ? undefined : known.failure;
  } catch {
    return 'x509: cannot verify signature: algorithm unimplemented';
  }
}
