// Who may approve and sign certificate requests of which signer, and what none of them may ask:
// upstream's CertificateApproval, CertificateSigning and CertificateSubjectRestriction.
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { parseCertificateRequest } from '../../api/certificates/certificate-request.ts';
import { KUBE_CLIENT_SIGNER } from '../../api/certificates/signers.ts';
import { goQuote } from '../../api/meta/go-quote.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { MASTERS_GROUP } from '../api-request.ts';
import {
  refuse,
  requestOn,
  requestOnPart,
  type AdmissionRequest,
  type AdmissionStep,
} from './admission-request.ts';

const REQUESTS = 'certificatesigningrequests';
const GROUP = 'certificates.k8s.io';

/** Throws 403. */
export const certificateRights: AdmissionStep = (request) => {
  if (request.target.resource.resource !== REQUESTS) return;
  refuseMasters(requestOn(request, REQUESTS, 'create', 'update'));
  requireRight(requestOnPart(request, REQUESTS, 'approval'), 'approve');
  const status = requestOnPart<CertificateSigningRequest>(request, REQUESTS, 'status');
  if (status && !semanticEqual(status.object.status, status.old?.status)) {
    requireRight(status, 'sign');
  }
};

function requireRight(
  request: AdmissionRequest<CertificateSigningRequest> | undefined,
  verb: 'approve' | 'sign',
): void {
  if (!request) return;
  const { spec } = request.old ?? request.object;
  const name = spec.signerName;
  const wildcard = `${name.split('/', 1)[0] ?? ''}/*`;
  if ([name, wildcard].some((signer) => isAllowed(request, verb, signer))) return;
  const why = `user not permitted to ${verb} requests with signerName ${goQuote(name)}`;
  throw refuse(request, why);
}

function isAllowed({ context, target }: AdmissionRequest, verb: string, name: string): boolean {
  const signer = { group: GROUP, resource: 'signers', subresource: '', namespace: '', name };
  return context.authorizer.decide(target.request.user, { verb, ...signer }).allowed;
}

/** A certificate of that group could not be taken back. */
function refuseMasters(request: AdmissionRequest<CertificateSigningRequest> | undefined): void {
  if (request?.object.spec?.signerName !== KUBE_CLIENT_SIGNER) return;
  let organizations: readonly string[];
  try {
    ({ organizations } = parseCertificateRequest(request.object.spec.request));
  } catch (error) {
    throw refuse(request, `failed to parse CSR: ${(error as Error).message}`);
  }
  if (!organizations.includes(MASTERS_GROUP)) return;
  const why = `use of ${KUBE_CLIENT_SIGNER} signer with ${MASTERS_GROUP} group is not allowed`;
  throw refuse(request, why);
}
