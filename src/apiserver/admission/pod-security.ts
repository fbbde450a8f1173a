// Pod security levels: namespaces say by labels which pods they take. Pods are refused, workloads
// that would make such pods are warned of.
import type { Namespace, Pod, PodTemplateSpec } from '../../api/generated/types.ts';
import { checkPod, findingsDetail } from '../../api/core/pod-security/check-pod.ts';
import { findingsReason } from '../../api/core/pod-security/check-pod.ts';
import type { CheckedPod } from '../../api/core/pod-security/pod-check.ts';
import {
  compareLevels,
  podPolicies,
  policyText,
  samePolicy,
} from '../../api/core/pod-security/pod-policy.ts';
import type { PodPolicies, PodPolicy } from '../../api/core/pod-security/pod-policy.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { invalid } from '../../api/meta/status-error.ts';
import { namespaces, pods } from '../../api/resources.ts';
import { getObject, listObjects } from '../registry/object-store.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** What is about a pod, but not about what it may do. */
const IGNORED_PARTS: readonly string[] = ['binding', 'eviction', 'status'];
/** More pods are not looked at when a namespace gets a stricter level. */
const PODS_MAX = 3000;
const SECCOMP_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const AUDIT_PREFIX = 'pod-security.kubernetes.io/';
const ALL_PRIVILEGED = 'privileged';
const WORKLOADS: ReadonlySet<string> = new Set([
  'replicationcontrollers',
  'podtemplates',
  'replicasets.apps',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
]);

/** After validation. Throws 403 for pods, and 422 for labels that mean nothing. */
export function podSecurity(request: AdmissionRequest): void {
  const { resource, info } = request.target;
  if (request.operation === 'delete') return;
  if (resource === namespaces) checkNamespace(request);
  else if (resource === pods) {
    if (!IGNORED_PARTS.includes(info.subresource)) checkPodRequest(request);
  } else if (info.subresource === '' && WORKLOADS.has(qualified(resource))) checkWorkload(request);
}

function qualified({ group, resource }: AdmissionRequest['target']['resource']): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function policiesOf({ context, target }: AdmissionRequest): PodPolicies {
  const name = target.info.namespace;
  const found = getObject<Namespace>(context.store, { resource: namespaces, namespace: '', name });
  return podPolicies(found?.object.metadata.labels);
}

function checkPodRequest(request: AdmissionRequest): void {
  const policies = policiesOf(request);
  const { enforce, warn, audit } = policies;
  if ([enforce, warn, audit].every(({ level }) => level === ALL_PRIVILEGED)) return;
  const pod = request.object as Pod;
  if (request.old && !isSignificant(pod, request.old as Pod)) return;
  const checked = checkedPod(pod);
  if (!checked) return;
  const findings = checkPod(enforce, checked);
  request.audit(`${AUDIT_PREFIX}enforce-policy`, policyText(enforce));
  if (findings.length > 0) {
    const what = `violates PodSecurity ${JSON.stringify(policyText(enforce))}`;
    throw refuse(request, `${what}: ${findingsDetail(findings)}`);
  }
  warnAndAudit(request, checked, policies);
}

function checkWorkload(request: AdmissionRequest): void {
  const policies = policiesOf(request);
  if ([policies.warn, policies.audit].every(({ level }) => level === ALL_PRIVILEGED)) return;
  const template = templateOf(request.object);
  const checked = template && checkedPod(template);
  if (checked) warnAndAudit(request, checked, policies);
}

function warnAndAudit(
  request: AdmissionRequest,
  pod: CheckedPod,
  { warn, audit }: PodPolicies,
): void {
  const audited = violation(audit, pod);
  if (audited !== undefined) request.audit(`${AUDIT_PREFIX}audit-violations`, audited);
  const warning = violation(warn, pod);
  if (warning !== undefined) request.warnings.push(warning);
}

function violation(policy: PodPolicy, pod: CheckedPod): string | undefined {
  const findings = checkPod(policy, pod);
  if (findings.length === 0) return undefined;
  const text = JSON.stringify(policyText(policy));
  return `would violate PodSecurity ${text}: ${findingsDetail(findings)}`;
}

interface WithTemplate extends KubernetesObject {
  template?: PodTemplateSpec;
  spec?: {
    template?: PodTemplateSpec;
    jobTemplate?: { spec?: { template?: PodTemplateSpec } };
  };
}

function templateOf({ template, spec }: WithTemplate): PodTemplateSpec | undefined {
  return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template;
}

function checkedPod({ metadata, spec }: Pick<PodTemplateSpec, 'metadata' | 'spec'>) {
  return spec && { annotations: metadata?.annotations ?? {}, spec };
}

/** What an update can change and a check looks at. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const facts = ({ metadata, spec }: Pod) => ({
    seccomp: metadata.annotations?.[SECCOMP_ANNOTATION] ?? '',
    images: [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(
      ({ image = '' }) => image,
    ),
    debuggers: (spec?.ephemeralContainers ?? []).map(({ name, image = '' }) => ({ name, image })),
  });
  return !jsonEqual(facts(pod), facts(old));
}

function checkNamespace(request: AdmissionRequest): void {
  const change = requestOn<Namespace>(request, 'namespaces', 'create', 'update');
  if (!change) return;
  const { object, old } = change;
  const after = podPolicies(object.metadata.labels);
  const before = old && podPolicies(old.metadata.labels);
  if (after.causes.length > 0 && !(before && jsonEqual(before.causes, after.causes))) {
    throw invalid(namespaces, object.metadata.name ?? '', after.causes);
  }
  if (!before || after.causes.length > 0) return;
  if (isStricter(after.enforce, before.enforce)) warnOfPods(request, after.enforce);
}

function isStricter(after: PodPolicy, before: PodPolicy): boolean {
  if (samePolicy(after, before) || after.level === ALL_PRIVILEGED) return false;
  return after.minor !== before.minor || compareLevels(after.level, before.level) > 0;
}

/** Pods that are there stay; whoever made the level stricter hears of them. */
function warnOfPods({ context, object, warnings }: AdmissionRequest, enforce: PodPolicy): void {
  const namespace = object.metadata.name ?? '';
  const all = listObjects<Pod>(context.store, pods, namespace);
  const namesByReason = new Map<string, string[]>();
  for (const pod of all.slice(0, PODS_MAX)) {
    const checked = checkedPod(pod);
    const reason = checked ? findingsReason(checkPod(enforce, checked)) : '';
    if (reason === '') continue;
    namesByReason.set(reason, [...(namesByReason.get(reason) ?? []), pod.metadata.name ?? '']);
  }
  if (all.length > PODS_MAX) {
    const checked = `the first ${PODS_MAX} of ${all.length} existing pods`;
    warnings.push(`new PodSecurity enforce level only checked against ${checked}`);
  }
  if (namesByReason.size === 0) return;
  const level = JSON.stringify(policyText(enforce));
  const where = `existing pods in namespace ${JSON.stringify(namespace)}`;
  warnings.push(`${where} violate the new PodSecurity enforce level ${level}`);
  const lines = [...namesByReason].map(([reason, names]) => `${othersText(names)}: ${reason}`);
  warnings.push(...lines.sort());
}

function othersText(names: string[]): string {
  const [first = '', ...others] = names.sort();
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
}
