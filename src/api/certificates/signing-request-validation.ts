// Which certificate signing requests are well formed, and what may be changed of them by whom: a
// verdict only by /approval, a certificate only by /status.
import { X509Certificate } from 'node:crypto';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { pathSegmentName, validateMetadata } from '../core/object-meta-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateDns1123Label, validateDns1123Subdomain } from '../meta/names.ts';
import { parseCertificateRequest } from './certificate-request.ts';

const SPEC = fieldPath('spec');
const CONDITIONS = fieldPath('status', 'conditions');
const CERTIFICATE = fieldPath('status', 'certificate');
const SECONDS_MIN = 600;
const DOMAIN_MAX = 253;
const SIGNER_MAX = DOMAIN_MAX + DOMAIN_MAX + 63 + 2;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
/** Verdicts can't be taken back: they are True or absent. */
const VERDICTS: readonly string[] = ['Approved', 'Denied', 'Failed'];
const STATUSES: readonly string[] = ['False', 'True', 'Unknown'];
/** What a key may be wanted for. */
export const KEY_USAGES: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** What a write may change beyond the metadata. */
export interface Changeable {
  readonly verdict: boolean;
  readonly certificate: boolean;
}

/** What is wrong with a request. */
export function* validateSigningRequest(
  { metadata, spec, status }: CertificateSigningRequest,
  old?: CertificateSigningRequest,
): Causes {
  yield* validateMetadata(metadata, { namespaced: false, nameRule: pathSegmentName });
  const problem = requestProblem(spec.request);
  if (problem !== undefined) yield invalidValue(SPEC.child('request'), spec.request, problem);
  yield* validateUsages(spec.usages ?? []);
  yield* validateSigner(spec.signerName);
  const { expirationSeconds: seconds } = spec;
  if (seconds !== undefined && seconds < SECONDS_MIN) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    yield invalidValue(SPEC.child('expirationSeconds'), seconds, why);
  }
  yield* validateConditions(status?.conditions ?? []);
  const { certificate = '' } = status ?? {};
  if (certificate === (old?.status?.certificate ?? '')) return;
  const fault = certificateProblem(certificate);
  if (fault !== undefined) yield invalidValue(CERTIFICATE, '<certificate data>', fault);
}

/** What is wrong with a change of a request. */
export function* validateSigningRequestUpdate(
  object: CertificateSigningRequest,
  old: CertificateSigningRequest,
  changeable: Changeable,
): Causes {
  yield* validateSigningRequest(object, old);
  yield* validateVerdicts(object, old, changeable.verdict);
  const certificate = old.status?.certificate ?? '';
  if ((object.status?.certificate ?? '') === certificate) return;
  if (!changeable.certificate) {
    yield forbidden(CERTIFICATE, 'updates may not set certificate content');
  } else if (certificate !== '') {
    yield forbidden(CERTIFICATE, 'updates may not modify existing certificate content');
  }
}

function* validateVerdicts(
  object: CertificateSigningRequest,
  old: CertificateSigningRequest,
  changeable: boolean,
): Causes {
  const changes = VERDICTS.map((type) => ({
    what: `a condition of type "${type}"`,
    kept: type === 'Failed' || changeable,
    before: conditionsOf(old, type),
    after: conditionsOf(object, type),
  }));
  for (const { what, before, after } of changes) {
    if (after.length >= before.length) continue;
    yield forbidden(CONDITIONS, `updates may not remove ${what}`);
  }
  for (const { what, kept, before, after } of changes) {
    if (kept || after.length < before.length) continue;
    if (after.length > before.length) yield forbidden(CONDITIONS, `updates may not add ${what}`);
    else if (!semanticEqual(before, after)) {
      yield forbidden(CONDITIONS, `updates may not modify ${what}`);
    }
  }
}

function requestProblem(request: string | undefined): string | undefined {
  try {
    return parseCertificateRequest(request ?? '').signatureProblem();
  } catch (error) {
    return (error as Error).message;
  }
}

function* validateUsages(usages: readonly string[]): Causes {
  const path = SPEC.child('usages');
  if (usages.length === 0) yield required(path);
  for (const [index, usage] of usages.entries()) {
    if (!KEY_USAGES.includes(usage)) yield notSupported(path.index(index), usage, KEY_USAGES);
  }
  for (const [index, usage] of usages.entries()) {
    if (usages.indexOf(usage) < index) yield duplicate(path.index(index), usage);
  }
}

function* validateSigner(signer: string | undefined): Causes {
  const path = SPEC.child('signerName');
  if (signer === LEGACY_SIGNER) {
    const why = 'the legacy signerName is not allowed via this API version';
    yield invalidValue(path, signer, why);
    return;
  }
  yield* validateSignerName(signer ?? '', path);
}

/** The name of a signer: a domain and a path of one segment. */
export function* validateSignerName(signer: string, path: FieldPath): Causes {
  if (signer === '') {
    yield required(path);
    return;
  }
  const [domain = '', name = '', ...rest] = signer.split('/');
  if (!signer.includes('/') || rest.length > 0) {
    const form = "of the form 'example.com/signer-name'";
    yield invalidValue(path, signer, `must be a fully qualified domain and path ${form}`);
    return;
  }
  if (domain.length > DOMAIN_MAX) yield tooLong(path, DOMAIN_MAX);
  const labels = domain.split('.');
  yield* invalidForEach(path, domain, firstProblems(labels, validateDns1123Label));
  if (labels.length < 2) {
    const why = 'should be a domain with at least two segments separated by dots';
    yield invalidValue(path, domain, why);
  }
  yield* invalidForEach(path, name, firstProblems(name.split('.'), validateDns1123Subdomain));
  if (signer.length > SIGNER_MAX) yield tooLong(path, SIGNER_MAX);
}

/** The messages about the first label that has any. */
function firstProblems(
  labels: readonly string[],
  validate: (label: string) => readonly string[],
): string[] {
  const bad = labels.find((label) => validate(label).length > 0);
  if (bad === undefined) return [];
  return validate(bad).map((message) => `validating label ${JSON.stringify(bad)}: ${message}`);
}

function* validateConditions(conditions: readonly CertificateSigningRequestCondition[]): Causes {
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    const path = CONDITIONS.index(index);
    const isVerdict = VERDICTS.includes(type);
    const statuses = isVerdict ? ['True'] : STATUSES;
    if (!type) yield required(path.child('type'));
    if (!status) yield required(path.child('status'));
    else if (!statuses.includes(status)) yield notSupported(path.child('status'), status, statuses);
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (opposite !== undefined && seen.has(opposite)) {
      const why = 'Approved and Denied conditions are mutually exclusive';
      yield invalidValue(CONDITIONS, type, why);
    }
    if (seen.has(type)) yield duplicate(path.child('type'), type);
    seen.add(type);
  }
}

function conditionsOf({ status }: CertificateSigningRequest, type: string) {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

/** `base64` of one or more PEM blocks; empty is fine. */
function certificateProblem(base64: string): string | undefined {
  if (base64 === '') return undefined;
  const text = Buffer.from(base64, 'base64').toString('latin1');
  const blocks = [...text.matchAll(/-----BEGIN ([^-]+)-----\s([\s\S]*?)-----END \1-----/g)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, type = '', content = ''] of blocks) {
    if (type !== 'CERTIFICATE') {
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    }
    if (content.includes(':')) return 'no PEM block headers are permitted';
    try {
      void new X509Certificate(block);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return undefined;
}
