// What limit ranges do to pods and claims: defaults for containers that say nothing, and the bounds
// that are checked. Texts are upstream's.
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
} from '../generated/types.ts';
import { compareQuantities, parseQuantity, quantityToNumber } from '../meta/quantity.ts';
import { sortedEntries } from './field-rules.ts';
import { aggregateResources, isPodLevelResource } from './pod-resources.ts';
import type { ResourceList } from './resource-list.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

interface Amounts {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}

/** Gives the containers of a pod what the range has as default, and notes that down. */
export function applyLimitDefaults({ spec: range }: LimitRange, pod: Pod): void {
  const items = (range?.limits ?? []).filter(({ type }) => type === 'Container');
  const defaults: Amounts = {
    requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)),
    limits: Object.assign({}, ...items.map((item) => item.default)),
  };
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((own) => fillContainer(own, defaults, 'container')),
    ...(pod.spec?.initContainers ?? []).flatMap((own) =>
      fillContainer(own, defaults, 'init container'),
    ),
  ];
  if (notes.length === 0) return;
  pod.metadata ??= {};
  const note = `LimitRanger plugin set: ${notes.join('; ')}`;
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: note };
}

function fillContainer(container: Container, defaults: Amounts, what: string): string[] {
  const resources = { ...container.resources };
  const notes: string[] = [];
  for (const [side, word] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const own = resources[side] ?? {};
    const missing = Object.keys(defaults[side]).filter((name) => own[name] === undefined);
    if (missing.length === 0) continue;
    resources[side] = { ...defaults[side], ...own };
    notes.push(`${missing.sort().join(', ')} ${word} for ${what} ${container.name}`);
  }
  if (notes.length > 0) container.resources = resources;
  return notes;
}

/** Why a pod is out of the bounds of a range; empty when it is within. */
export function podLimitErrors({ spec: range }: LimitRange, { spec }: Pod): string[] {
  if (!spec) return [];
  return (range?.limits ?? []).flatMap((item) => {
    if (item.type === 'Pod') return boundErrors(item, podAmounts(spec));
    if (item.type !== 'Container') return [];
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
    return containers.flatMap(({ resources }) =>
      boundErrors(item, {
        requests: resources?.requests ?? {},
        limits: resources?.limits ?? {},
      }),
    );
  });
}

function podAmounts(spec: PodSpec): Amounts {
  const sum = (side: 'requests' | 'limits') => {
    const own = Object.entries(spec.resources?.[side] ?? {});
    const level = own.filter(([name]) => isPodLevelResource(name));
    return { ...aggregateResources(spec, side), ...Object.fromEntries(level) };
  };
  return { requests: sum('requests'), limits: sum('limits') };
}

/** Why a claim is out of the bounds of a range. */
export function claimLimitErrors(
  { spec: range }: LimitRange,
  { spec }: PersistentVolumeClaim,
): string[] {
  const requests = spec?.resources?.requests ?? {};
  return (range?.limits ?? [])
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap((item) => [
      ...errorsOf(item.min, (name, bound) =>
        minError({ item, name, bound, amounts: { requests, limits: {} } }),
      ),
      ...errorsOf(item.max, (name, bound) => maxRequestError({ item, name, bound, requests })),
    ]);
}

function boundErrors(item: LimitRangeItem, amounts: Amounts): string[] {
  return [
    ...errorsOf(item.min, (name, bound) => minError({ item, name, bound, amounts })),
    ...errorsOf(item.max, (name, bound) => maxError({ item, name, bound, amounts })),
    ...errorsOf(item.maxLimitRequestRatio, (name, bound) =>
      ratioError({ item, name, bound, amounts }),
    ),
  ];
}

function errorsOf(
  bounds: Record<string, string> | undefined,
  check: (name: string, bound: string) => string | undefined,
): string[] {
  return sortedEntries(bounds).flatMap(([name, bound]) => check(name, bound) ?? []);
}

interface Bound {
  readonly item: LimitRangeItem;
  readonly name: string;
  readonly bound: string;
  readonly amounts: Amounts;
}

function minError({ item, name, bound, amounts }: Bound): string | undefined {
  const { request, limit } = of(amounts, name);
  const start = `minimum ${name} usage per ${item.type} is ${bound}`;
  if (request === undefined) return `${start}.  No request is specified`;
  if (compare(request, bound) < 0) return `${start}, but request is ${request}`;
  if (limit !== undefined && compare(limit, bound) < 0) return `${start}, but limit is ${limit}`;
  return undefined;
}

function maxError({ item, name, bound, amounts }: Bound): string | undefined {
  const { request, limit } = of(amounts, name);
  const start = `maximum ${name} usage per ${item.type} is ${bound}`;
  if (limit === undefined) return `${start}.  No limit is specified`;
  if (compare(limit, bound) > 0) return `${start}, but limit is ${limit}`;
  if (request !== undefined && compare(request, bound) > 0) {
    return `${start}, but request is ${request}`;
  }
  return undefined;
}

function maxRequestError({
  item,
  name,
  bound,
  requests,
}: Omit<Bound, 'amounts'> & { requests: ResourceList }): string | undefined {
  const request = requests[name];
  const start = `maximum ${name} usage per ${item.type} is ${bound}`;
  if (request === undefined) return `${start}.  No request is specified`;
  return compare(request, bound) > 0 ? `${start}, but request is ${request}` : undefined;
}

function ratioError({ item, name, bound, amounts }: Bound): string | undefined {
  const { request, limit } = of(amounts, name);
  const start = `${name} max limit to request ratio per ${item.type} is ${bound}, but`;
  const asked = number(request);
  if (asked === 0) return `${start} no request is specified or request is 0`;
  const most = number(limit);
  if (most === 0) return `${start} no limit is specified or limit is 0`;
  const ratio = most / asked;
  return ratio > number(bound) ? `${start} provided ratio is ${ratio.toFixed(6)}` : undefined;
}

function of({ requests, limits }: Amounts, name: string) {
  return { request: requests[name], limit: limits[name] };
}

function number(amount: string | undefined): number {
  return amount === undefined ? 0 : quantityToNumber(parseQuantity(amount));
}

function compare(left: string, right: string): number {
  return compareQuantities(parseQuantity(left), parseQuantity(right));
}
