// Pod templates of workloads.
import type { PodTemplateSpec } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden } from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import { validateAnnotatedProfiles } from './annotated-profiles.ts';
import type { Causes } from './field-rules.ts';
import { validateAnnotations } from './object-meta-validation.ts';
import { validatePodAnnotations } from './pod-annotation-validation.ts';
import { validatePodSpec } from './pod-spec-validation.ts';

/** All rules of the template at `path`. */
export function* validatePodTemplate(template: PodTemplateSpec, path: FieldPath): Causes {
  const { metadata, spec } = template;
  const annotationsPath = path.child('annotations');
  yield* validateLabels(metadata?.labels, path.child('labels'));
  yield* validateAnnotations(metadata?.annotations, annotationsPath);
  yield* validatePodAnnotations(metadata?.annotations, spec, annotationsPath);
  const owner = { podName: '', isPod: false };
  yield* validatePodSpec(spec ?? { containers: [] }, path.child('spec'), owner);
  yield* validateAnnotatedProfiles(metadata?.annotations, spec, path.child('spec'));
  if ((spec?.ephemeralContainers ?? []).length > 0) {
    const message = 'ephemeral containers not allowed in pod template';
    yield forbidden(path.child('spec', 'ephemeralContainers'), message);
  }
}
