// References from a pod to its own fields and resources.
import type { ObjectFieldSelector, ResourceFieldSelector } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, qualifiedName } from './field-rules.ts';

/** Everything upstream can convert; what a place supports is narrower. */
const KNOWN_FIELDS = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);
const RESOURCES: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const CPU_DIVISORS = new Set(['1m', '1']);
const BYTE_UNITS = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
const BYTE_DIVISORS = new Set(BYTE_UNITS.split(', '));
const HUGE_PAGES = /^(requests|limits)\.hugepages-/;

/** A `fieldRef`; `supported` lists the fields of this place, sorted. */
export function* validateFieldRef(
  reference: ObjectFieldSelector,
  path: FieldPath,
  supported: readonly string[],
): Causes {
  const { apiVersion, fieldPath: field } = reference;
  if (isBlank(apiVersion)) yield required(path.child('apiVersion'));
  else if (isBlank(field)) yield required(path.child('fieldPath'));
  else yield* validateFieldPath({ apiVersion, field, supported }, path);
}

function* validateFieldPath(
  reference: { apiVersion: string; field: string; supported: readonly string[] },
  path: FieldPath,
): Causes {
  const { apiVersion, supported } = reference;
  const field = reference.field === 'spec.host' ? 'spec.nodeName' : reference.field;
  const failure = (message: string) =>
    invalidValue(
      path.child('fieldPath'),
      reference.field,
      `error converting fieldPath: ${message}`,
    );
  const subscripted = /^(.+)\['(.*)'\]$/.exec(field);
  const [, base = '', key = ''] = subscripted ?? [];
  if (apiVersion !== 'v1') yield failure(`unsupported pod version: ${apiVersion}`);
  else if (subscripted) {
    if (base === 'metadata.annotations') yield* qualifiedName(key.toLowerCase(), path);
    else if (base === 'metadata.labels') yield* qualifiedName(key, path);
    else yield failure(`field label does not support subscript: ${field}`);
  } else if (!KNOWN_FIELDS.has(field)) yield failure(`field label not supported: ${field}`);
  else if (!supported.includes(field)) {
    yield notSupported(path.child('fieldPath'), field, supported);
  }
}

/** A `resourceFieldRef`; in a volume the container must be named. */
export function* validateResourceFieldRef(
  reference: ResourceFieldSelector,
  path: FieldPath,
  inVolume: boolean,
): Causes {
  const resource = reference.resource ?? '';
  if (inVolume && isBlank(reference.containerName)) yield required(path.child('containerName'));
  else if (resource === '') yield required(path.child('resource'));
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) {
    yield notSupported(path.child('resource'), resource, RESOURCES);
  }
  const divisor = reference.divisor ?? '0';
  if (quantitySign(parseQuantity(divisor)) === 0) return;
  const [name, units, allowed] = divisorRule(resource);
  if (name === '' || allowed.has(divisor)) return;
  const message = `only divisor's values ${units} are supported with the ${name} resource`;
  yield invalidValue(path.child('divisor'), resource, message);
}

function divisorRule(resource: string): [name: string, units: string, allowed: Set<string>] {
  if (resource.endsWith('.cpu')) return ['cpu', '1m and 1', CPU_DIVISORS];
  if (resource.endsWith('.memory')) return ['memory', BYTE_UNITS, BYTE_DIVISORS];
  if (resource.endsWith('.ephemeral-storage')) {
    return ['local ephemeral storage', BYTE_UNITS, BYTE_DIVISORS];
  }
  if (HUGE_PAGES.test(resource)) return ['hugepages', BYTE_UNITS, BYTE_DIVISORS];
  return ['', '', BYTE_DIVISORS];
}
