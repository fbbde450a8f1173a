// The rules of certificate signing requests for the API server.
import type { CertificateSigningRequest } from '../generated/types.ts';
import { domainPrefixedPath } from '../core/field-rules.ts';
import { pathSegmentName } from '../core/object-meta-validation.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';

/** What the API server asks of this kind. */
export const signingRequestRules = simpleKind<CertificateSigningRequest>({
  nameRule: pathSegmentName,
  hasStatus: true,
  required: ['spec.request', 'spec.usages'],
  fixed: ['spec'],
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName },
  check: ({ spec }) => domainPrefixedPath(spec.signerName, fieldPath('spec', 'signerName')),
});
