// What a node's agent may write beyond what the authorizer can see: only of its own node and the
// pods on it, and nothing that would give it, or them, more rights. Upstream's NodeRestriction.
import type {
  CertificateSigningRequest,
  Node,
  PersistentVolumeClaim,
  Pod,
  TokenRequest,
} from '../../api/generated/types.ts';
import { parseCertificateRequest } from '../../api/certificates/certificate-request.ts';
import { KUBELET_CLIENT_SIGNER, KUBELET_SERVING_SIGNER } from '../../api/certificates/signers.ts';
import { podReferences } from '../../api/core/pod-references.ts';
import { compareBytewise } from '../../api/meta/canonical-json.ts';
import { goQuote } from '../../api/meta/go-quote.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { nodes, pods } from '../../api/resources.ts';
import { nodeOfUser } from '../authorization/node-identity.ts';
import { requireObject } from '../registry/object-store.ts';
import { refuse, type AdmissionRequest, type AdmissionStep } from './admission-request.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const LEASES_NAMESPACE = 'kube-node-lease';
const RESTRICTED_DOMAIN = 'node-restriction.kubernetes.io';
/** Labels of Kubernetes' own that an agent may set on its node, and domains of such labels. */
const AGENT_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);
const AGENT_DOMAINS: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

type Check = (request: AdmissionRequest, node: string) => void;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['pods', checkPods],
  ['nodes', checkNode],
  ['persistentvolumeclaims', checkClaim],
  ['serviceaccounts', checkToken],
  ['leases.coordination.k8s.io', checkLease],
  ['csinodes.storage.k8s.io', checkCsiNode],
  ['certificatesigningrequests.certificates.k8s.io', checkSigningRequest],
]);

/** Throws 403 (404 for a pod that is not there) for what an agent may not write. */
export const nodeRestriction: AdmissionStep = (request) => {
  const node = nodeOfUser(request.target.request.user);
  if (node === undefined) return;
  const { group, resource } = request.target.resource;
  CHECKS.get(group === '' ? resource : `${resource}.${group}`)?.(request, node);
};

function checkPods(request: AdmissionRequest, node: string): void {
  const { info } = request.target;
  switch (info.subresource) {
    case '':
      return checkPod(request, node);
    case 'status':
      return checkPodStatus(request, node);
    case 'eviction': {
      const name = info.name === '' ? (request.object.metadata.name ?? '') : info.name;
      requireOwn(request, name, {
        node,
        why: `node ${node} can only evict pods with spec.nodeName set to itself`,
      });
      return;
    }
    default: {
      const part = goQuote(info.subresource);
      const why = `unexpected pod subresource ${part}, only 'status' and 'eviction' are allowed`;
      throw refuse(request, why);
    }
  }
}

function requireOwn(
  request: AdmissionRequest,
  name: string,
  { node, why }: { node: string; why: string },
): void {
  const { namespace } = request.target.info;
  const target = { resource: pods, namespace, name };
  const pod = requireObject<Pod>(request.context.store, target).object;
  if (pod.spec?.nodeName !== node) throw refuse(request, why);
}

function checkPod(request: AdmissionRequest, node: string): void {
  const quoted = goQuote(node);
  switch (request.operation) {
    case 'create':
      return checkMirrorPod(request as AdmissionRequest<Pod>, node);
    case 'delete': {
      const why = `node ${quoted} can only delete pods with spec.nodeName set to itself`;
      const name = request.target.info.name || (request.object.metadata.name ?? '');
      return requireOwn(request, name, { node, why });
    }
    default: {
      const operation = goQuote(request.operation.toUpperCase());
      const why = `unexpected operation ${operation}, node ${quoted} can only create and delete`;
      throw refuse(request, `${why} mirror pods`);
    }
  }
}

