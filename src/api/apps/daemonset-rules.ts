// The rules of DaemonSets for the API server.
import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetUpdateStrategy,
  LabelSelector,
  ObjectMeta,
  RollingUpdateDaemonSet,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  atMostHundredPercent,
  intOrPercent,
  intOrPercentValue,
  isBlank,
  nonNegative,
} from '../core/field-rules.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
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
import { semanticEqual } from '../meta/json-equal.ts';
import { matches, validateLabelSelector } from '../meta/labels.ts';
import {
  immutableSelector,
  usableSelector,
  validateAlwaysRunning,
  validateCollisionCount,
  validateCounts,
} from './workload-validation.ts';

const SPEC = fieldPath('spec');
const TEMPLATE = SPEC.child('template');
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

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
    // Whoever writes the set owns the count, as upstream: there it is a field inside the server.
    const { metadata } = daemonSet;
    countTemplates(metadata, templateCount(metadata));
  },
  prepareForCreate({ metadata, spec }, context) {
    dropDisabledTemplateFields(spec?.template, undefined, context);
    countTemplates(metadata, Math.max(1, templateCount(metadata)));
  },
  prepareForUpdate({ metadata, spec }, old, context) {
    dropDisabledTemplateFields(spec?.template, old.spec?.template, context);
    const changed = !semanticEqual(spec?.template, old.spec?.template);
    countTemplates(metadata, templateCount(old.metadata) + (changed ? 1 : 0));
  },
  prepareForStatusUpdate({ metadata }, old) {
    countTemplates(metadata, templateCount(old.metadata));
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
      'collisionCount',
    ];
    yield* validateCounts(status ?? {}, counts, []);
    yield* validateCollisionCount(status, old.status);
  },
  warnings({ metadata, spec }, old) {
    if (old && templateCount(metadata) === templateCount(old.metadata)) return [];
    return podTemplateWarnings(spec?.template ?? {}, TEMPLATE);
  },
});

/** How often the template changed is an annotation since the field for it went away. */
function templateCount({ annotations }: ObjectMeta): number {
  return Number(annotations?.[TEMPLATE_GENERATION] ?? 0);
}

function countTemplates(metadata: ObjectMeta, count: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(count) };
}

function* validateSpec(spec: DaemonSetSpec): Causes {
  const path = SPEC.child('selector');
  const given: LabelSelector | undefined = spec.selector;
  yield* validateLabelSelector(given, path);
  const selector = usableSelector(given);
  const labels = spec.template.metadata?.labels;
  if (selector && !matches(selector, labels)) {
    const message = '`selector` does not match template `labels`';
    yield invalidValue(TEMPLATE.child('metadata', 'labels'), labels ?? null, message);
  }
  const { matchLabels = {}, matchExpressions = [] } = given ?? {};
  if (given && Object.keys(matchLabels).length + matchExpressions.length === 0) {
    yield invalidValue(path, given, 'empty selector is invalid for daemonset');
  }
  yield* validatePodTemplate(spec.template, TEMPLATE);
  yield* validateAlwaysRunning(spec.template, TEMPLATE, 'DaemonSet');
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  yield* validateStrategy(spec.updateStrategy ?? {}, SPEC.child('updateStrategy'));
  yield* nonNegative(spec.revisionHistoryLimit, SPEC.child('revisionHistoryLimit'));
}

function* validateStrategy(strategy: DaemonSetUpdateStrategy, path: FieldPath): Causes {
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type === 'RollingUpdate') {
    if (rollingUpdate) yield* validateRollingUpdate(rollingUpdate, path.child('rollingUpdate'));
    else yield required(path.child('rollingUpdate'));
    return;
  }
  // Messages show upstream's internal form of the strategy.
  const block = rollingUpdate && {
    MaxUnavailable: rollingUpdate.maxUnavailable ?? 0,
    MaxSurge: rollingUpdate.maxSurge ?? 0,
  };
  const shown = { Type: type, RollingUpdate: block ?? null };
  yield notSupported(path, shown, ['RollingUpdate', 'OnDelete']);
}

function* validateRollingUpdate(block: RollingUpdateDaemonSet, path: FieldPath): Causes {
  const { maxUnavailable = 0, maxSurge = 0 } = block;
  const unavailable = path.child('maxUnavailable');
  yield* intOrPercent(maxUnavailable, unavailable);
  yield* intOrPercent(maxSurge, path.child('maxSurge'));
  yield* atMostHundredPercent(maxUnavailable, unavailable);
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
