// The rules of DaemonSets for the API server.
import type { DaemonSet, DaemonSetSpec, RollingUpdateDaemonSet } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  atMostHundredPercent,
  intOrPercent,
  intOrPercentValue,
  isBlank,
  nonNegative,
} from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { templateDefaults } from '../core/pod-defaults.ts';
import { validatePodTemplate } from '../core/pod-template-validation.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import {
  immutableSelector,
  usableSelector,
  validateAlwaysRunning,
  validateCollisionCount,
  validateCounts,
  validateSelector,
  validateTemplateLabels,
} from './workload-validation.ts';

const SPEC = fieldPath('spec');
const TEMPLATE = SPEC.child('template');

/** What the API server asks of this kind. */
export const daemonSetRules = defineKind<DaemonSet>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: () => ({
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  }),
  applyDefaults(daemonSet) {
    daemonSet.spec ??= {} as DaemonSetSpec;
    const { spec } = daemonSet;
    spec.updateStrategy ??= {};
    const strategy = spec.updateStrategy;
    if (isBlank(strategy.type)) strategy.type = 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= 1;
      strategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    spec.template ??= {};
    templateDefaults(spec.template);
  },
  *validate({ metadata, spec }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    if (spec) yield* validateSpec(spec);
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* immutableSelector(spec?.selector, old.spec?.selector);
    if (spec) yield* validateSpec(spec);
  },
  *validateStatusUpdate({ metadata, status }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    const counts = [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
    ];
    yield* validateCounts(status ?? {}, counts, []);
    yield* validateCollisionCount(status, old.status);
  },
  warnings({ metadata, spec }, old) {
    if (metadata.generation === old?.metadata.generation) return [];
    return podTemplateWarnings(spec?.template ?? {}, TEMPLATE);
  },
});

function* validateSpec(spec: DaemonSetSpec): Causes {
  yield* validateSelector(spec.selector, SPEC.child('selector'), 'daemonset');
  const selector = usableSelector(spec.selector);
  if (selector) yield* validateTemplateLabels(spec.template, selector, TEMPLATE);
  yield* validatePodTemplate(spec.template, TEMPLATE);
  yield* validateAlwaysRunning(spec.template, TEMPLATE, 'DaemonSet');
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  const path = SPEC.child('updateStrategy');
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type === 'RollingUpdate') {
    if (rollingUpdate) yield* validateRollingUpdate(rollingUpdate, path.child('rollingUpdate'));
    else yield required(path.child('rollingUpdate'));
  } else if (type !== 'OnDelete') {
    yield notSupported(path, { Type: type, RollingUpdate: null }, ['OnDelete', 'RollingUpdate']);
  }
  yield* nonNegative(spec.revisionHistoryLimit, SPEC.child('revisionHistoryLimit'));
}

function* validateRollingUpdate(block: RollingUpdateDaemonSet, path: FieldPath): Causes {
  const { maxUnavailable = 0, maxSurge = 0 } = block;
  const unavailable = path.child('maxUnavailable');
  yield* intOrPercent(maxUnavailable, unavailable);
  yield* atMostHundredPercent(maxUnavailable, unavailable);
  yield* intOrPercent(maxSurge, path.child('maxSurge'));
  yield* atMostHundredPercent(maxSurge, path.child('maxSurge'));
  const none = intOrPercentValue(maxUnavailable) === 0;
  const surges = intOrPercentValue(maxSurge) !== 0;
  if (none && !surges) yield required(unavailable, 'cannot be 0 when maxSurge is 0');
  if (!none && surges) {
    yield invalidValue(
      path.child('maxSurge'),
      maxSurge,
      'may not be set when maxUnavailable is non-zero',
    );
  }
}