function checkMirrorPod(request: AdmissionRequest<Pod>, node: string): void {
  const { metadata, spec } = request.object;
  const who = `node ${goQuote(node)}`;
  const can = `${who} can only create`;
  if (metadata.annotations?.[MIRROR] === undefined) {
    throw refuse(request, `pod does not have "${MIRROR}" annotation, ${can} mirror pods`);
  }
  if (spec?.nodeName !== node) {
    throw refuse(request, `${can} pods with spec.nodeName set to itself`);
  }
  checkOwner(request, node);
  const { secrets, configMaps, claims } = podReferences(request.object);
  const named =
    (spec.serviceAccountName ?? '') !== ''
      ? 'serviceaccounts'
      : secrets.size > 0
        ? 'secrets'
        : configMaps.size > 0
          ? 'configmaps'
          : claims.size > 0
            ? 'persistentvolumeclaims'
            : undefined;
  if (named === undefined) return;
  throw refuse(request, `${who} can not create pods that reference ${named}`);
}

function checkOwner(request: AdmissionRequest<Pod>, node: string): void {
  const who = `node ${goQuote(node)}`;
  const can = `${who} can only create pods with`;
  const [owner, ...others] = request.object.metadata.ownerReferences ?? [];
  if (others.length > 0) {
    throw refuse(request, `${can} a single owner reference set to itself`);
  }
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw refuse(request, `${can} an owner reference set to itself`);
  }
  if (owner.controller !== true) {
    throw refuse(request, `${can} a controller owner reference set to itself`);
  }
  if (owner.blockOwnerDeletion === true) {
    throw refuse(request, `${who} must not set blockOwnerDeletion on an owner reference`);
  }
  const target = { resource: nodes, namespace: '', name: node };
  const uid = requireObject<Node>(request.context.store, target).object.metadata.uid ?? '';
  if (owner.uid === uid) return;
  throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
}

function checkPodStatus(request: AdmissionRequest, node: string): void {
  const { operation, object, old } = request;
  if (operation !== 'update' || !old) {
    throw refuse(request, `unexpected operation ${goQuote(operation.toUpperCase())}`);
  }
  const who = `node ${goQuote(node)}`;
  if ((old as Pod).spec?.nodeName !== node) {
    const why = 'can only update pod status for pods with spec.nodeName set to itself';
    throw refuse(request, `${who} ${why}`);
  }
  if (!semanticEqual(object.metadata.labels, old.metadata.labels)) {
    throw refuse(request, `${who} cannot update labels through pod status`);
  }
  const claims = (pod: KubernetesObject) => (pod as Pod).status?.resourceClaimStatuses;
  if (!semanticEqual(claims(object), claims(old))) {
    throw refuse(request, `${who} cannot update resource claim statues`);
  }
}

function checkNode(request: AdmissionRequest, node: string): void {
  const { operation, object, old, target } = request;
  const who = `node ${goQuote(node)}`;
  const name = target.info.name || (object.metadata.name ?? '');
  if (name !== node) {
    throw refuse(request, `${who} is not allowed to modify node ${goQuote(name)}`);
  }
  if (operation === 'create') {
    const bad = forbiddenLabels(object.metadata.labels, {});
    if (bad === '') return;
    throw refuse(request, `${who} is not allowed to set the following labels: ${bad}`);
  }
  if (operation !== 'update' || !old) return;
  if (!semanticEqual((object as Node).spec?.taints, (old as Node).spec?.taints)) {
    throw refuse(request, `${who} is not allowed to modify taints`);
  }
  if (!semanticEqual(object.metadata.ownerReferences, old.metadata.ownerReferences)) {
    throw refuse(request, `${who} is not allowed to modify ownerReferences`);
  }
  const bad = forbiddenLabels(object.metadata.labels, old.metadata.labels);
  if (bad !== '') throw refuse(request, `is not allowed to modify labels: ${bad}`);
}

type Labels = Readonly<Record<string, string>>;

/** The changed labels that are not the agent's business, as a list in a text. */
function forbiddenLabels(labels: Labels = {}, old: Labels = {}): string {
  const keys = new Set([...Object.keys(labels), ...Object.keys(old)]);
  const changed = [...keys].filter((key) => labels[key] !== old[key]);
  return changed.filter(isForbidden).sort(compareBytewise).join(', ');
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/');
  const domain = slash < 0 ? '' : label.slice(0, slash);
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (within(RESTRICTED_DOMAIN)) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !AGENT_LABELS.has(label) && !AGENT_DOMAINS.some(within);
}

