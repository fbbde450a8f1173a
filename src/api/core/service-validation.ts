// Validation of services: type, ports, traffic. The rules of addresses are in a file of their own.
import type { Service, ServicePort, ServiceSpec, ServiceStatus } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import { validateDns1123Subdomain } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  isBlank,
  oneOf,
  portNumber,
  portNumberOrName,
  qualifiedName,
  requiredOneOf,
} from './field-rules.ts';
import { parseIp, validateCidr, validateEndpointIp, validateIp } from './ip-validation.ts';
import { labelName, validateMetadata, validateMetadataUpdate } from './object-meta-validation.ts';
import {
  validateAddressesUpdate,
  validateAllocation,
  validateClusterIps,
  validateFamiliesUpdate,
} from './service-address-validation.ts';
import { isExternallyAccessible, isHeadless, needsHealthCheck } from './service-defaults.ts';

const SPEC = fieldPath('spec');
const PORTS = SPEC.child('ports');
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ANNOTATIONS = fieldPath('metadata', 'annotations');
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const MAX_AFFINITY_SECONDS = 86400;
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

/** All rules of a new service. */
export function* validateService(service: Service): Causes {
  yield* validateMetadata(service.metadata, { namespaced: true, nameRule: labelName });
  yield* validateSpec(service);
}

/** The rules of a changed service. */
export function* validateServiceUpdate(service: Service, old: Service): Causes {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const first = validateAllocation(spec, oldSpec);
  if (first.length > 0) {
    yield* first;
    return;
  }
  yield* validateMetadataUpdate(service.metadata, old.metadata);
  yield* validateAddressesUpdate(spec, oldSpec);
  yield* validateFamiliesUpdate(spec, oldSpec);
  const path = SPEC.child('loadBalancerClass');
  if (spec.type === 'LoadBalancer' && oldSpec.type === 'LoadBalancer') {
    if (spec.loadBalancerClass !== oldSpec.loadBalancerClass) {
      yield invalidValue(path, spec.loadBalancerClass ?? null, 'may not change once set');
    }
  }
  yield* validateLoadBalancerClass(spec, path);
  const healthChecked = needsHealthCheck(spec) && needsHealthCheck(oldSpec);
  if (healthChecked && spec.healthCheckNodePort !== oldSpec.healthCheckNodePort) {
    yield forbidden(SPEC.child('healthCheckNodePort'), 'field is immutable');
  }
  yield* validateSpec(service, old);
}

function* validateSpec(service: Service, old?: Service): Causes {
  const spec = service.spec ?? {};
  yield* validateTopologyAnnotations(service.metadata.annotations);
  const ports = spec.ports ?? [];
  const headless = isHeadless(spec);
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') yield required(PORTS);
  yield* validateType(spec, headless);
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    yield* validatePort(port, PORTS.index(i), { names, nameRequired: ports.length > 1 });
  }
  yield* validateLabels(spec.selector, SPEC.child('selector'));
  yield* validateAffinity(spec);
  yield* validateClusterIps(spec, old?.spec);
  yield* validateExternalIps(spec.externalIPs ?? [], old?.spec?.externalIPs);
  yield* requiredOneOf(spec.type, SPEC.child('type'), TYPES);
  yield* validatePortNumbers(spec);
  yield* validateSourceRanges(service, old);
  yield* validateLoadBalancer(spec);
  yield* validateTraffic(spec);
}

function* validateType(spec: ServiceSpec, headless: boolean): Causes {
  const addresses = SPEC.child('clusterIPs');
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') {
    if (!headless) return;
    const message = `may not be set to 'None' for ${spec.type} services`;
    yield invalidValue(addresses.index(0), 'None', message);
  } else if (spec.type === 'ExternalName') {
    const message = 'may not be set for ExternalName services';
    if ((spec.clusterIPs ?? []).length > 0) yield forbidden(addresses, message);
    if ((spec.ipFamilies ?? []).length > 0) yield forbidden(SPEC.child('ipFamilies'), message);
    if (spec.ipFamilyPolicy !== undefined) yield forbidden(SPEC.child('ipFamilyPolicy'), message);
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    const namePath = SPEC.child('externalName');
    if (name === '') yield required(namePath);
    else yield* dnsSubdomain(name, namePath);
  }
}

