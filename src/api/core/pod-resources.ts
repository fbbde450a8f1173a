// What the resources of a pod's containers add up to: pod-level defaults and the QoS class.
import type { Pod, PodSpec } from '../generated/types.ts';
import { compareQuantities, parseQuantity, quantitySign } from '../meta/quantity.ts';
import type { ResourceList } from './resource-list.ts';
import { addResources, isHugePages, isOvercommitAllowed, maxResources } from './resource-list.ts';

type Side = 'requests' | 'limits';

/**
 * The effective sum over all containers: the running ones with their sidecars, or the largest
 * init container if that is more.
 */
export function aggregateResources(spec: PodSpec, side: Side): ResourceList {
  let running: ResourceList = {};
  for (const container of spec.containers ?? []) {
    running = addResources(running, container.resources?.[side]);
  }
  let sidecars: ResourceList = {};
  let starting: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[side];
    if (container.restartPolicy === 'Always') {
      running = addResources(running, own);
      sidecars = addResources(sidecars, own);
      starting = maxResources(starting, sidecars);
    } else starting = maxResources(starting, addResources(sidecars, own));
  }
  return maxResources(running, starting);
}

/** Resources that may be given for the pod as a whole. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

/** Completes pod-level resources that are partly given, from the containers and the limits. */
export function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const given = Object.keys({ ...resources.limits, ...resources.requests });
  if (given.length > 0) defaultHugePageLimits(spec, resources);
  if (Object.keys(resources.limits ?? {}).length === 0) return;
  const requests: ResourceList = { ...resources.requests };
  for (const [name, amount] of Object.entries(aggregateResources(spec, 'requests'))) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= amount;
  }
  for (const [name, amount] of Object.entries(resources.limits ?? {})) {
    if (isPodLevelResource(name)) requests[name] ??= amount;
  }
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function defaultHugePageLimits(
  spec: PodSpec,
  resources: { limits?: ResourceList | undefined; requests?: ResourceList | undefined },
): void {
  const limits: ResourceList = { ...resources.limits };
  for (const [name, amount] of Object.entries(aggregateResources(spec, 'limits'))) {
    if (isHugePages(name) && resources.requests?.[name] === undefined) limits[name] ??= amount;
  }
  if (Object.keys(limits).length > 0) resources.limits = limits;
}

/** The quality of service class of a pod: Guaranteed, Burstable or BestEffort. */
export function podQosClass({ spec }: Pick<Pod, 'spec'>): string {
  if (spec === undefined) return 'BestEffort';
  const lists = resourceLists(spec);
  const requests = computeSum(lists, 'requests');
  const limits = computeSum(lists, 'limits');
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return 'BestEffort';
  const limited = lists.every(
    (list) => isSet(list.limits?.['cpu']) && isSet(list.limits?.['memory']),
  );
  const equal =
    Object.keys(requests).length === Object.keys(limits).length &&
    Object.entries(requests).every(([name, amount]) => {
      const limit = limits[name];
      return (
        limit !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(amount)) === 0
      );
    });
  return limited && equal ? 'Guaranteed' : 'Burstable';
}

interface Lists {
  requests?: ResourceList | undefined;
  limits?: ResourceList | undefined;
}

/** Those of the pod if it has any, else those of every container. */
function resourceLists(spec: PodSpec): Lists[] {
  if (spec.resources !== undefined) return [spec.resources];
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(
    (container) => container.resources ?? {},
  );
}

function computeSum(lists: readonly Lists[], side: Side): ResourceList {
  let sum: ResourceList = {};
  for (const list of lists) {
    const { cpu, memory } = list[side] ?? {};
    if (isSet(cpu)) sum = addResources(sum, { cpu });
    if (isSet(memory)) sum = addResources(sum, { memory });
  }
  return sum;
}

function isSet(amount: string | undefined): amount is string {
  return amount !== undefined && quantitySign(parseQuantity(amount)) > 0;
}
