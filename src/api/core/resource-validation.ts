// Resource requests and limits: of containers and of whole pods.
import type { CoreV1ResourceClaim, PodSpec, ResourceRequirements } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  forbidden,
  invalidForEach,
  invalidValue,
  notFound,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateQualifiedName } from '../meta/names.ts';
import {
  compareQuantities,
  isWholeQuantity,
  parseQuantity,
  quantitySign,
} from '../meta/quantity.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, isBlank, NOT_NEGATIVE, sortedEntries } from './field-rules.ts';
import { aggregateResources, isPodLevelResource } from './pod-resources.ts';
import {
  isExtendedResource,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isStandardContainerResource,
  isStandardResource,
  isWholePages,
} from './resource-list.ts';

type NameCheck = (name: string, path: FieldPath) => Causes;

/** The resources of a container; `claimNames` are the pod's resource claims. */
export function validateContainerResources(
  resources: ResourceRequirements,
  path: FieldPath,
  claimNames: ReadonlySet<string>,
): Causes {
  return validateRequirements(resources, path, {
    nameCheck: validateContainerResourceName,
    claimNames,
  });
}

/** The resources of a pod as a whole, and how its containers fit in them. */
export function* validatePodResources(spec: PodSpec, path: FieldPath): Causes {
  const { resources } = spec;
  if (resources === undefined) return;
  if (spec.os?.name === 'windows') {
    yield forbidden(path, 'may not be set for a windows pod');
    return;
  }
  if (resources.claims !== undefined) {
    yield forbidden(path.child('claims'), 'claims may not be set for Resources at pod-level');
  }
  const claimNames = new Set(spec.resourceClaims?.map(({ name }) => name));
  yield* validateRequirements(resources, path, { nameCheck: podName, claimNames });
  yield* validateConsistency(spec, resources, path);
}

/** A quantity: not negative, and whole where fractions make no sense. */
export function* validateQuantity(name: string, text: string, path: FieldPath): Causes {
  const quantity = parseQuantity(text);
  if (quantitySign(quantity) < 0) yield invalidValue(path, text, NOT_NEGATIVE);
  if (isIntegerResource(name) && !isWholeQuantity(quantity)) {
    yield invalidValue(path, text, 'must be an integer');
  }
}

/** A resource name as it may stand in any list. */
export function* validateResourceName(name: string, path: FieldPath): Causes {
  const messages = validateQualifiedName(name);
  yield* invalidForEach(path, name, messages);
  if (messages.length === 0 && !name.includes('/') && !isStandardResource(name)) {
    yield invalidValue(path, name, 'must be a standard resource type or fully qualified');
  }
}

/** A resource name as it may stand in the resources of a container. */
export function* validateContainerResourceName(name: string, path: FieldPath): Causes {
  yield* validateResourceName(name, path);
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name)) {
      yield invalidValue(path, name, 'must be a standard resource for containers');
    }
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    yield invalidValue(path, name, "doesn't follow extended resource name standard");
  }
}

function* podName(name: string, path: FieldPath): Causes {
  const causes = [...validateResourceName(name, path)];
  yield* causes;
  if (causes.length === 0 && !isPodLevelResource(name)) {
    yield notSupported(path, name, ['cpu', 'hugepages-', 'memory']);
  }
}

function* validateRequirements(
  resources: ResourceRequirements,
  path: FieldPath,
  { nameCheck, claimNames }: { nameCheck: NameCheck; claimNames: ReadonlySet<string> },
): Causes {
  for (const side of ['limits', 'requests'] as const) {
    for (const [name, amount] of sortedEntries(resources[side])) {
      const entryPath = path.child(side).key(name);
      yield* nameCheck(name, entryPath);
      yield* validateQuantity(name, amount, entryPath);
      if (side === 'requests') yield* validateAgainstLimit({ name, amount }, resources, path);
      if (isHugePages(name) && !isWholePages(name, parseQuantity(amount))) {
        const message = `${amount} is not positive integer multiple of ${name}`;
        yield invalidValue(entryPath, amount, message);
      }
    }
  }
  const names = Object.keys({ ...resources.limits, ...resources.requests });
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    yield forbidden(path, 'HugePages require cpu or memory');
  }
  yield* validateClaims(resources.claims ?? [], path.child('claims'), claimNames);
}

function* validateAgainstLimit(
  { name, amount }: { name: string; amount: string },
  { limits }: ResourceRequirements,
  path: FieldPath,
): Causes {
  const limit = limits && Object.hasOwn(limits, name) ? limits[name] : undefined;
  if (limit === undefined) {
    if (isOvercommitAllowed(name)) return;
    yield required(path.child('limits'), 'Limit must be set for non overcommitable resources');
    return;
  }
  const difference = compareQuantities(parseQuantity(amount), parseQuantity(limit));
  const requests = path.child('requests');
  if (difference !== 0 && !isOvercommitAllowed(name)) {
    yield invalidValue(requests, amount, `must be equal to ${name} limit of ${limit}`);
  } else if (difference > 0) {
    yield invalidValue(requests, amount, `must be less than or equal to ${name} limit of ${limit}`);
  }
}

function* validateClaims(
  claims: readonly CoreV1ResourceClaim[],
  path: FieldPath,
  claimNames: ReadonlySet<string>,
): Causes {
  const names = new Set<string>();
  for (const [i, { name = '', request }] of claims.entries()) {
    const claimPath = path.index(i);
    if (name === '') yield required(claimPath);
    else if (names.has(name)) yield duplicate(claimPath, name);
    else {
      if (!isBlank(request)) yield* dnsLabel(request, claimPath.child('request'));
      const key = isBlank(request) ? name : `${name}/${request}`;
      const whole = isBlank(request) && [...names].some((other) => other.startsWith(`${name}/`));
      if (names.has(key) || whole) yield duplicate(claimPath, key);
      names.add(key);
    }
    if (claimNames.has(name)) continue;
    const known =
      claimNames.size === 0 ? ' which is empty' : `: ${[...claimNames].sort().join(', ')}`;
    const cause = notFound(claimPath, name);
    const detail = `must be one of the names in pod.spec.resourceClaims${known}`;
    yield { ...cause, message: `${cause.message ?? ''}: ${detail}` };
  }
}

function* validateConsistency(
  spec: PodSpec,
  resources: ResourceRequirements,
  path: FieldPath,
): Causes {
  for (const side of ['requests', 'limits'] as const) {
    for (const [name, sum] of sortedEntries(aggregateResources(spec, side))) {
      const whole = resources[side]?.[name];
      if (whole === undefined || (side === 'limits' && !isHugePages(name))) continue;
      if (compareQuantities(parseQuantity(sum), parseQuantity(whole)) <= 0) continue;
      const message = `must be greater than or equal to aggregate container ${side} of ${sum}`;
      yield invalidValue(path.child(side).key(name), whole, message);
    }
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of sortedEntries(container.resources?.limits)) {
      const whole = resources.limits?.[name];
      if (whole === undefined) continue;
      if (compareQuantities(parseQuantity(limit), parseQuantity(whole)) <= 0) continue;
      const limitPath = path.child('containers').index(i).key(name).child('limits');
      yield invalidValue(limitPath, limit, `must be less than or equal to pod limits of ${whole}`);
    }
  }
}
