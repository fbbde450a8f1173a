// The rules of horizontal pod autoscalers for the API server. Metrics are in metric-validation.ts.
import type {
  CrossVersionObjectReference,
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative, NOT_NEGATIVE } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';
import type { ReferenceRules } from './metric-validation.ts';
import { validateMetric, validateTarget, versionFault } from './metric-validation.ts';

type Spec = Partial<HorizontalPodAutoscalerSpec>;

const SPEC = fieldPath('spec');
const EMPTY: Spec = {};
const WINDOW_MAX_SECONDS = 3600;
const PERIOD_MAX_SECONDS = 1800;
const CPU_PERCENT = 80;

/** What the API server asks of this kind. */
export const horizontalPodAutoscalerRules = defineKind<HorizontalPodAutoscaler>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  initialStatus: () => ({ desiredReplicas: 0, currentMetrics: null }),
  applyDefaults({ spec }) {
    if (spec) fillSpec(spec);
  },
  *validate({ metadata, spec }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec ?? EMPTY, undefined);
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* validateSpec(spec ?? EMPTY, old.spec ?? EMPTY);
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

interface Replicas {
  readonly minReplicas?: number | undefined;
  readonly maxReplicas?: number;
}

/** How many pods there may be. */
export function* validateReplicas(
  { minReplicas, maxReplicas = 0 }: Replicas,
  old: Replicas | undefined,
): Causes {
  // Scaling to nothing is behind a gate that is off.
  const least = old?.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < least) {
    const message = `must be greater than or equal to ${least}`;
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

type Scaled = Partial<CrossVersionObjectReference> | undefined;

/** How strictly the version of what is scaled is looked at. */
export function targetRules(target: Scaled, old: Scaled, exists: boolean): ReferenceRules {
  const same =
    (target?.apiVersion ?? '') === (old?.apiVersion ?? '') &&
    (target?.kind ?? '') === (old?.kind ?? '');
  if (exists && same) return { anyVersion: true };
  return { emptyGroup: target?.kind === 'ReplicationController' };
}

function metricRules(old: Spec | undefined): ReferenceRules {
  const wrong = (old?.metrics ?? []).some(({ type, object }) => {
    const version = object?.describedObject?.apiVersion ?? '';
    return type === 'Object' && object && versionFault(version, { emptyGroup: true }) !== undefined;
  });
  return { emptyGroup: true, anyVersion: wrong };
}

function* validateSpec(spec: Spec, old: Spec | undefined): Causes {
  const { minReplicas, metrics = [], behavior, scaleTargetRef: target } = spec;
  yield* validateReplicas(spec, old);
  const rules = targetRules(target, old?.scaleTargetRef, old !== undefined);
  yield* validateTarget(target, SPEC.child('scaleTargetRef'), rules);
  const metricsPath = SPEC.child('metrics');
  for (const [index, metric] of metrics.entries()) {
    yield* validateMetric(metric, metricsPath.index(index), metricRules(old));
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
  if (rules.tolerance === undefined || quantitySign(parseQuantity(rules.tolerance)) >= 0) return;
  yield invalidValue(path.child('tolerance'), rules.tolerance, NOT_NEGATIVE);
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
