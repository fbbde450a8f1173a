// Cluster addresses and node ports of Services. What is in use is read from the stored Services
// themselves; only addresses of writes under way are kept apart, so that two of them can't meet.
import type { Service, ServiceSpec } from '../../api/generated/types.ts';
import { fieldPath, invalidValue } from '../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { internalError, invalid } from '../../api/meta/status-error.ts';
import { validateAllocation } from '../../api/core/service-address-validation.ts';
import { services } from '../../api/resources.ts';
import type { Random } from '../../base/random.ts';
import type { Store } from '../../storage/store.ts';
import type { ResourceRequest } from '../handlers/handler-context.ts';
import { formatAddress, parseAddress, parseRange } from './ip-range.ts';
import type { IpRange } from './ip-range.ts';
import { listObjects } from './object-store.ts';

export interface Allocation {
  /** To be called once the write has ended, however it ended. */
  settle(): void;
}

export interface ServiceAllocator {
  /**
   * Fills the addresses and ports of a Service; does nothing for other kinds. Throws 422 and 500.
   */
  allocate(
    target: ResourceRequest,
    object: KubernetesObject,
    old: KubernetesObject | undefined,
  ): Allocation;
}

export interface ServiceAllocatorOptions {
  readonly store: Store;
  readonly random: Random;
  /** `10.96.0.0/12`. */
  readonly clusterIpRange: string;
}

const NODE_PORT_MIN = 30_000;
const NODE_PORT_MAX = 32_767;
/** Host numbers given only to who asks for them: the API server and the DNS server. */
const RESERVED_HOSTS: readonly number[] = [1, 10];
const TRIES = 10_000;
const NOTHING: Allocation = { settle: () => {} };

export function createServiceAllocator(options: ServiceAllocatorOptions): ServiceAllocator {
  const underWay = new Set<string>();
  const range = parseRange(options.clusterIpRange);
  return {
    allocate(target, object, old) {
      if (target.resource !== services || target.info.subresource !== '') return NOTHING;
      const taken: string[] = [];
      const settle = () => taken.forEach((value) => underWay.delete(value));
      const used = usedValues(options.store, { underWay, self: old as Service | undefined });
      const take = (value: string) => {
        used.add(value);
        underWay.add(value);
        taken.push(value);
      };
      try {
        fill(object as Service, old as Service | undefined, { ...options, range, used, take });
        return { settle };
      } catch (error) {
        settle();
        throw error;
      }
    },
  };
}

interface Pool {
  readonly random: Random;
  readonly range: IpRange;
  readonly used: ReadonlySet<string>;
  readonly take: (value: string) => void;
}

function usedValues(
  store: Store,
  { underWay, self }: { underWay: ReadonlySet<string>; self: Service | undefined },
): Set<string> {
  const used = new Set(underWay);
  for (const { metadata, spec } of listObjects<Service>(store, services, '')) {
    if (!spec || (self !== undefined && metadata.uid === self.metadata.uid)) continue;
    for (const value of valuesOf(spec)) used.add(value);
  }
  return used;
}

function valuesOf({ clusterIPs = [], ports = [], healthCheckNodePort }: ServiceSpec): string[] {
  const numbers = [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort];
  return [...clusterIPs, ...numbers.filter((port) => port !== undefined && port > 0).map(portKey)];
}

function portKey(port: number | undefined): string {
  return `port ${port}`;
}

function fill(service: Service, old: Service | undefined, pool: Pool): void {
  const { spec } = service;
  if (!spec || spec.type === 'ExternalName') return;
  const causes = old ? [] : validateAllocation(spec);
  if (causes.length > 0) throw invalid(SERVICE_KIND, service.metadata.name ?? '', causes);
  fillClusterIp(service, old, pool);
  const wantsPorts =
    spec.type === 'NodePort' ||
    (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    if (old) changeNodePorts(service, old, { ...pool, wantsPorts });
    else fillNodePorts(service, { ...pool, wantsPorts });
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    fillHealthCheckPort(spec, old?.spec, pool);
  }
}

/** An asked port that cannot be had is upstream's internal error. */
function fillHealthCheckPort(spec: ServiceSpec, old: ServiceSpec | undefined, pool: Pool): void {
  const asked = spec.healthCheckNodePort ?? 0;
  if (asked === 0) spec.healthCheckNodePort = freePort(pool);
  else if (asked !== old?.healthCheckNodePort) {
    const why = whyNotPort(asked, pool);
    const failed = `failed to allocate requested HealthCheck NodePort ${asked}`;
    if (why !== undefined) throw internalError(`${failed}: ${why}`);
    pool.take(portKey(asked));
  }
}

