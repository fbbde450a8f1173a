// Approves by itself what node agents ask for, if their users have the right to it: a certificate
// as a client of the API server, in the name of a node. Everything else waits for a person.
import type { CertificateSigningRequest, SubjectAccessReview } from '../../api/generated/types.ts';
import { parseCertificateRequest } from '../../api/certificates/certificate-request.ts';
import { KUBELET_CLIENT_SIGNER, kubeletClientProblem } from '../../api/certificates/signers.ts';
import { certificateSigningRequests } from '../../api/other-resources.ts';
import { subjectAccessReviews } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createRequestController } from './request-controller.ts';

const APPROVED = 'kubelet client certificate after SubjectAccessReview.';

/** Upstream's csrapproving. */
export function createApprovingController(context: ControllerContext): Runnable {
  const { client } = context;
  return createRequestController(context, 'csrapproving', async (request) => {
    const types = (request.status?.conditions ?? []).map(({ type }) => type);
    if (types.includes('Approved') || types.includes('Denied')) return;
    for (const { right, text } of rightsFor(request)) {
      if (!(await mayHave(client, request, right))) continue;
      await approve(client, request, text);
      return;
    }
  });
}

/** The subresources that stand for what is asked, the weakest right first. */
function rightsFor({ spec }: CertificateSigningRequest): { right: string; text: string }[] {
  if (spec.signerName !== KUBELET_CLIENT_SIGNER) return [];
  const wanted = parseCertificateRequest(spec.request);
  if (kubeletClientProblem(wanted, spec.usages ?? []) !== undefined) return [];
  const forOther = { right: 'nodeclient', text: `Auto approving ${APPROVED}` };
  const forItself = { right: 'selfnodeclient', text: `Auto approving self ${APPROVED}` };
  return wanted.commonName === spec.username ? [forItself, forOther] : [forOther];
}

async function mayHave(
  client: Client,
  { spec }: CertificateSigningRequest,
  subresource: string,
): Promise<boolean> {
  const { username = '', uid = '', groups = [], extra = {} } = spec;
  const review: SubjectAccessReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: username,
      uid,
      groups: [...groups],
      extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
        version: '*',
      },
    },
  };
  const answer = await client.resource(subjectAccessReviews).create(review);
  return answer.status?.allowed === true;
}

async function approve(client: Client, request: CertificateSigningRequest, message: string) {
  const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
  const conditions = [...(request.status?.conditions ?? []), approved];
  await client.resource(certificateSigningRequests).patch(
    { name: request.metadata.name ?? '', subresource: 'approval' },
    {
      type: 'merge',
      body: {
        metadata: { resourceVersion: request.metadata.resourceVersion },
        status: { conditions },
      },
    },
  );
}
