// Names and amounts in resource lists: what is standard, what may be fractional, sums.
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  milliQuantity,
  parseQuantity,
  quantityMillis,
  type Quantity,
} from '../meta/quantity.ts';

const HUGE_PAGES = 'hugepages-';
const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COUNTED = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);
const STANDARD = new Set([
  ...CONTAINER,
  ...COUNTED,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'storage',
  'requests.storage',
]);

/** Canonical quantities by resource name. */
export type ResourceList = Record<string, string>;

/** True for huge pages of any size. */
export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

/** Known to any list of resources. */
export function isStandardResource(name: string): boolean {
  return STANDARD.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
}

/** Known to containers. */
export function isStandardContainerResource(name: string): boolean {
  return CONTAINER.has(name) || isHugePages(name);
}

/** Without a domain, or with Kubernetes' own. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** A vendor's resource, such as `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.');
}

/** True when only whole amounts make sense. */
export function isIntegerResource(name: string): boolean {
  return COUNTED.has(name) || isExtendedResource(name);
}

/** True when requests may be lower than limits. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** True when `amount` is a whole number of the pages the resource name speaks of. */
export function isWholePages(name: string, amount: Quantity): boolean {
  try {
    const page = quantityMillis(parseQuantity(name.slice(HUGE_PAGES.length)));
    return page > 0n && page % 1000n === 0n && quantityMillis(amount) % page === 0n;
  } catch {
    return false;
  }
}

/** The canonical quantity rounded up to thousandths. */
export function milliRoundedQuantity(text: string): string {
  const quantity = parseQuantity(text);
  const rounded = milliQuantity(quantityMillis(quantity));
  return compareQuantities(quantity, rounded) === 0 ? text : formatQuantity(rounded);
}

/** Sums per resource. */
export function addResources(left: ResourceList, right: ResourceList | undefined): ResourceList {
  return combine(left, right, addQuantities);
}

/** The larger amount per resource. */
export function maxResources(left: ResourceList, right: ResourceList | undefined): ResourceList {
  return combine(left, right, (a, b) => (compareQuantities(a, b) >= 0 ? a : b));
}

function combine(
  left: ResourceList,
  right: ResourceList | undefined,
  merge: (a: Quantity, b: Quantity) => Quantity,
): ResourceList {
  const result = { ...left };
  for (const [name, amount] of Object.entries(right ?? {})) {
    const present = result[name];
    result[name] =
      present === undefined
        ? amount
        : formatQuantity(merge(parseQuantity(present), parseQuantity(amount)));
  }
  return result;
}
