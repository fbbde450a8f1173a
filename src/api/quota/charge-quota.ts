// What one write costs the quotas of its namespace, or why it can't be afforded.
import type { ResourceQuota } from '../generated/types.ts';
import { addResources, type ResourceList } from '../core/resource-list.ts';
import type { KubernetesObject } from '../meta/object.ts';
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantitySign,
  subtractQuantities,
} from '../meta/quantity.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';
import { inScopesOf } from './quota-scope.ts';

/** A write that may cost something. */
export interface QuotaCharge {
  readonly evaluator: QuotaEvaluator;
  readonly object: KubernetesObject;
  /** What there was before, for an update. */
  readonly old: KubernetesObject | undefined;
  readonly nowMs: number;
}

export type ChargeResult =
  | { readonly refusal: string }
  /** `used` is what the status of the quota must say then; undefined when it stays. */
  | { readonly used: ResourceList | undefined };

/** Charges one quota. Only limits that its status knows count, as they are those being counted. */
export function chargeQuota(quota: ResourceQuota, charge: QuotaCharge): ChargeResult {
  const { evaluator, object, old, nowMs } = charge;
  const { hard = {}, used = {} } = quota.status ?? {};
  const tracked = Object.keys(hard).filter((name) => evaluator.tracks(name));
  if (tracked.length === 0 || !inScopesOf(quota, object, evaluator)) return { used: undefined };
  const name = quota.metadata.name ?? '';
  const missing = evaluator.missing(object, tracked);
  if (missing !== undefined) return { refusal: `failed quota: ${name}: ${missing}` };
  if (tracked.some((entry) => used[entry] === undefined)) {
    const entries = tracked.toSorted().join(',');
    return { refusal: `status unknown for quota: ${name}, resources: ${entries}` };
  }
  const wasCounted = old !== undefined && inScopesOf(quota, old, evaluator);
  const before = wasCounted ? evaluator.usage(old, nowMs) : {};
  const requested = only(tracked, growth(evaluator.usage(object, nowMs), before));
  if (Object.keys(requested).length === 0) return { used: undefined };
  const after = addResources(used, requested);
  const exceeded = Object.keys(requested).filter((entry) => isAbove(after[entry], hard[entry]));
  if (exceeded.length === 0) return { used: after };
  const shown = (amounts: ResourceList) => print(only(exceeded, amounts));
  return {
    refusal:
      `exceeded quota: ${name}, requested: ${shown(requested)}, ` +
      `used: ${shown(used)}, limited: ${shown(hard)}`,
  };
}

/** What is more than before; what is less is found by the controller. */
function growth(after: ResourceList, before: ResourceList): ResourceList {
  const result: ResourceList = {};
  for (const [name, amount] of Object.entries(after)) {
    const difference = subtractQuantities(
      parseQuantity(amount),
      parseQuantity(before[name] ?? '0'),
    );
    if (quantitySign(difference) > 0) result[name] = formatQuantity(difference);
  }
  return result;
}

function only(names: readonly string[], amounts: ResourceList): ResourceList {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => names.includes(name)));
}

function isAbove(amount: string | undefined, limit: string | undefined): boolean {
  if (amount === undefined || limit === undefined) return false;
  return compareQuantities(parseQuantity(amount), parseQuantity(limit)) > 0;
}

function print(amounts: ResourceList): string {
  const names = Object.keys(amounts).sort();
  return names.map((name) => `${name}=${amounts[name] ?? ''}`).join(',');
}
