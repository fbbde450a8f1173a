// The signers of Kubernetes for certificates that the API server trusts, and what each of them asks
// of a request. Pure; used by the approving and the signing controller.
import type { CertificateSigningRequest } from '../generated/types.ts';
import type { CertificateRequest } from './certificate-request.ts';

export const KUBE_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

const NODE_USER = 'system:node:';
const NODES_GROUP = 'system:nodes';
const KUBE_CLIENT_USAGES = ['digital signature', 'key encipherment', 'client auth'];

type Check = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

const CHECKS: ReadonlyMap<string, Check> = new Map([
  [KUBE_CLIENT_SIGNER, (_request, usages) => clientUsageProblem(usages)],
  [KUBELET_CLIENT_SIGNER, kubeletClientProblem],
  [KUBELET_SERVING_SIGNER, kubeletServingProblem],
]);

/** True for the signers that the signing controller stands in for. */
export function isOwnSigner(name: string): boolean {
  return CHECKS.has(name);
}

/** Why a signer of ours refuses a request, in upstream's words; undefined when it signs. */
export function signerProblem(
  signer: string,
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  return CHECKS.get(signer)?.(request, usages);
}

/** True when the latest word about a request is "approved", and nobody denied it. */
export function isApproved({ status }: CertificateSigningRequest): boolean {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  return types.includes('Approved') && !types.includes('Denied');
}

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !KUBE_CLIENT_USAGES.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  if (usages.includes('client auth')) return undefined;
  return 'missing required usage for client certificate: client auth';
}

/** A certificate with which a node's agent talks to the API server. */
export function kubeletClientProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return nameProblem(request) ?? kubeletUsageProblem(usages, 'client auth');
}

function kubeletServingProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length + ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return kubeletUsageProblem(usages, 'server auth') ?? nameProblem(request);
}

function isOfNodes({ organizations }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === NODES_GROUP;
}

function nameProblem({ commonName }: CertificateRequest): string | undefined {
  if (commonName.startsWith(NODE_USER)) return undefined;
  return 'subject common name does not begin with system:node:';
}

/** Exactly these usages; key encipherment is for RSA only. */
function kubeletUsageProblem(usages: readonly string[], purpose: string): string | undefined {
  const needed = new Set(['digital signature', purpose]);
  const allowed = new Set([...needed, 'key encipherment']);
  const given = new Set(usages);
  const hasAll = [...needed].every((usage) => given.has(usage));
  if (hasAll && [...given].every((usage) => allowed.has(usage))) return undefined;
  return `usages did not match [${[...allowed].sort().join(' ')}]`;
}
