// Signs approved requests for the signers of Kubernetes whose certificates the API server trusts;
// other signers are somebody else's.
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { parseCertificateRequest } from '../../api/certificates/certificate-request.ts';
import { isApproved, isOwnSigner, signerProblem } from '../../api/certificates/signers.ts';
import { certificateSigningRequests } from '../../api/other-resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createRequestController } from './request-controller.ts';

/** Answers with the certificate as PEM. */
export type SignCertificate = (wish: {
  readonly request: string;
  readonly usages: readonly string[];
  readonly expirationSeconds: number | undefined;
}) => string;

/** Upstream's csrsigning, for all signers at once. */
export function createSigningController(
  context: ControllerContext,
  { sign }: { sign: SignCertificate },
): Runnable {
  const api = context.client.resource(certificateSigningRequests);
  return createRequestController(context, 'csrsigning', async (request) => {
    const { spec, status } = request;
    const conditions = status?.conditions ?? [];
    if (!isOwnSigner(spec.signerName) || !isApproved(request)) return;
    if (conditions.some(({ type, status: value }) => type === 'Failed' && value === 'True')) return;
    const problem = problemOf(request);
    await api.updateStatus({
      ...request,
      status:
        problem === undefined
          ? { ...status, certificate: Buffer.from(sign(wishOf(request))).toString('base64') }
          : { ...status, conditions: [...conditions, failure(problem)] },
    });
  });
}

function problemOf({ spec }: CertificateSigningRequest): string | undefined {
  const wanted = parseCertificateRequest(spec.request);
  return signerProblem(spec.signerName, wanted, spec.usages ?? []);
}

function wishOf({ spec }: CertificateSigningRequest) {
  const { request, usages = [], expirationSeconds } = spec;
  return { request, usages, expirationSeconds };
}

const failure = (message: string) => ({
  type: 'Failed',
  status: 'True',
  reason: 'SignerValidationFailure',
  message,
});
