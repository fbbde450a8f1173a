// What resource quotas count about one kind of object. Admission charges single objects by it, the
// controller sums up all of a namespace; both ask the same evaluator, so their figures agree.
import type { ScopedResourceSelectorRequirement } from '../generated/types.ts';
import type { ResourceList } from '../core/resource-list.ts';
import type { KubernetesObject } from '../meta/object.ts';
import type { GroupResource } from '../meta/status-error.ts';
import { claimEvaluator } from './claim-evaluator.ts';
import { podEvaluator } from './pod-evaluator.ts';
import { serviceEvaluator } from './service-evaluator.ts';

/** A write as quotas see it. */
export interface QuotaOperation {
  readonly operation: 'create' | 'update';
  readonly subresource: string;
}

/** How the objects of one resource are counted. */
export interface QuotaEvaluator {
  /** True when such a write may change what is used. */
  handles(write: QuotaOperation): boolean;
  /** True for names of quota entries that this kind uses. */
  tracks(name: string): boolean;
  /** True when the object is of the scope. */
  inScope(object: KubernetesObject, scope: ScopedResourceSelectorRequirement): boolean;
  /** What the object must say and doesn't, for the entries of a quota: `must specify …`. */
  missing(object: KubernetesObject, names: readonly string[]): string | undefined;
  /** What the object uses at `nowMs`. */
  usage(object: KubernetesObject, nowMs: number): ResourceList;
}

const evaluators: ReadonlyMap<string, QuotaEvaluator> = new Map([
  ['pods', podEvaluator],
  ['services', serviceEvaluator],
  ['persistentvolumeclaims', claimEvaluator],
  ['configmaps', countEvaluator('configmaps', 'configmaps')],
  ['resourcequotas', countEvaluator('resourcequotas', 'resourcequotas')],
  ['replicationcontrollers', countEvaluator('replicationcontrollers', 'replicationcontrollers')],
  ['secrets', countEvaluator('secrets', 'secrets')],
]);

const others = new Map<string, QuotaEvaluator>();

/** The evaluator of a namespaced resource; undefined for events, which no quota counts. */
export function quotaEvaluator({ group, resource }: GroupResource): QuotaEvaluator | undefined {
  if (resource === 'events' && (group === '' || group === 'events.k8s.io')) return undefined;
  const name = group === '' ? resource : `${resource}.${group}`;
  const known = evaluators.get(name) ?? others.get(name);
  if (known) return known;
  const evaluator = countEvaluator(name);
  others.set(name, evaluator);
  return evaluator;
}

/** Counts objects as `count/<resource>.<group>`, and by the older names `aliases`. */
function countEvaluator(qualified: string, ...aliases: readonly string[]): QuotaEvaluator {
  const names = [`count/${qualified}`, ...aliases];
  return {
    handles: ({ operation, subresource }) => operation === 'create' && subresource === '',
    tracks: (name) => names.includes(name),
    inScope: () => false,
    missing: () => undefined,
    usage: () => Object.fromEntries(names.map((name) => [name, '1'])),
  };
}
