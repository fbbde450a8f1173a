// The rules of horizontal pod autoscalers of autoscaling/v1 for the API server.
import type { HorizontalPodAutoscalerV1 } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, invalidValue } from '../meta/field-errors.ts';
import { targetRules, validateReplicas } from './horizontal-pod-autoscaler-rules.ts';
import { validateTarget } from './metric-validation.ts';

type Spec = Partial<NonNullable<HorizontalPodAutoscalerV1['spec']>>;

const SPEC = fieldPath('spec');
const EMPTY: Spec = {};
const CPU_PERCENT = 80;
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';

/** What the API server asks of this kind. */
export const oldAutoscalerRules = defineKind<HorizontalPodAutoscalerV1>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  initialStatus: () => ({ currentReplicas: 0, desiredReplicas: 0 }),
  applyDefaults({ metadata, spec }) {
    if (!spec) return;
    spec.minReplicas ??= 1;
    const others = metadata.annotations?.[METRICS] !== undefined;
    if (!others) spec.targetCPUUtilizationPercentage ??= CPU_PERCENT;
  },
  *validate(autoscaler) {
    yield* validateMetadata(autoscaler.metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(autoscaler.spec ?? EMPTY, undefined);
  },
  *validateUpdate(autoscaler, old) {
    yield* validateMetadataUpdate(autoscaler.metadata, old.metadata);
    yield* validateSpec(autoscaler.spec ?? EMPTY, old.spec ?? EMPTY);
  },
  *validateStatusUpdate({ metadata, status }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* nonNegative(status?.currentReplicas, fieldPath('status', 'currentReplicas'));
    yield* nonNegative(status?.desiredReplicas, fieldPath('status', 'desiredReplicas'));
  },
});

function* validateSpec(spec: Spec, old: Spec | undefined): Causes {
  yield* validateReplicas(spec, old);
  const { scaleTargetRef: target } = spec;
  const rules = targetRules(target, old?.scaleTargetRef, old !== undefined);
  yield* validateTarget(target, SPEC.child('scaleTargetRef'), rules);
  const percent = spec.targetCPUUtilizationPercentage;
  if (percent !== undefined && percent < 1) {
    // Upstream names the metric that the percentage becomes.
    const path = SPEC.child('metrics').index(0).child('resource', 'target', 'averageUtilization');
    yield invalidValue(path, percent, 'must be greater than 0');
  }
}
