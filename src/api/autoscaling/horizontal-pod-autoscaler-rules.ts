// The rules of horizontal pod autoscalers for the API server. Metrics are in metric-validation.ts.
import type {
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateMetric, validateTarget } from './metric-validation.ts';

const SPEC = fieldPath('spec');
const WINDOW_MAX_SECONDS = 3600;
const PERIOD_MAX_SECONDS = 1800;
const CPU_PERCENT = 80;

/** What the API server asks of this kind. */
export const horizontalPodAutoscalerRules = defineKind<HorizontalPodAutoscaler>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  initialStatus: () => ({ currentReplicas: 0, desiredReplicas: 0, currentMetrics: null }),
  specChanged: specDiffers,
  applyDefaults({ spec }) {
    if (spec) fillSpec(spec);
  },
  *validate({ metadata, spec }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    if (spec) yield* validateSpec(spec);
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    if (spec) yield* validateSpec(spec);
  },
  *validateStatusUpdate({ metadata, status }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* nonNegative(status?.currentReplicas, fieldPath('status', 'currentReplicas'));
    yield* nonNegative(status?.desiredReplicas, fieldPath('status', 'desiredReplicas'));
  },
});

function fillSpec(spec: HorizontalPodAutoscalerSpec): void {
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: 'Utilization', averageUtilization: CPU_PERCENT };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  const { behavior } = spec;
  if (!behavior) return;
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = { selectPolicy: 'Max', policies: [percent], ...behavior.scaleDown };
}

/** How many pods there may be. */
export function* validateReplicas(spec: {
  minReplicas?: number | undefined;
  maxReplicas?: number;
}): Causes {
  const { minReplicas, maxReplicas = 0 } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    const message = 'must be greater than or equal to 1';
    yield invalidValue(SPEC.child('minReplicas'), minReplicas, message);
  }
  const maxPath = SPEC.child('maxReplicas');
  if (maxReplicas === 0) yield required(maxPath, 'must be set and greater than 0');
  else if (maxReplicas < 0) {
    yield invalidValue(maxPath, maxReplicas, 'must be greater than or equal to 1');
  }
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    yield invalidValue(maxPath, maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
}

function* validateSpec(spec: HorizontalPodAutoscalerSpec): Causes {
  const { minReplicas, metrics = [], behavior } = spec;
  yield* validateReplicas(spec);
  yield* validateTarget(spec.scaleTargetRef, SPEC.child('scaleTargetRef'));
  const metricsPath = SPEC.child('metrics');
  for (const [index, metric] of metrics.entries()) {
    yield* validateMetric(metric, metricsPath.index(index));
  }
  const fromZero = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas === 0 && !fromZero) {
    const message =
      'must specify at least one Object or External metric to support scaling to zero replicas';
    yield forbidden(metricsPath, message);
  }
  const rulesPath = SPEC.child('behavior');
  if (behavior?.scaleUp) yield* validateRules(behavior.scaleUp, rulesPath.child('scaleUp'));
  if (behavior?.scaleDown) yield* validateRules(behavior.scaleDown, rulesPath.child('scaleDown'));
}

function* validateRules(rules: HPAScalingRules, path: FieldPath): Causes {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules;
  const windowPath = path.child('stabilizationWindowSeconds');
  if (window !== undefined && window < 0) {
    yield invalidValue(windowPath, window, 'must be greater than or equal to zero');
  }
  if (window !== undefined && window > WINDOW_MAX_SECONDS) {
    yield invalidValue(windowPath, window, `must be less than or equal to ${WINDOW_MAX_SECONDS}`);
  }
  const choices = ['Disabled', 'Max', 'Min'];
  if (selectPolicy !== undefined && !choices.includes(selectPolicy)) {
    yield notSupported(path.child('selectPolicy'), selectPolicy, choices);
  }
  const policiesPath = path.child('policies');
  if (policies.length === 0) yield required(policiesPath, 'must specify at least one Policy');
  for (const [index, policy] of policies.entries()) {
    yield* validatePolicy(policy, policiesPath.index(index));
  }
}

function* validatePolicy(policy: HPAScalingPolicy, path: FieldPath): Causes {
  const types = ['Percent', 'Pods'];
  if (!types.includes(policy.type)) yield notSupported(path.child('type'), policy.type, types);
  for (const field of ['value', 'periodSeconds'] as const) {
    const value = policy[field] ?? 0;
    if (value <= 0) yield invalidValue(path.child(field), value, 'must be greater than zero');
  }
  if (policy.periodSeconds > PERIOD_MAX_SECONDS) {
    const message = `must be less than or equal to ${PERIOD_MAX_SECONDS}`;
    yield invalidValue(path.child('periodSeconds'), policy.periodSeconds, message);
  }
}