function fillClusterIp({ metadata, spec }: Service, old: Service | undefined, pool: Pool): void {
  if (!spec) return;
  const asked = spec.clusterIP ?? spec.clusterIPs?.[0] ?? '';
  if (asked === 'None') {
    spec.clusterIP = 'None';
    spec.clusterIPs = ['None'];
    return;
  }
  const kept = asked !== '' && old?.spec?.clusterIPs?.includes(asked) === true;
  const address = asked === '' ? freeAddress(pool) : asked;
  const why = asked === '' || kept ? undefined : whyNotAddress(asked, pool);
  if (why !== undefined) {
    const path = fieldPath('spec').child('clusterIPs');
    const detail = `failed to allocate IP ${asked}: ${why}`;
    throw invalid(SERVICE_KIND, metadata.name ?? '', [invalidValue(path, [asked], detail)]);
  }
  if (!kept) pool.take(address);
  spec.clusterIP = address;
  spec.clusterIPs ??= [address];
}

const SERVICE_KIND = { group: '', kind: 'Service' };

function whyNotAddress(text: string, { range, used }: Pool): string | undefined {
  const address = parseAddress(text);
  const host = address === undefined ? -1 : address - range.base;
  if (host <= 0 || host >= range.size - 1) {
    const valid = `The range of valid IPs is ${range.text}`;
    return `the provided IP (${text}) is not in the valid range. ${valid}`;
  }
  return used.has(text) ? 'provided IP is already allocated' : undefined;
}

function freeAddress({ random, range, used }: Pool): string {
  for (let tries = 0; tries < TRIES; tries++) {
    const host = 1 + random.integer(range.size - 2);
    const address = formatAddress(range.base + host);
    if (!RESERVED_HOSTS.includes(host) && !used.has(address)) return address;
  }
  throw internalError('failed to allocate a serviceIP: range is full');
}

type PortPool = Pool & { readonly wantsPorts: boolean };

/** For a new service: ports of one number, of different protocols, share their node port. */
function fillNodePorts(service: Service, pool: PortPool): void {
  const ports = service.spec?.ports ?? [];
  const given = new Map<number, number>();
  for (const [index, port] of ports.entries()) {
    const asked = port.nodePort ?? 0;
    if (asked === 0 && !pool.wantsPorts) continue;
    const known = given.get(port.port);
    if (known === undefined) {
      const wanted = ports.find((other) => other.port === port.port && (other.nodePort ?? 0) > 0);
      const nodePort = wanted?.nodePort;
      if (nodePort !== undefined) takePort(service, { index, nodePort }, pool);
      port.nodePort = nodePort ?? freePort(pool);
      given.set(port.port, port.nodePort);
    } else if (asked === 0) port.nodePort = known;
    else if (asked !== known) takePort(service, { index, nodePort: asked }, pool);
  }
}

/** For a changed service: what it had it keeps. */
function changeNodePorts(service: Service, old: Service, pool: PortPool): void {
  const kept = new Set(old.spec?.ports?.map(({ nodePort }) => nodePort));
  for (const [index, port] of (service.spec?.ports ?? []).entries()) {
    const asked = port.nodePort ?? 0;
    if (asked === 0) {
      if (pool.wantsPorts) port.nodePort = freePort(pool);
    } else if (!kept.has(asked)) takePort(service, { index, nodePort: asked }, pool);
  }
}

/** Throws 422 for a node port that cannot be had. */
function takePort(
  { metadata }: Service,
  { index, nodePort }: { index: number; nodePort: number },
  pool: Pool,
): void {
  const why = whyNotPort(nodePort, pool);
  if (why !== undefined) {
    const path = fieldPath('spec').child('ports').index(index).child('nodePort');
    throw invalid(SERVICE_KIND, metadata.name ?? '', [invalidValue(path, nodePort, why)]);
  }
  pool.take(portKey(nodePort));
}

function whyNotPort(port: number, { used }: Pool): string | undefined {
  if (port < NODE_PORT_MIN || port > NODE_PORT_MAX) {
    const valid = `${NODE_PORT_MIN}-${NODE_PORT_MAX}`;
    return `provided port is not in the valid range. The range of valid ports is ${valid}`;
  }
  return used.has(portKey(port)) ? 'provided port is already allocated' : undefined;
}

function freePort({ random, used, take }: Pool): number {
  const count = NODE_PORT_MAX - NODE_PORT_MIN + 1;
  const first = random.integer(count);
  for (let offset = 0; offset < count; offset++) {
    const port = NODE_PORT_MIN + ((first + offset) % count);
    if (used.has(portKey(port))) continue;
    take(portKey(port));
    return port;
  }
  throw internalError('failed to allocate a nodePort: range is full');
}
