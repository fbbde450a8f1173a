// Validation of pods: new ones, changed ones (API-925) and their status.
import type {
  Affinity,
  Container,
  ContainerStatus,
  NodeSelectorTerm,
  Pod,
  PodSchedulingGate,
  PodSpec,
  PodStatus,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateRange } from '../meta/names.ts';
import { validateImageSpace } from './container-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsSubdomain, immutable, isBlank, qualifiedName } from './field-rules.ts';
import { isDualStack, validateIp } from './ip-validation.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import {
  validatePodAnnotations,
  validatePodAnnotationUpdate,
} from './pod-annotation-validation.ts';
import { validatePodSpec } from './pod-spec-validation.ts';
import { specDiff } from './spec-diff.ts';
import { validateOnlyAddedTolerations } from './toleration-validation.ts';

const METADATA = fieldPath('metadata');
const SPEC = fieldPath('spec');
const STATUS = fieldPath('status');
const INT32_MAX = 2 ** 31 - 1;
const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** All rules of a new pod. */
export function* validatePod(pod: Pod): Causes {
  yield* validateMetadataAndSpec(pod);
  const { spec } = pod;
  if ((spec?.ephemeralContainers ?? []).length > 0) {
    yield forbidden(SPEC.child('ephemeralContainers'), 'cannot be set on create');
  }
  if (!isBlank(spec?.nodeName) && (spec?.schedulingGates ?? []).length > 0) {
    const message = 'cannot be set until all schedulingGates have been cleared';
    yield forbidden(SPEC.child('nodeName'), message);
  }
}

function* validateMetadataAndSpec({ metadata, spec = { containers: [] } }: Pod): Causes {
  yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
  yield* validatePodAnnotations(metadata.annotations, spec, METADATA.child('annotations'));
  yield* validatePodSpec(spec, SPEC, { podName: metadata.name ?? '', isPod: true });
  if (isBlank(spec.serviceAccountName)) yield* forbidTokens(spec);
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [i, container] of (spec[field] ?? []).entries()) {
      yield* validateImageSpace(container, SPEC.child(field).index(i));
    }
  }
}

function* forbidTokens(spec: PodSpec): Causes {
  for (const [i, { projected }] of (spec.volumes ?? []).entries()) {
    for (const [j, source] of (projected?.sources ?? []).entries()) {
      if (source.serviceAccountToken === undefined) continue;
      const path = SPEC.child('volumes').index(i).child('projected', 'sources').index(j);
      const message = 'must not be specified when serviceAccountName is not set';
      yield forbidden(path.child('serviceAccountToken'), message);
    }
  }
}

/** What may change in a pod, and nothing else. */
export function* validatePodUpdate(pod: Pod, old: Pod): Causes {
  yield* validateMetadataUpdate(pod.metadata, old.metadata);
  yield* validateMetadataAndSpec(pod);
  const { annotations } = pod.metadata;
  const annotationsPath = METADATA.child('annotations');
  yield* validatePodAnnotationUpdate(annotations, old.metadata.annotations, annotationsPath);
  yield* validatePodAnnotations(annotations, pod.spec, annotationsPath);
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  for (const field of ['containers', 'initContainers'] as const) {
    const path = SPEC.child(field);
    if ((spec[field] ?? []).length !== (oldSpec[field] ?? []).length) {
      yield forbidden(path, 'pod updates may not add or remove containers');
      return;
    }
    yield* validateImages(spec[field] ?? [], path);
  }
  const deadline = [...validateDeadline(spec, oldSpec)];
  yield* deadline;
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return;
  const tolerations = spec.tolerations ?? [];
  const tolerationsPath = SPEC.child('tolerations');
  yield* validateOnlyAddedTolerations(tolerations, oldSpec.tolerations ?? [], tolerationsPath);
  yield* validateOnlyRemovedGates(spec.schedulingGates ?? [], oldSpec.schedulingGates ?? []);
  yield* validateImmutableSpec(spec, oldSpec);
}

function* validateImages(containers: readonly Container[], path: FieldPath): Causes {
  for (const [i, container] of containers.entries()) {
    if (isBlank(container.image)) yield required(path.index(i).child('image'));
    yield* validateImageSpace(container, path.index(i));
  }
}

/** The deadline may be set and shortened, not lengthened or removed. */
function* validateDeadline(spec: PodSpec, old: PodSpec): Causes {
  const path = SPEC.child('activeDeadlineSeconds');
  const now = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (now === undefined) {
    if (before === undefined) return;
    yield invalidValue(path, null, 'must not update from a positive integer to nil value');
  } else if (now < 0 || now > INT32_MAX) {
    yield* invalidForEach(path, now, validateRange(now, 0, INT32_MAX));
  } else if (before !== undefined && before < now) {
    yield invalidValue(path, now, 'must be less than or equal to previous value');
  }
}

function* validateOnlyRemovedGates(
  gates: readonly PodSchedulingGate[],
  old: readonly PodSchedulingGate[],
): Causes {
  for (const [i, { name }] of gates.entries()) {
    if (old.some((gate) => gate.name === name)) continue;
    const message = `only deletion is allowed, but found new scheduling gate '${name}'`;
    yield forbidden(SPEC.child('schedulingGates').index(i).child('name'), message);
  }
}

