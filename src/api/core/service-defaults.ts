// Defaults of services, and the normal form of fields that depend on the type (API-923).
import type { Service, ServiceSpec } from '../generated/types.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { isBlank } from './field-rules.ts';

/** Upstream's default of a ClientIP affinity: three hours. */
const AFFINITY_SECONDS = 10800;

/** Fills the defaults of a service in place; addresses are allocated by the server. */
export function serviceDefaults(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  defaultAffinity(spec);
  if (isBlank(spec.type)) spec.type = 'ClusterIP';
  for (const port of spec.ports ?? []) {
    if (isBlank(port.protocol)) port.protocol = 'TCP';
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec) && isBlank(spec.externalTrafficPolicy)) {
    spec.externalTrafficPolicy = 'Cluster';
  }
  if (['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type)) {
    spec.internalTrafficPolicy ??= 'Cluster';
  }
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) {
    if (!isBlank(ingress.ip)) ingress.ipMode ??= 'VIP';
  }
}

function defaultAffinity(spec: ServiceSpec): void {
  if (isBlank(spec.sessionAffinity)) spec.sessionAffinity = 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  }
}

/** Reachable from outside the cluster: by node port, load balancer or external address. */
export function isExternallyAccessible(spec: ServiceSpec): boolean {
  return (
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)
  );
}

/** A load balancer that keeps to local endpoints needs a port for health checks. */
export function needsHealthCheck(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** True for the headless service, whose only address is `None`. */
export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
}

/** The families of a new service on a cluster that has only IPv4. */
export function defaultIpFamilies(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  // Headless services without selector name addresses of others, so of both families.
  const isForeign = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= isForeign ? 'RequireDualStack' : 'SingleStack';
  // An IPv6 address tells no family here: validation says why.
  const [first = ''] = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  if (families.length === 0 && !first.includes(':')) spec.ipFamilies = ['IPv4'];
  if (!isForeign || spec.ipFamilyPolicy === 'SingleStack' || families.length > 1) return;
  spec.ipFamilies = families[0] === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
}

/** `clusterIP` is the first of `clusterIPs`: completes what an older client leaves out. */
export function normalizeClusterIps(spec: ServiceSpec, old?: ServiceSpec): void {
  const first = spec.clusterIP ?? '';
  if (old === undefined) {
    if (first !== '' && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [first];
    return;
  }
  const oldFirst = old.clusterIP ?? '';
  const oldList = old.clusterIPs ?? [];
  if (first === oldFirst) {
    if (oldList.length > 0 && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [...oldList];
  } else if (semanticEqual(spec.clusterIPs, oldList)) {
    if (first === '' && oldFirst !== '') delete spec.clusterIPs;
    else spec.clusterIPs = [first];
  }
}

/**
 * For an update: what the client left out and must not lose (addresses, node ports) is taken from
 * the stored service; what the new type cannot have, and the client only sent back, is dropped.
 */
export function carryOverServiceFields(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(spec) && needsClusterIp(old)) keepAddresses(spec, old);
  if (needsNodePorts(spec) && needsNodePorts(old)) keepNodePorts(spec, old);
  if (needsHealthCheck(spec) && needsHealthCheck(old)) {
    spec.healthCheckNodePort ||= old.healthCheckNodePort;
  }
  dropTypeDependentFields(spec, old);
}

function keepAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (isBlank(spec.clusterIP) && old.clusterIP !== undefined) spec.clusterIP = old.clusterIP;
  for (const field of ['clusterIPs', 'ipFamilies'] as const) {
    const list = old[field];
    if ((spec[field] ?? []).length === 0 && list !== undefined) spec[field] = [...list];
  }
  if (old.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
}

function needsClusterIp(spec: ServiceSpec): boolean {
  return spec.type !== 'ExternalName';
}

function needsNodePorts(spec: ServiceSpec): boolean {
  return (
    spec.type === 'NodePort' ||
    (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  );
}

/** A port without a node port gets that of the stored port of its name, unless it is in use. */
function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const used = new Set(spec.ports?.map((port) => port.nodePort));
  const known = new Map(old.ports?.map((port) => [port.name ?? '', port.nodePort]));
  for (const port of spec.ports ?? []) {
    const nodePort = known.get(port.name ?? '');
    if ((port.nodePort ?? 0) === 0 && nodePort !== undefined && !used.has(nodePort)) {
      port.nodePort = nodePort;
    }
  }
}

function dropTypeDependentFields(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (sameAddresses(spec, old)) {
      for (const field of ['clusterIP', 'clusterIPs'] as const) delete spec[field];
    }
    for (const field of ['ipFamilies', 'ipFamilyPolicy'] as const) {
      if (semanticEqual(spec[field], old[field])) delete spec[field];
    }
  }
  if (needsNodePorts(old) && !needsNodePorts(spec) && sameNodePorts(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(spec)) {
    if (spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
      if (spec[field] === old[field]) delete spec[field];
    }
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) {
    if (spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
}

function sameAddresses(spec: ServiceSpec, old: ServiceSpec): boolean {
  return spec.clusterIP === old.clusterIP && semanticEqual(spec.clusterIPs, old.clusterIPs);
}

/** True when every node port sent is one the service had, so it was only sent back. */
function sameNodePorts(spec: ServiceSpec, old: ServiceSpec): boolean {
  const had = new Set(old.ports?.map((port) => port.nodePort ?? 0));
  return (spec.ports ?? []).every(
    (port) => (port.nodePort ?? 0) === 0 || had.has(port.nodePort ?? 0),
  );
}
