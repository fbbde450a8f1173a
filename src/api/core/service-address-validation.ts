// The cluster IPs and IP families of services, and what may change in them.
import type { ServiceSpec, StatusCause } from '../generated/types.ts';
import {
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { Causes } from './field-rules.ts';
import { isDualStack, isIpv6, validateIp } from './ip-validation.ts';
import { isHeadless } from './service-defaults.ts';

const ADDRESSES = fieldPath('spec', 'clusterIPs');
const FAMILIES = fieldPath('spec', 'ipFamilies');
const POLICY = fieldPath('spec', 'ipFamilyPolicy');
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const PREFER = 'PreferDualStack';
const SINGLE = 'SingleStack';
const ONCE = 'may not change once set';

/**
 * What keeps addresses from being allocated, on a cluster with IPv4 alone. These faults come before
 * all others: where there are any, nothing else is looked at.
 */
export function validateAllocation(spec: ServiceSpec, old?: ServiceSpec): StatusCause[] {
  if (spec.type === 'ExternalName' || keepsPreferredFamilies(spec, old)) return [];
  for (const check of [validateClusterIps, validatePolicyFits, validateConfigured]) {
    const causes = [...check(spec, old)];
    if (causes.length > 0) return causes;
  }
  return [];
}

/** A service that prefers both families is left as it is while nothing of it changes. */
function keepsPreferredFamilies(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  const policies = [spec.ipFamilyPolicy, old?.ipFamilyPolicy ?? PREFER];
  return (
    old?.type === spec.type &&
    policies.every((policy) => policy === PREFER) &&
    semanticEqual(spec.clusterIPs, old?.clusterIPs) &&
    semanticEqual(spec.ipFamilies, old?.ipFamilies)
  );
}

/** The policy against the addresses and families that are given. */
function* validatePolicyFits(spec: ServiceSpec, old?: ServiceSpec): Causes {
  const { ipFamilyPolicy, clusterIPs = [], ipFamilies = [] } = spec;
  const lists = [
    [clusterIPs, old?.clusterIPs ?? [], 'cluster IP'],
    [ipFamilies, old?.ipFamilies ?? [], 'IP family'],
  ] as const;
  for (const [list, before, what] of ipFamilyPolicy === SINGLE ? [] : lists) {
    if (list.length === 0 || list.length >= before.length) continue;
    const message = `must be 'SingleStack' to release the secondary ${what}`;
    yield invalidValue(POLICY, ipFamilyPolicy ?? null, message);
  }
  if (ipFamilyPolicy === SINGLE) {
    const need = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (clusterIPs.length === 2) {
      yield invalidValue(POLICY, ipFamilyPolicy, `${need} cluster IPs are specified`);
    }
    if (ipFamilies.length === 2) {
      yield invalidValue(POLICY, ipFamilyPolicy, `${need} IP families are specified`);
    }
  }
  for (const [i, ip] of clusterIPs.entries()) {
    if (ip === 'None') return;
    if (i < ipFamilies.length || !isIpv6(ip)) continue;
    yield invalidValue(ADDRESSES.index(i), clusterIPs, 'IPv6 is not configured on this cluster');
  }
}

/** Both families, and IPv6 alone, are not to be had here but for addresses of others. */
function* validateConfigured(spec: ServiceSpec): Causes {
  const { ipFamilyPolicy, ipFamilies = [], selector = {} } = spec;
  if (spec.clusterIP === 'None' && Object.keys(selector).length === 0) return;
  if (ipFamilyPolicy === 'RequireDualStack') {
    const message = 'this cluster is not configured for dual-stack services';
    yield invalidValue(POLICY, ipFamilyPolicy, message);
  }
  for (const [i, family] of ipFamilies.entries()) {
    if (family === 'IPv4') continue;
    yield invalidValue(FAMILIES.index(i), family, 'not configured on this cluster');
  }
}

/** Addresses agree with each other and with the families. */
export function* validateClusterIps(spec: ServiceSpec, old?: ServiceSpec): Causes {
  if (spec.type === 'ExternalName') return;
  const list = spec.clusterIPs ?? [];
  yield* validateFirst(spec.clusterIP ?? '', list);
  yield* validateFamilies(spec);
  let bad = false;
  for (const [i, ip] of list.entries()) {
    if (i === 0 && ip === 'None') {
      if (list.length > 1) {
        bad = true;
        yield invalidValue(ADDRESSES, list, "'None' must be the first and only value");
      }
      continue;
    }
    const causes = [...validateIp(ip, ADDRESSES.index(i), old?.clusterIPs)];
    bad ||= causes.length > 0;
    yield* causes;
  }
  if (list.length > 2) yield invalidValue(ADDRESSES, list, 'may only hold up to 2 values');
  if (bad) return;
  if (list.length > 1 && !isDualStack(list)) {
    yield invalidValue(ADDRESSES, list, 'may specify no more than one IP for each IP family');
  }
  if (!isHeadless(spec)) yield* validateFamilyOfEach(list, spec.ipFamilies ?? []);
}

function* validateFirst(first: string, list: readonly string[]): Causes {
  if (first === '') {
    const message = 'must be empty when `clusterIP` is not specified';
    if (list.length > 0) yield invalidValue(ADDRESSES, list, message);
  } else if (list.length === 0) yield required(ADDRESSES);
  else if (list[0] !== first) {
    yield invalidValue(ADDRESSES, list, 'first value must match `clusterIP`');
  }
}

function* validateFamilies({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec): Causes {
  for (const [i, family] of ipFamilies.entries()) {
    const path = FAMILIES.index(i);
    if (family !== 'IPv4' && family !== 'IPv6') yield notSupported(path, family, ['IPv4', 'IPv6']);
    if (ipFamilies.indexOf(family) < i) yield duplicate(path, family);
  }
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(ipFamilyPolicy)) {
    yield notSupported(POLICY, ipFamilyPolicy, POLICIES);
  }
}

function* validateFamilyOfEach(list: readonly string[], families: readonly string[]): Causes {
  for (const [i, ip] of list.entries()) {
    const family = families[i];
    if (family === undefined) return;
    if ((family === 'IPv6') === isIpv6(ip)) continue;
    const message = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    yield invalidValue(ADDRESSES.index(i), ip, message);
  }
}

/** Addresses stay; a second one may come and go. */
export function* validateAddressesUpdate(spec: ServiceSpec, old: ServiceSpec): Causes {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return;
  if (isHeadless(spec) && isHeadless(old)) return;
  const list = spec.clusterIPs ?? [];
  const before = old.clusterIPs ?? [];
  if (list.length === before.length) {
    for (const [i, ip] of before.entries()) {
      if (ip !== list[i]) yield invalidValue(ADDRESSES.index(i), list, ONCE);
    }
    return;
  }
  if (list.length === 0) {
    yield invalidValue(ADDRESSES.index(0), list, 'primary clusterIP can not be unset');
  } else if (before.length > 0 && list[0] !== before[0]) {
    yield invalidValue(ADDRESSES.index(0), list, ONCE);
  }
  if (before.length > 1 && list.length === 1) yield* releasing(spec, 'clusterIP');
}

function* releasing(spec: ServiceSpec, what: string): Causes {
  if (spec.ipFamilyPolicy === 'SingleStack') return;
  const message = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  yield invalidValue(POLICY, spec.ipFamilyPolicy ?? null, message);
}

/** So do families. */
export function* validateFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec): Causes {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return;
  if (isHeadless(spec) || isHeadless(old)) return;
  const list = spec.ipFamilies ?? [];
  const before = old.ipFamilies ?? [];
  const first = FAMILIES.index(0);
  if (list.length === before.length) {
    for (const [i, family] of before.entries()) {
      if (family !== list[i]) yield invalidValue(first, list, ONCE);
    }
    return;
  }
  if (list.length < before.length && (spec.clusterIPs ?? []).length === 0) {
    yield invalidValue(first, list, 'primary ipFamily can not be unset');
  }
  if (list.length > 0 && before.length > 0 && list[0] !== before[0]) {
    yield invalidValue(first, spec.clusterIPs ?? null, ONCE);
  }
  if (before.length > 1 && list.length === 1) yield* releasing(spec, 'ipFamily');
}
