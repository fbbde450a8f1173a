// What the status of a quota should be, from all that it counts.
import type { ResourceQuota, ResourceQuotaStatus } from '../../../api/generated/types.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import { quotaEvaluator } from '../../../api/quota/quota-evaluator.ts';
import { sumUsage } from '../../../api/quota/sum-usage.ts';
import type { CountedObjects } from '../../../api/quota/sum-usage.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';

/** Those of `resources` whose objects the quota counts. */
export function trackedResources(
  { spec }: ResourceQuota,
  resources: readonly ResourceDefinition[],
): ResourceDefinition[] {
  const names = Object.keys(spec?.hard ?? {});
  return resources.filter((resource) => {
    const evaluator = resource.namespaced ? quotaEvaluator(resource) : undefined;
    return evaluator !== undefined && names.some((name) => evaluator.tracks(name));
  });
}

/** The status that the quota should have; undefined when it has it. */
export function planStatus(
  quota: ResourceQuota,
  counted: readonly CountedObjects[],
  nowMs: number,
): ResourceQuotaStatus | undefined {
  const { spec, status } = quota;
  const hard = { ...spec?.hard };
  const before = Object.entries(status?.used ?? {}).filter(([name]) => hard[name] !== undefined);
  const used = { ...Object.fromEntries(before), ...sumUsage(quota, counted, nowMs) };
  const planned = { hard, used };
  return semanticEqual(planned, { hard: status?.hard, used: status?.used }) ? undefined : planned;
}