function* validateImmutableSpec(spec: PodSpec, old: PodSpec): Causes {
  if (semanticEqual(spec, old)) return;
  const masked: PodSpec = {
    ...spec,
    containers: withImagesOf(spec.containers, old.containers) ?? [],
    initContainers: withImagesOf(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    masked.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  if ((old.schedulingGates ?? []).length > 0) yield* maskScheduling(masked, old);
  if (semanticEqual(masked, old)) return;
  const diff = specDiff(old, masked);
  yield forbidden(SPEC, `pod updates may not change fields other than ${UPDATABLE}${diff}`);
}

function withImagesOf(
  containers: readonly Container[] | undefined,
  old: readonly Container[] | undefined,
): Container[] | undefined {
  return containers?.map((container, i) => ({ ...container, image: old?.[i]?.image }));
}

/** A gated pod may still be narrowed to fewer nodes; what is allowed is masked out. */
function* maskScheduling(masked: PodSpec, old: PodSpec): Causes {
  if (!semanticEqual(masked.nodeSelector, old.nodeSelector)) {
    yield* validateSelectorAdditions(masked.nodeSelector ?? {}, old.nodeSelector ?? {});
    masked.nodeSelector = old.nodeSelector;
  }
  const before = old.affinity?.nodeAffinity;
  if (semanticEqual(masked.affinity?.nodeAffinity, before)) return;
  yield* validateAffinityAdditions(masked.affinity, old.affinity);
  masked.affinity = { ...masked.affinity, nodeAffinity: before };
  if (Object.values(masked.affinity).every((part) => part === undefined)) delete masked.affinity;
}

function* validateSelectorAdditions(
  selector: Record<string, string>,
  old: Record<string, string>,
): Causes {
  if (Object.entries(old).every(([key, value]) => selector[key] === value)) return;
  const message = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  yield invalidValue(SPEC.child('nodeSelector'), selector, message);
}

function* validateAffinityAdditions(
  affinity: Affinity | undefined,
  old: Affinity | undefined,
): Causes {
  const field = 'requiredDuringSchedulingIgnoredDuringExecution';
  const before = old?.nodeAffinity?.[field]?.nodeSelectorTerms;
  if (before === undefined) return;
  const terms = affinity?.nodeAffinity?.[field]?.nodeSelectorTerms ?? [];
  const path = SPEC.child('affinity', 'nodeAffinity', field, 'nodeSelectorTerms');
  if (before.length > 0 && before.length !== terms.length) {
    const message = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    yield invalidValue(path, terms.map(internalTerm), message);
    return;
  }
  for (const [i, oldTerm] of before.entries()) {
    const term = terms[i] ?? {};
    if (onlyAdds(term, oldTerm)) continue;
    const message = 'only additions are allowed (no mutations or deletions)';
    yield invalidValue(path.index(i), internalTerm(term), message);
  }
}

/** Messages show upstream's internal form of a term. */
function internalTerm(term: NodeSelectorTerm): object {
  const list = (requirements: NodeSelectorTerm['matchExpressions']) =>
    requirements?.map(({ key, operator, values }) => ({
      Key: key,
      Operator: operator,
      Values: values ?? null,
    })) ?? null;
  return { MatchExpressions: list(term.matchExpressions), MatchFields: list(term.matchFields) };
}

function onlyAdds(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  const wasEmpty = lists.every((list) => (old[list] ?? []).length === 0);
  if (wasEmpty) return lists.every((list) => (term[list] ?? []).length === 0);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return semanticEqual((term[list] ?? []).slice(0, before.length), before);
  });
}

/** The ephemeralcontainers subresource: containers are only added. */
export function* validateEphemeralContainersUpdate(pod: Pod, old: Pod): Causes {
  yield* validateMetadataUpdate(pod.metadata, old.metadata);
  yield* validateMetadataAndSpec(pod);
  const path = SPEC.child('ephemeralContainers');
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.find(({ name }) => name === before.name);
    const which = `existing ephemeral containers "${before.name}" may not be`;
    if (now === undefined) yield forbidden(path, `${which} removed\n`);
    else if (!semanticEqual(now, before)) {
      yield forbidden(path, `${which} changed${specDiff(before, now)}`);
    }
  }
}

/** The status subresource. */
export function* validatePodStatus(pod: Pod, old: Pod): Causes {
  yield* validateMetadataUpdate(pod.metadata, old.metadata);
  const status = pod.status ?? {};
  const oldStatus = old.status ?? {};
  const annotationsPath = METADATA.child('annotations');
  const oldAnnotations = old.metadata.annotations;
  yield* validatePodAnnotationUpdate(pod.metadata.annotations, oldAnnotations, annotationsPath);
  yield* validatePodAnnotations(pod.metadata.annotations, pod.spec, annotationsPath);
  yield* validateConditions(status);
  yield* validateNominatedNode(status, oldStatus, old.spec);
  yield* notNegativeGeneration(status.observedGeneration, STATUS.child('observedGeneration'));
  yield* immutable(status.qosClass, oldStatus.qosClass, STATUS.child('qosClass'));
  const spec = old.spec ?? { containers: [] };
  for (const [field, containers] of [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers],
    ['ephemeralContainerStatuses', undefined],
  ] as const) {
    const path = STATUS.child(field);
    const before = oldStatus[field] ?? [];
    yield* validateTransitions(status[field] ?? [], before, { path, containers, spec });
  }
  yield* validateAddresses(status, oldStatus);
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
  for (const { exitCodes } of container.restartPolicyRules ?? []) {
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
