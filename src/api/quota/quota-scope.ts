// The scopes of a quota: which objects it is about.
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../generated/types.ts';
import type { KubernetesObject } from '../meta/object.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';

/** The scopes of a quota in one form. */
function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** True when the object is of all scopes of the quota. */
export function inScopesOf(
  quota: ResourceQuota,
  object: KubernetesObject,
  evaluator: QuotaEvaluator,
): boolean {
  return scopesOf(quota).every((scope) => evaluator.inScope(object, scope));
}

/** True when a value, or its absence, is what the scope asks for. */
export function matchesScopeValue(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    default:
      return false;
  }
}