function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.target.info.subresource !== 'status') {
    throw refuse(request, 'may only update PVC status');
  }
  const { operation, object, old } = request;
  if (operation !== 'update' || !old) {
    throw refuse(request, `unexpected operation ${goQuote(operation.toUpperCase())}`);
  }
  if (semanticEqual(withoutSize(object), withoutSize(old))) return;
  const why = 'is not allowed to update fields other than status.quantity and status.conditions';
  throw refuse(request, `node ${goQuote(node)} ${why}`);
}

/** A claim without what its node may say of it. */
function withoutSize(object: PersistentVolumeClaim): object {
  const { resourceVersion: _, managedFields: __, ...metadata } = object.metadata;
  const {
    capacity: ___,
    conditions: ____,
    allocatedResources: _____,
    allocatedResourceStatuses: ______,
    ...status
  } = object.status ?? {};
  return { ...object, metadata, status };
}

function checkToken(request: AdmissionRequest): void {
  if (request.operation !== 'create' || request.target.info.subresource !== 'token') return;
  const { spec } = request.object as TokenRequest;
  const bound = spec?.boundObjectRef;
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) {
    throw refuse(request, 'node requested token not bound to a pod');
  }
  if (!bound.uid) {
    throw refuse(request, 'node requested token with a pod binding without a uid');
  }
  const { context, target } = request;
  const name = { resource: pods, namespace: target.info.namespace, name: bound.name };
  const pod = requireObject<Pod>(context.store, name).object;
  const uid = pod.metadata.uid ?? '';
  if (bound.uid !== uid) {
    throw refuse(
      request,
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. ` +
        'The object might have been deleted and then recreated',
    );
  }
  if (pod.spec?.nodeName !== nodeOfUser(target.request.user)) {
    throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
  checkAudience(request, pod, spec?.audiences ?? []);
}

/** Only for whom the pod's volumes are meant. */
function checkAudience(request: AdmissionRequest, pod: Pod, audiences: readonly string[]): void {
  if (audiences.length > 1) throw refuse(request, 'node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  const sources = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  const isNamed = sources.some(
    ({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience,
  );
  if (isNamed) return;
  const { context, target } = request;
  const { user } = target.request;
  const allowed = context.authorizer.decide(user, {
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    resource: audience,
    subresource: '',
    namespace: target.info.namespace,
    name: target.info.name,
  });
  if (allowed.allowed) return;
  throw refuse(
    request,
    `audience ${goQuote(audience)} not found in pod spec volume, ` +
      `${user.name} is not authorized to request tokens for this audience`,
  );
}

function checkLease(request: AdmissionRequest, node: string): void {
  const { info } = request.target;
  if (info.namespace !== LEASES_NAMESPACE) {
    const why = `can only access leases in the "${LEASES_NAMESPACE}" system namespace`;
    throw refuse(request, why);
  }
  requireOwnName(request, node, 'node lease');
}

function checkCsiNode(request: AdmissionRequest, node: string): void {
  requireOwnName(request, node, 'CSINode');
}

function requireOwnName(request: AdmissionRequest, node: string, what: string): void {
  const { target, object } = request;
  if ((target.info.name || object.metadata.name) === node) return;
  throw refuse(request, `can only access ${what} with the same name as the requesting node`);
}

function checkSigningRequest(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'create') return;
  const { spec } = request.object as CertificateSigningRequest;
  const { signerName } = spec;
  if (signerName !== KUBELET_SERVING_SIGNER && signerName !== KUBELET_CLIENT_SIGNER) return;
  let commonName: string;
  try {
    ({ commonName } = parseCertificateRequest(spec.request));
  } catch (error) {
    throw refuse(request, `unable to parse csr: ${(error as Error).message}`);
  }
  if (commonName === `system:node:${node}`) return;
  throw refuse(request, `can only create a node CSR with CN=system:node:${node}`);
}
