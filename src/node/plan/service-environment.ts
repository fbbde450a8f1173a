// The variables that tell a container where services are: `REDIS_SERVICE_HOST`,
// `REDIS_PORT_6379_TCP` …
import type { Service, ServicePort } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';

function variableName(text: string): string {
  return text.toUpperCase().replace(/[-.]/g, '_');
}

/** An IPv6 address needs brackets before a port. */
function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function portVariables(prefix: string, ip: string, port: ServicePort): [string, string][] {
  const protocol = port.protocol ?? 'TCP';
  const url = `${protocol.toLowerCase()}://${hostPort(ip, port.port)}`;
  const link = `${prefix}_PORT_${port.port}_${protocol}`;
  return [
    [link, url],
    [`${link}_PROTO`, protocol.toLowerCase()],
    [`${link}_PORT`, String(port.port)],
    [`${link}_ADDR`, ip],
  ];
}

/** Variables of one service; none for headless and external ones. */
function serviceVariables(service: Service): [string, string][] {
  const ip = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (ip === '' || ip === 'None' || first === undefined) return [];
  const prefix = variableName(nameOf(service));
  const protocol = (first.protocol ?? 'TCP').toLowerCase();
  const named = ports
    .filter((port) => (port.name ?? '') !== '')
    .map((port): [string, string] => [
      `${prefix}_SERVICE_PORT_${variableName(port.name ?? '')}`,
      String(port.port),
    ]);
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named,
    [`${prefix}_PORT`, `${protocol}://${hostPort(ip, first.port)}`],
    ...ports.flatMap((port) => portVariables(prefix, ip, port)),
  ];
}

/**
 * Variables of all `services`, sorted by service name so that equal pods get equal environments.
 */
export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const sorted = [...services].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return new Map(sorted.flatMap(serviceVariables));
}

/** The `kubernetes` service as pods of this node reach it. */
export function apiServerService({ host, port }: { host: string; port: number }): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: host, ports: [{ name: 'https', port, protocol: 'TCP' }] },
  };
}
