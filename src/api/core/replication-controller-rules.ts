// The rules of replication controllers and pod templates for the API server.
import type {
  PodTemplate,
  ReplicationController,
  ReplicationControllerSpec,
} from '../generated/types.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import { fieldPath, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { nonNegative } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { templateDefaults } from './pod-defaults.ts';
import { validatePodTemplate } from './pod-template-validation.ts';
import { podTemplateWarnings } from './pod-warnings.ts';
import { simpleKind } from '../simple-kind.ts';

const SPEC = fieldPath('spec');

/** What the API server asks of replication controllers. */
export const replicationControllerRules = defineKind<ReplicationController>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: () => ({ replicas: 0 }),
  fieldSelectors: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  applyDefaults(controller) {
    controller.spec ??= {};
    const { metadata, spec } = controller;
    spec.replicas ??= 1;
    if (spec.template) templateDefaults(spec.template);
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  *validate({ metadata, spec = {} }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec);
  },
  *validateUpdate({ metadata, spec = {} }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* validateSpec(spec);
  },
  *validateStatusUpdate({ metadata, status }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    for (const count of ['replicas', 'readyReplicas', 'availableReplicas'] as const) {
      yield* nonNegative(status?.[count], fieldPath('status', count));
    }
  },
  warnings: ({ spec }) => podTemplateWarnings(spec?.template ?? {}, SPEC.child('template')),
});

function* validateSpec(spec: ReplicationControllerSpec): Causes {
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  const { selector = {}, template } = spec;
  if (Object.keys(selector).length === 0) yield required(SPEC.child('selector'));
  yield* nonNegative(spec.replicas, SPEC.child('replicas'));
  const path = SPEC.child('template');
  if (!template) {
    yield required(path);
    return;
  }
  const labels = template.metadata?.labels ?? {};
  if (Object.entries(selector).some(([key, value]) => labels[key] !== value)) {
    const message = '`selector` does not match template `labels`';
    yield invalidValue(path.child('metadata', 'labels'), labels, message);
  }
  yield* validatePodTemplate(template, path);
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') {
    yield notSupported(path.child('spec', 'restartPolicy'), policy, ['Always']);
  }
}

/** What the API server asks of pod templates. */
export const podTemplateRules = simpleKind<PodTemplate>({
  namespaced: true,
  generation: true,
  applyDefaults(object) {
    object.template ??= {};
    templateDefaults(object.template);
  },
  check: ({ template }) => validatePodTemplate(template ?? {}, fieldPath('template')),
});