function* validatePort(
  port: ServicePort,
  path: FieldPath,
  { names, nameRequired }: { names: Set<string>; nameRequired: boolean },
): Causes {
  const name = port.name ?? '';
  const namePath = path.child('name');
  if (name !== '') {
    yield* dnsLabel(name, namePath);
    if (names.has(name)) yield duplicate(namePath, name);
    names.add(name);
  } else if (nameRequired) yield required(namePath);
  yield* portNumber(port.port ?? 0, path.child('port'));
  yield* requiredOneOf(port.protocol, path.child('protocol'), PROTOCOLS);
  yield* portNumberOrName(port.targetPort, path.child('targetPort'));
  if (port.appProtocol !== undefined) {
    yield* qualifiedName(port.appProtocol, path.child('appProtocol'));
  }
}

function* validateAffinity(spec: ServiceSpec): Causes {
  const affinity = spec.sessionAffinity;
  const configPath = SPEC.child('sessionAffinityConfig');
  yield* requiredOneOf(affinity, SPEC.child('sessionAffinity'), ['ClientIP', 'None']);
  if (affinity === 'None' && spec.sessionAffinityConfig !== undefined) {
    yield forbidden(configPath, 'must not be set when session affinity is None');
  }
  if (affinity !== 'ClientIP') return;
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const secondsPath = configPath.child('clientIP', 'timeoutSeconds');
  if (seconds === undefined) {
    yield required(secondsPath, 'when session affinity type is ClientIP');
  } else if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    const message = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
    yield invalidValue(secondsPath, seconds, message);
  }
}

function* validateExternalIps(ips: readonly string[], known: readonly string[] = []): Causes {
  for (const [i, ip] of ips.entries()) {
    const path = SPEC.child('externalIPs').index(i);
    const causes = [...validateIp(ip, path, known)];
    if (causes.length > 0) yield* causes;
    else yield* validateEndpointIp(ip, path);
  }
}

/** Node ports have their place, and no port number occurs twice. */
function* validatePortNumbers(spec: ServiceSpec): Causes {
  const ports = spec.ports ?? [];
  for (const [i, { nodePort = 0 }] of ports.entries()) {
    if (spec.type !== 'ClusterIP' || nodePort === 0) continue;
    const message = "may not be used when `type` is 'ClusterIP'";
    yield forbidden(PORTS.index(i).child('nodePort'), message);
  }
  const nodePorts = new Set<string>();
  for (const [i, { nodePort = 0, protocol = '' }] of ports.entries()) {
    const key = `${protocol} ${nodePort}`;
    if (nodePort === 0) continue;
    if (nodePorts.has(key)) yield duplicate(PORTS.index(i).child('nodePort'), nodePort);
    nodePorts.add(key);
  }
  const numbers = new Set<string>();
  for (const [i, { port, protocol = '' }] of ports.entries()) {
    const key = `${protocol} ${port}`;
    if (numbers.has(key)) yield duplicate(PORTS.index(i), internalPort(protocol, port));
    numbers.add(key);
  }
}

/** Messages show upstream's internal form of a port. */
function internalPort(protocol: string, port: number): object {
  const TargetPort = 0;
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort, NodePort: 0 };
}

/** Two annotations of which one is the old name of the other. */
function* validateTopologyAnnotations(annotations: Record<string, string> | undefined): Causes {
  const mode = annotations?.[TOPOLOGY_MODE];
  const hints = annotations?.[TOPOLOGY_HINTS];
  if (mode === undefined || hints === undefined || mode === hints) return;
  const message = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  yield invalidValue(ANNOTATIONS.key(TOPOLOGY_MODE), mode, message);
}

function* validateSourceRanges({ metadata, spec = {} }: Service, old?: Service): Causes {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length === 0) {
    const before = old?.metadata.annotations?.[SOURCE_RANGES];
    yield* validateAnnotatedRanges(metadata.annotations?.[SOURCE_RANGES], before, spec.type);
    return;
  }
  const path = SPEC.child('LoadBalancerSourceRanges');
  if (spec.type !== 'LoadBalancer') yield forbidden(path, ONLY_LOAD_BALANCER);
  const known = (old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
  for (const [i, range] of ranges.entries()) {
    yield* validateCidr(range.trim(), path.index(i), known);
  }
}

