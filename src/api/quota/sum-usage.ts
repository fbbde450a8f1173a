// What the objects of a namespace use of a quota, all together.
import type { ResourceQuota } from '../generated/types.ts';
import { addResources, type ResourceList } from '../core/resource-list.ts';
import type { KubernetesObject } from '../meta/object.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';
import { inScopesOf } from './quota-scope.ts';

export interface CountedObjects {
  readonly evaluator: QuotaEvaluator;
  readonly objects: readonly KubernetesObject[];
}

/**
 * The use of the entries of `spec.hard` that one of `counted` tracks; each is there, if only as
 * zero.
 */
export function sumUsage(
  quota: ResourceQuota,
  counted: readonly CountedObjects[],
  nowMs: number,
): ResourceList {
  const hard = Object.keys(quota.spec?.hard ?? {});
  let sum: ResourceList = {};
  for (const { evaluator, objects } of counted) {
    const tracked = hard.filter((name) => evaluator.tracks(name));
    if (tracked.length === 0) continue;
    sum = addResources(sum, Object.fromEntries(tracked.map((name) => [name, '0'])));
    for (const object of objects) {
      if (!inScopesOf(quota, object, evaluator)) continue;
      const usage = Object.entries(evaluator.usage(object, nowMs));
      const mine = usage.filter(([name]) => tracked.includes(name));
      sum = addResources(sum, Object.fromEntries(mine));
    }
  }
  return sum;
}
