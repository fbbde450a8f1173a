// Defaults of StatefulSets (SS-701 … SS-705).
import type { StatefulSet, StatefulSetSpec } from '../generated/types.ts';
import { claimDefaults } from '../core/claim-defaults.ts';
import { isBlank } from '../core/field-rules.ts';
import { templateDefaults } from '../core/pod-defaults.ts';
import { gateEnabled } from '../feature-gates.ts';
import type { RuleContext } from '../kind-rules.ts';

/** Fills the defaults of a set in place. */
export function statefulSetDefaults(set: StatefulSet, context: RuleContext): void {
  set.spec ??= {} as StatefulSetSpec;
  const { spec } = set;
  if (isBlank(spec.podManagementPolicy)) spec.podManagementPolicy = 'OrderedReady';
  defaultUpdateStrategy(spec, context);
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  if (isBlank(retention.whenDeleted)) retention.whenDeleted = 'Retain';
  if (isBlank(retention.whenScaled)) retention.whenScaled = 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  templateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {};
    claimDefaults(claim);
  }
}

/** SS-702, SS-703: the block is added only when the type is absent. */
function defaultUpdateStrategy(spec: StatefulSetSpec, context: RuleContext): void {
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (isBlank(strategy.type)) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type !== 'RollingUpdate' || strategy.rollingUpdate === undefined) return;
  strategy.rollingUpdate.partition ??= 0;
  if (gateEnabled(context, 'MaxUnavailableStatefulSet'))
    strategy.rollingUpdate.maxUnavailable ??= 1;
}
