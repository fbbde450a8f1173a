// Warnings about addresses and ranges that are valid but not in the form everyone expects.
import { fieldPath, type FieldPath } from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { canonicalIp, isIpv6, parseIp } from './ip-validation.ts';

type Warnings = Iterable<string>;

/** Warnings about the address at `path`; nothing for what is no address. */
export function* ipWarnings(text: string | undefined, path: FieldPath): Warnings {
  if (text === undefined || parseIp(text) === undefined) return;
  const canonical = canonicalIp(text);
  if (text === canonical) return;
  const place = path.toString();
  if (isIpv6(text)) {
    const form = `should be in RFC 5952 canonical format (${goQuote(canonical)})`;
    yield `${place}: IPv6 address ${goQuote(text)} ${form}`;
  } else {
    const advice = `is invalid: use ${goQuote(canonical)}`;
    yield `${place}: non-standard IP address ${goQuote(text)} ${advice}`;
  }
}

/** Warnings about the addresses of a load balancer in the status of a kind. */
export function loadBalancerWarnings(
  ingress: readonly { readonly ip?: string | undefined }[] | undefined,
): string[] {
  const path = fieldPath('status', 'loadBalancer', 'ingress');
  return (ingress ?? []).flatMap(({ ip }, index) => [...ipWarnings(ip, path.index(index))]);
}

/** Warnings about the range at `path`, which is valid. */
export function* cidrWarnings(text: string, path: FieldPath): Warnings {
  const [ip = '', size = ''] = text.split('/');
  const canonical = `${canonicalIp(ip)}/${size}`;
  if (!isIpv6(ip) || text === canonical) return;
  const form = `should be in RFC 5952 canonical format (${goQuote(canonical)})`;
  yield `${path.toString()}: IPv6 CIDR value ${goQuote(text)} ${form}`;
}
