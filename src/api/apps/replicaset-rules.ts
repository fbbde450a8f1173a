// The rules of ReplicaSets for the API server.
import type { ReplicaSet, ReplicaSetSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative } from '../core/field-rules.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { hostnameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { replicaSetDefaults } from './deployment-defaults.ts';
import {
  immutableSelector,
  validateCounts,
  validateSelectorAndTemplate,
} from './workload-validation.ts';

const SPEC = fieldPath('spec');

/** What the API server asks of this kind. */
export const replicaSetRules = defineKind<ReplicaSet>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: () => ({ replicas: 0 }),
  applyDefaults: replicaSetDefaults,
  prepareForCreate({ spec }, context) {
    dropDisabledTemplateFields(spec?.template, undefined, context);
  },
  prepareForUpdate({ spec }, old, context) {
    dropDisabledTemplateFields(spec?.template, old.spec?.template, context);
  },
  *validate(replicaSet) {
    yield* validateMetadata(replicaSet.metadata, { namespaced: true, nameRule: subdomainName });
    if (replicaSet.spec) yield* validateSpec(replicaSet.spec);
  },
  *validateUpdate(replicaSet, old) {
    yield* validateMetadataUpdate(replicaSet.metadata, old.metadata);
    if (replicaSet.spec) yield* validateSpec(replicaSet.spec);
    yield* immutableSelector(replicaSet.spec?.selector, old.spec?.selector);
  },
  *validateStatusUpdate(replicaSet, old) {
    yield* validateMetadataUpdate(replicaSet.metadata, old.metadata);
    yield* validateStatus(replicaSet.status ?? {});
  },
  warnings(replicaSet, old) {
    const template = replicaSet.spec?.template ?? {};
    const path = fieldPath('spec', 'template');
    if (old === undefined) {
      return [...hostnameWarnings(replicaSet.metadata), ...podTemplateWarnings(template, path)];
    }
    const changed = replicaSet.metadata.generation !== old.metadata.generation;
    return changed ? podTemplateWarnings(template, path) : [];
  },
});

function* validateSpec(spec: ReplicaSetSpec): Causes {
  yield* nonNegative(spec.replicas, SPEC.child('replicas'));
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  yield* validateSelectorAndTemplate(spec);
}

function validateStatus(status: object): Causes {
  const bound = 'cannot be greater than status.replicas';
  return validateCounts(
    status,
    [
      'replicas',
      'fullyLabeledReplicas',
      'readyReplicas',
      'availableReplicas',
      'observedGeneration',
      'terminatingReplicas',
    ],
    [
      ['fullyLabeledReplicas', 'replicas', bound],
      ['readyReplicas', 'replicas', bound],
      ['availableReplicas', 'replicas', bound],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ],
  );
}
