// Validation of the status of pods.
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, forbidden, invalidValue } from '../meta/field-errors.ts';
import { validateClaimStatuses, validateContainerStatuses } from './container-status-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsSubdomain, immutable, isBlank, qualifiedName } from './field-rules.ts';
import { isDualStack, validateIp } from './ip-validation.ts';
import { validateMetadataUpdate } from './object-meta-validation.ts';
import {
  validatePodAnnotations,
  validatePodAnnotationUpdate,
} from './pod-annotation-validation.ts';

const STATUS = fieldPath('status');
const ANNOTATIONS = fieldPath('metadata', 'annotations');

/** The status subresource. */
export function* validatePodStatus(pod: Pod, old: Pod): Causes {
  yield* validateMetadataUpdate(pod.metadata, old.metadata);
  const status = pod.status ?? {};
  const oldStatus = old.status ?? {};
  const oldAnnotations = old.metadata.annotations;
  yield* validatePodAnnotationUpdate(pod.metadata.annotations, oldAnnotations, ANNOTATIONS);
  yield* validatePodAnnotations(pod.metadata.annotations, pod.spec, ANNOTATIONS);
  yield* validateConditions(status);
  yield* validateNominatedNode(status, oldStatus, old.spec);
  yield* notNegativeGeneration(status.observedGeneration, STATUS.child('observedGeneration'));
  yield* immutable(status.qosClass, oldStatus.qosClass, STATUS.child('qosClass'));
  const spec = old.spec ?? { containers: [] };
  const anyRestart = couldAllRestart(spec);
  for (const [field, containers] of [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers ?? []],
    ['ephemeralContainerStatuses', undefined],
  ] as const) {
    if (anyRestart && containers) continue;
    const path = STATUS.child(field);
    const before = oldStatus[field] ?? [];
    yield* validateTransitions(status[field] ?? [], before, { path, containers, spec });
  }
  yield* validateClaimStatuses(status, spec);
  yield* validateAddresses(status, oldStatus);
  yield* validateContainerStatuses(status, spec);
}

function* validateConditions({ conditions = [] }: PodStatus): Causes {
  for (const [i, { type = '', observedGeneration }] of conditions.entries()) {
    const path = STATUS.child('conditions').index(i);
    yield* notNegativeGeneration(observedGeneration, path.child('observedGeneration'));
    if (['PodScheduled', 'Ready', 'Initialized'].includes(type)) continue;
    yield* qualifiedName(type, path.child('Type'));
  }
}

function* notNegativeGeneration(value: number | undefined, path: FieldPath): Causes {
  if ((value ?? 0) < 0) yield invalidValue(path, value, 'must be a non-negative integer');
}

function* validateNominatedNode(status: PodStatus, old: PodStatus, spec: PodSpec | undefined) {
  const name = status.nominatedNodeName;
  const path = STATUS.child('nominatedNodeName');
  if (isBlank(name) || name === old.nominatedNodeName) return;
  yield* dnsSubdomain(name, path);
  if (!isBlank(spec?.nodeName)) {
    yield forbidden(path, 'may not be set on pods that are already bound to a node');
  }
}

/** True when the exit of one container may restart all of them. */
function couldAllRestart({ initContainers = [], containers = [] }: Partial<PodSpec>): boolean {
  return [...initContainers, ...containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
}

interface TransitionRules {
  path: FieldPath;
  /** Absent for ephemeral containers, which never restart. */
  containers: readonly Container[] | undefined;
  spec: PodSpec;
}

/** A terminated container only runs again if its restart policy says so. */
function* validateTransitions(
  statuses: readonly ContainerStatus[],
  old: readonly ContainerStatus[],
  { path, containers, spec }: TransitionRules,
): Causes {
  for (const [i, before] of old.entries()) {
    const terminated = before.state?.terminated;
    const now = statuses.find(({ name }) => name === before.name);
    if (terminated === undefined || now === undefined || now.state?.terminated) continue;
    const container = containers?.find(({ name }) => name === before.name);
    if (container && mayRestart(container, spec, terminated.exitCode)) continue;
    const message = 'may not be transitioned to non-terminated state';
    yield forbidden(path.index(i).child('state'), message);
  }
}

function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  const rules = container.restartPolicy === undefined ? [] : container.restartPolicyRules;
  for (const { exitCodes } of rules ?? []) {
    const listed = exitCodes?.values?.includes(exitCode) === true;
    if (exitCodes && listed === (exitCodes.operator === 'In')) return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy;
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function* validateAddresses(status: PodStatus, old: PodStatus): Causes {
  yield* validateAddressList(status.podIPs, old.podIPs, STATUS.child('podIPs'));
  const hostIps = status.hostIPs ?? [];
  const path = STATUS.child('hostIPs');
  const first = hostIps[0]?.ip;
  if (first !== undefined && first !== status.hostIP) {
    yield invalidValue(path.index(0).child('ip'), first, 'must be equal to `hostIP`');
  }
  yield* validateAddressList(hostIps, old.hostIPs, path);
}

function* validateAddressList(
  list: readonly { ip?: string }[] | undefined,
  old: readonly { ip?: string }[] | undefined,
  path: FieldPath,
): Causes {
  const addresses = (list ?? []).map(({ ip }) => ip ?? '');
  const known = (old ?? []).map(({ ip }) => ip ?? '');
  for (const [i, ip] of addresses.entries()) yield* validateIp(ip, path.index(i), known);
  if (addresses.length > 2 || (addresses.length === 2 && !isDualStack(addresses))) {
    const shown = addresses.map((IP) => ({ IP }));
    yield invalidValue(path, shown, 'may specify no more than one IP for each IP family');
  }
}
