// Warnings about services: fields without effect, old names, odd forms of addresses.
import type { Service, ServiceSpec } from '../generated/types.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { isBlank } from './field-rules.ts';
import { cidrWarnings, ipWarnings } from './ip-warnings.ts';

const SPEC = fieldPath('spec');
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

/** Warnings about a new or changed service. */
export function* serviceWarnings({ metadata, spec = {} }: Service): Iterable<string> {
  if (metadata.annotations?.[HINTS] !== undefined) {
    yield `annotation ${HINTS} is deprecated, please use ${MODE} instead`;
  }
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  for (const [i, ip] of (headless ? [] : (spec.clusterIPs ?? [])).entries()) {
    yield* ipWarnings(ip, SPEC.child('clusterIPs').index(i));
  }
  if (headless) yield* headlessWarnings(spec);
  yield* addressWarnings(spec, headless);
  if (spec.type === 'ExternalName' && (spec.externalIPs ?? []).length > 0) {
    yield 'spec.externalIPs is ignored when spec.type is "ExternalName"';
  }
  if (spec.type !== 'ExternalName' && !isBlank(spec.externalName)) {
    yield 'spec.externalName is ignored when spec.type is not "ExternalName"';
  }
  if (spec.trafficDistribution === 'PreferClose') {
    yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"';
  }
}

function* headlessWarnings(spec: ServiceSpec): Iterable<string> {
  if (!isBlank(spec.loadBalancerIP)) yield 'spec.loadBalancerIP is ignored for headless services';
  if ((spec.externalIPs ?? []).length > 0) {
    yield 'spec.externalIPs is ignored for headless services';
  }
  if (spec.sessionAffinity !== 'None')
    yield 'spec.SessionAffinity is ignored for headless services';
}

function* addressWarnings(spec: ServiceSpec, headless: boolean): Iterable<string> {
  const { externalIPs = [], loadBalancerIP, loadBalancerSourceRanges = [] } = spec;
  for (const [i, ip] of externalIPs.entries()) {
    yield* ipWarnings(ip, SPEC.child('externalIPs').index(i));
  }
  if (externalIPs.length > 0 && !headless && spec.type !== 'ExternalName') {
    yield 'spec.externalIPs is deprecated and may no longer be implemented in some clusters';
  }
  if (!isBlank(loadBalancerIP)) yield* ipWarnings(loadBalancerIP, SPEC.child('loadBalancerIP'));
  for (const [i, range] of loadBalancerSourceRanges.entries()) {
    yield* cidrWarnings(range, SPEC.child('loadBalancerSourceRanges').index(i));
  }
}
