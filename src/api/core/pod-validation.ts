// Validation of new pods.
import type { Pod, PodSpec } from '../generated/types.ts';
import { fieldPath, forbidden } from '../meta/field-errors.ts';
import { validateAnnotatedProfiles } from './annotated-profiles.ts';
import { validateImageSpace } from './container-validation.ts';
import type { Causes } from './field-rules.ts';
import { isBlank } from './field-rules.ts';
import { subdomainName, validateMetadata } from './object-meta-validation.ts';
import { validatePodAnnotations } from './pod-annotation-validation.ts';
import { validatePodSpec } from './pod-spec-validation.ts';

const METADATA = fieldPath('metadata');
const SPEC = fieldPath('spec');

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
  yield* validateAnnotatedProfiles(pod.metadata.annotations, spec, SPEC);
}

/** The rules that hold for a pod at any time. */
export function* validateMetadataAndSpec({ metadata, spec = { containers: [] } }: Pod): Causes {
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