function* validateAnnotatedRanges(
  text: string | undefined,
  before: string | undefined,
  type: string | undefined,
): Causes {
  if (text === undefined) return;
  const path = ANNOTATIONS.key(SOURCE_RANGES);
  if (type !== 'LoadBalancer') yield forbidden(path, ONLY_LOAD_BALANCER);
  if (text === before || text.trim() === '') return;
  for (const range of text.split(',')) yield* validateCidr(range.trim(), path);
}

function* validateLoadBalancer(spec: ServiceSpec): Causes {
  const allocate = spec.allocateLoadBalancerNodePorts;
  if (allocate !== undefined && spec.type !== 'LoadBalancer') {
    yield forbidden(SPEC.child('allocateLoadBalancerNodePorts'), ONLY_LOAD_BALANCER);
  }
  if (allocate === undefined && spec.type === 'LoadBalancer') {
    yield required(fieldPath('allocateLoadBalancerNodePorts'));
  }
  yield* validateLoadBalancerClass(spec, SPEC.child('loadBalancerClass'));
}

function* validateLoadBalancerClass(spec: ServiceSpec, path: FieldPath): Causes {
  if (spec.loadBalancerClass === undefined) return;
  if (spec.type === 'LoadBalancer') yield* qualifiedName(spec.loadBalancerClass, path);
  else yield forbidden(path, ONLY_LOAD_BALANCER);
}

function* validateTraffic(spec: ServiceSpec): Causes {
  const external = spec.externalTrafficPolicy;
  const externalPath = SPEC.child('externalTrafficPolicy');
  if (isExternallyAccessible(spec)) {
    yield* requiredOneOf(external, externalPath, ['Cluster', 'Local']);
  } else if (!isBlank(external)) {
    const message = 'may only be set for externally-accessible services';
    yield invalidValue(externalPath, external, message);
  }
  yield* validateHealthCheck(spec);
  const internal = spec.internalTrafficPolicy;
  const internalPath = SPEC.child('internalTrafficPolicy');
  const typed = ['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type ?? '');
  if (internal === undefined && typed) yield required(internalPath);
  yield* oneOf(internal, internalPath, ['Cluster', 'Local']);
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  yield* oneOf(spec.trafficDistribution, SPEC.child('trafficDistribution'), distributions);
}

/** The server allocates the port of health checks, so an absent one is no error here. */
function* validateHealthCheck(spec: ServiceSpec): Causes {
  const port = spec.healthCheckNodePort ?? 0;
  if (port === 0) return;
  const path = SPEC.child('healthCheckNodePort');
  if (needsHealthCheck(spec)) yield* portNumber(port, path);
  else {
    const when = "`type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    yield invalidValue(path, port, `may only be set when ${when}`);
  }
}

/** The status subresource: what the load balancer says. */
export function* validateServiceStatus(service: Service, old: Service): Causes {
  yield* validateMetadataUpdate(service.metadata, old.metadata);
  const path = fieldPath('status', 'loadBalancer', 'ingress');
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (service.spec?.type !== 'LoadBalancer') {
    const message = "may only be used when `spec.type` is 'LoadBalancer'";
    if (ingress.length > 0) yield forbidden(path, message);
    return;
  }
  const known = (old.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
  for (const [i, entry] of ingress.entries()) yield* validateIngress(entry, path.index(i), known);
}

type Ingress = NonNullable<NonNullable<ServiceStatus['loadBalancer']>['ingress']>[number];

function* validateIngress(
  { ip = '', ipMode, hostname = '' }: Ingress,
  path: FieldPath,
  known: readonly string[],
): Causes {
  const modePath = path.child('ipMode');
  if (ip !== '') yield* validateIp(ip, path.child('ip'), known);
  if (ipMode === undefined) {
    if (ip !== '') yield required(modePath, 'must be specified when `ip` is set');
  } else if (ip === '') yield forbidden(modePath, 'may not be specified when `ip` is not set');
  else if (ipMode !== 'Proxy' && ipMode !== 'VIP') {
    yield notSupported(modePath, ipMode, ['Proxy', 'VIP']);
  }
  if (hostname === '') return;
  const hostPath = path.child('hostname');
  yield* invalidForEach(hostPath, hostname, validateDns1123Subdomain(hostname));
  if (parseIp(hostname) !== undefined) {
    yield invalidValue(hostPath, hostname, 'must be a DNS name, not an IP address');
  }
}
