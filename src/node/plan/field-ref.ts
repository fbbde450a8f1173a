// Values of `fieldRef` and `resourceFieldRef`: what a pod may know about itself.
import type { Container, Pod, ResourceFieldSelector } from '../../api/generated/types.ts';
import { parseQuantity } from '../../api/meta/quantity.ts';

/** What the pod's own object does not (yet) say. */
export interface PodFacts {
  readonly podIP: string;
  readonly hostIP: string;
  /** The node's allocatable resources: limits of containers without limits. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Labels or annotations in the form of downward API files: sorted `key="value"` lines. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.*)'\]$/;

/** The value of a field path; undefined if there is no such field. */
export function fieldValue(pod: Pod, fieldPath: string, facts: PodFacts): string | undefined {
  const subscript = SUBSCRIPT.exec(fieldPath);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  const values: Record<string, () => string> = {
    'metadata.name': () => pod.metadata.name ?? '',
    'metadata.namespace': () => pod.metadata.namespace ?? '',
    'metadata.uid': () => pod.metadata.uid ?? '',
    'metadata.labels': () => formatMap(pod.metadata.labels),
    'metadata.annotations': () => formatMap(pod.metadata.annotations),
    'spec.nodeName': () => pod.spec?.nodeName ?? '',
    'spec.serviceAccountName': () => pod.spec?.serviceAccountName ?? '',
    'status.podIP': () => facts.podIP,
    'status.podIPs': () => facts.podIP,
    'status.hostIP': () => facts.hostIP,
    'status.hostIPs': () => facts.hostIP,
  };
  return values[fieldPath]?.();
}

/** A quantity as an exact fraction, so that huge and tiny divisors divide alike. */
function fraction(text: string): { numerator: bigint; denominator: bigint } {
  const { mantissa, exponent } = parseQuantity(text);
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent >= 0
    ? { numerator: mantissa * power, denominator: 1n }
    : { numerator: mantissa, denominator: power };
}

/** `value` in units of `divisor`, rounded up. */
function divide(value: string, divisor: string): string {
  const a = fraction(value);
  const b = fraction(divisor);
  const numerator = a.numerator * b.denominator;
  const denominator = a.denominator * b.numerator;
  if (denominator === 0n) return divide(value, '1');
  return ((numerator + denominator - 1n) / denominator).toString();
}

/**
 * `limits.memory` and the like of a container in units of the divisor; undefined for unknown
 * resources.
 */
export function resourceValue(
  container: Container,
  { resource, divisor }: ResourceFieldSelector,
  facts: PodFacts,
): string | undefined {
  const [list, ...rest] = resource.split('.');
  const name = rest.join('.');
  if (name === '' || (list !== 'limits' && list !== 'requests')) return undefined;
  const { limits, requests } = container.resources ?? {};
  const value = list === 'limits' ? (limits?.[name] ?? facts.allocatable[name]) : requests?.[name];
  const unit = divisor === undefined || divisor === '0' ? '1' : divisor;
  return divide(value ?? '0', unit);
}
