// How quotas count pods: their number, and what their containers request and are limited to. Pods
// that have ended, or whose end is overdue, only count as objects.
import type { Container, Pod, ScopedResourceSelectorRequirement } from '../generated/types.ts';
import type { PodAffinityTerm, PodSpec } from '../generated/types.ts';
import { aggregateResources, isPodLevelResource, podQosClass } from '../core/pod-resources.ts';
import { addResources, isExtendedResource, isHugePages } from '../core/resource-list.ts';
import { isNativeResource, type ResourceList } from '../core/resource-list.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';
import { matchesScopeValue } from './quota-scope.ts';

const COUNT = 'count/pods';
const NAMES: ReadonlySet<string> = new Set([
  COUNT,
  'pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);
/** A quota of these makes every container say how much it wants. */
const DEMANDED: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);
const COMPUTE: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];

/** The evaluator of pods. */
export const podEvaluator: QuotaEvaluator = {
  handles: ({ operation, subresource }) =>
    (operation === 'create' && subresource === '') ||
    (operation === 'update' && subresource === 'resize'),
  tracks: (name) =>
    NAMES.has(name) ||
    isHugePages(name) ||
    name.startsWith('requests.hugepages-') ||
    (!isNativeResource(name) && name.startsWith('requests.')),
  inScope: (object, scope) => inScope(object as Pod, scope),
  missing: (object, names) => missingOf(object as Pod, names),
  usage: (object, nowMs) => usageOf(object as Pod, nowMs),
};

function usageOf(pod: Pod, nowMs: number): ResourceList {
  if (!isRunning(pod, nowMs) || !pod.spec) return { [COUNT]: '1' };
  const { requests, limits } = resourcesOf(pod.spec);
  return { [COUNT]: '1', ...computeUsage(requests, limits) };
}

function isRunning({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** Those of the containers, overruled by those of the pod, with its overhead. */
function resourcesOf(spec: PodSpec): { requests: ResourceList; limits: ResourceList } {
  const requests = aggregateResources(spec, 'requests');
  const limits = aggregateResources(spec, 'limits');
  for (const [name, amount] of Object.entries(spec.resources?.requests ?? {})) {
    if (isPodLevelResource(name)) requests[name] = amount;
  }
  for (const [name, amount] of Object.entries(spec.resources?.limits ?? {})) {
    if (isPodLevelResource(name)) limits[name] = amount;
  }
  const known = Object.keys(limits);
  const overhead = Object.entries(spec.overhead ?? {});
  const limited = Object.fromEntries(overhead.filter(([name]) => known.includes(name)));
  return {
    requests: addResources(requests, spec.overhead),
    limits: addResources(limits, limited),
  };
}

function computeUsage(requests: ResourceList, limits: ResourceList): ResourceList {
  const usage: ResourceList = { pods: '1' };
  for (const [name, amount] of Object.entries(requests)) {
    const isHuge = isHugePages(name);
    if (COMPUTE.includes(name) || isHuge) usage[name] = amount;
    if (COMPUTE.includes(name) || isHuge || isExtendedResource(name)) {
      usage[`requests.${name}`] = amount;
    }
  }
  for (const name of COMPUTE) {
    const amount = limits[name];
    if (amount !== undefined) usage[`limits.${name}`] = amount;
  }
  return usage;
}

/** `must specify limits.cpu for: a,b; requests.cpu for: a`. */
function missingOf({ spec }: Pod, names: readonly string[]): string | undefined {
  if (!spec || hasOwnResources(spec)) return undefined;
  const demanded = names.filter((name) => DEMANDED.has(name));
  const parts = demanded.toSorted().flatMap((name) => {
    const lacking = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
      .filter((container) => containerUsage(container)[name] === undefined)
      .map((container) => container.name);
    return lacking.length === 0 ? [] : [`${name} for: ${[...new Set(lacking)].sort().join(',')}`];
  });
  return parts.length === 0 ? undefined : `must specify ${parts.join('; ')}`;
}

function hasOwnResources({ resources }: PodSpec): boolean {
  const given = Object.keys({ ...resources?.requests, ...resources?.limits });
  return given.some(isPodLevelResource);
}

function containerUsage({ resources }: Container): ResourceList {
  return computeUsage(resources?.requests ?? {}, resources?.limits ?? {});
}

function inScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const { activeDeadlineSeconds, priorityClassName = '' } = pod.spec ?? {};
  switch (scope.scopeName) {
    case 'Terminating':
      return activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return podQosClass(pod) === 'BestEffort';
    case 'NotBestEffort':
      return podQosClass(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matchesScopeValue(scope, priorityClassName === '' ? undefined : priorityClassName);
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some(
        ({ namespaces = [], namespaceSelector }) =>
          namespaces.length > 0 || namespaceSelector !== undefined,
      );
    default:
      return false;
  }
}

function affinityTerms({ spec }: Pod): PodAffinityTerm[] {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ]);
}
