// The rules of replication controllers and pod templates for the API server.
import type {
  PodTemplate,
  ReplicationController,
  ReplicationControllerSpec,
} from '../generated/types.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { dropDisabledTemplateFields } from './disabled-fields.ts';
import type { Causes } from './field-rules.ts';
import { nonNegative } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { templateDefaults } from './pod-defaults.ts';
import { validatePodTemplate } from './pod-template-validation.ts';
import { hostnameWarnings, podTemplateWarnings } from './pod-warnings.ts';
import { simpleKind } from '../simple-kind.ts';
import { validateCounts } from '../apps/workload-validation.ts';

const SPEC = fieldPath('spec');
const COUNTS = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'observedGeneration',
];
const OF_ALL = 'cannot be greater than status.replicas';
const BOUNDS = [
  ['fullyLabeledReplicas', 'replicas', OF_ALL],
  ['readyReplicas', 'replicas', OF_ALL],
  ['availableReplicas', 'replicas', OF_ALL],
  ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
] as const;

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
  prepareForCreate({ spec }, context) {
    dropDisabledTemplateFields(spec?.template, undefined, context);
  },
  prepareForUpdate({ spec }, old, context) {
    dropDisabledTemplateFields(spec?.template, old.spec?.template, context);
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
    yield* validateCounts(status ?? {}, COUNTS, BOUNDS);
  },
  warnings(controller, old) {
    if (controller.metadata.generation === old?.metadata.generation) return [];
    const template = controller.spec?.template ?? {};
    const warnings = podTemplateWarnings(template, SPEC.child('template'));
    return old ? warnings : [...hostnameWarnings(controller.metadata), ...warnings];
  },
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
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const message = 'activeDeadlineSeconds in ReplicationController is not Supported';
    yield forbidden(path.child('spec', 'activeDeadlineSeconds'), message);
  }
}

/** What the API server asks of pod templates. */
export const podTemplateRules = simpleKind<PodTemplate>({
  namespaced: true,
  specChanged: ({ template }, old) => !semanticEqual(template, old.template),
  applyDefaults(object) {
    object.template ??= {};
    templateDefaults(object.template);
  },
  prepareForCreate({ template }, context) {
    dropDisabledTemplateFields(template, undefined, context);
  },
  prepareForUpdate({ template }, old, context) {
    dropDisabledTemplateFields(template, old.template, context);
  },
  warnings: ({ template }) => podTemplateWarnings(template ?? {}, fieldPath('template')),
  check: ({ template }) => validatePodTemplate(template ?? {}, fieldPath('template')),
});
