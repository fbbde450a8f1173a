// What may change in a pod (API-925): its images, tolerations and little else.
import type {
  Affinity,
  Container,
  NodeSelectorTerm,
  Pod,
  PodSchedulingGate,
  PodSpec,
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
import { isBlank } from './field-rules.ts';
import { internalTerm } from './node-selector-validation.ts';
import { validateMetadataUpdate } from './object-meta-validation.ts';
import {
  validatePodAnnotations,
  validatePodAnnotationUpdate,
} from './pod-annotation-validation.ts';
import { validateMetadataAndSpec } from './pod-validation.ts';
import { specDiff } from './spec-diff.ts';
import { validateOnlyAddedTolerations } from './toleration-validation.ts';

const SPEC = fieldPath('spec');
const ANNOTATIONS = fieldPath('metadata', 'annotations');
const INT32_MAX = 2 ** 31 - 1;
const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** What may change in a pod, and nothing else. */
export function* validatePodUpdate(pod: Pod, old: Pod): Causes {
  yield* validateMetadataUpdate(pod.metadata, old.metadata);
  yield* validateMetadataAndSpec(pod);
  const { annotations } = pod.metadata;
  yield* validatePodAnnotationUpdate(annotations, old.metadata.annotations, ANNOTATIONS);
  yield* validatePodAnnotations(annotations, pod.spec, ANNOTATIONS);
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

function onlyAdds(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  const wasEmpty = lists.every((list) => (old[list] ?? []).length === 0);
  if (wasEmpty) return lists.every((list) => (term[list] ?? []).length === 0);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return semanticEqual((term[list] ?? []).slice(0, before.length), before);
  });
}
