// Defaults of Deployments and ReplicaSets (API-923).
import type { Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec } from '../generated/types.ts';
import { isBlank } from '../core/field-rules.ts';
import { templateDefaults } from '../core/pod-defaults.ts';

/** Fills the defaults of a deployment in place. */
export function deploymentDefaults(deployment: Deployment): void {
  deployment.spec ??= {} as DeploymentSpec;
  const { spec } = deployment;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  if (isBlank(spec.strategy.type)) spec.strategy.type = 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.template ??= {};
  templateDefaults(spec.template);
}

/** Fills the defaults of a replica set in place. */
export function replicaSetDefaults(replicaSet: ReplicaSet): void {
  replicaSet.spec ??= {} as ReplicaSetSpec;
  const { spec } = replicaSet;
  spec.replicas ??= 1;
  spec.template ??= {};
  templateDefaults(spec.template);
}
