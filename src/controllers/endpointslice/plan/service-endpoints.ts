// Which pods stand behind a Service, on which ports (SS-902 … SS-904).
import type {
  ContainerPort,
  Endpoint,
  EndpointSlicePort,
  Pod,
  Service,
  ServicePort,
} from '../../../api/generated/types.ts';
import { isConditionTrue } from '../../../api/meta/conditions.ts';
import { isTerminating, nameOf, namespaceOf, uidOf } from '../../../api/meta/object.ts';

/** Endpoints that share one list of ports; a named target port may differ from pod to pod. */
export interface PortGroup {
  readonly ports: readonly EndpointSlicePort[];
  readonly endpoints: readonly Endpoint[];
}

/** SS-902: has an address, is not finished. */
export function isBehindService(pod: Pod): boolean {
  const { phase, podIP } = pod.status ?? {};
  return (podIP ?? '') !== '' && phase !== 'Failed' && phase !== 'Succeeded';
}

export function isPodReady(pod: Pod): boolean {
  return isConditionTrue(pod.status?.conditions, 'Ready');
}

/** SS-903. */
export function endpointHostname(service: Service, pod: Pod): string | undefined {
  const { hostname = '', subdomain } = pod.spec ?? {};
  return hostname !== '' && subdomain === nameOf(service) ? hostname : undefined;
}

/** SS-904. */
function toEndpoint(service: Service, pod: Pod): Endpoint {
  const serving = isPodReady(pod);
  const terminating = isTerminating(pod);
  const published = service.spec?.publishNotReadyAddresses === true;
  const hostname = endpointHostname(service, pod);
  const nodeName = pod.spec?.nodeName;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: published || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: {
      kind: 'Pod',
      namespace: namespaceOf(pod),
      name: nameOf(pod),
      uid: uidOf(pod),
    },
  };
}

/** The pod's port that a Service port leads to; undefined when the pod has no port of that name. */
export function targetPortOf(servicePort: ServicePort, pod: Pod): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port;
  if (typeof target === 'number') return target === 0 ? servicePort.port : target;
  const protocol = servicePort.protocol ?? 'TCP';
  const named = ({ name, protocol: own = 'TCP' }: ContainerPort) =>
    name === target && own === protocol;
  const ports = pod.spec?.containers.flatMap((container) => container.ports ?? []);
  return ports?.find(named)?.containerPort;
}

function portsOf(service: Service, pod: Pod): EndpointSlicePort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** Two port lists are the same when their keys are. */
export function portKey(ports: readonly EndpointSlicePort[]): string {
  const texts = ports.map(({ name, port, protocol, appProtocol }) =>
    JSON.stringify([name ?? '', port ?? 0, protocol ?? 'TCP', appProtocol ?? '']),
  );
  return texts.sort().join();
}

/** The endpoints of `pods` (already selected by labels), by ports; in order of pod names. */
export function groupEndpoints(
  service: Service,
  pods: readonly Pod[],
  nodeExists: (name: string) => boolean,
): PortGroup[] {
  const groups = new Map<string, { ports: EndpointSlicePort[]; endpoints: Endpoint[] }>();
  const published = service.spec?.publishNotReadyAddresses === true;
  for (const pod of pods.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    if (!isBehindService(pod)) continue;
    const node = pod.spec?.nodeName ?? '';
    if (!published && node !== '' && !nodeExists(node)) continue; // SS-915
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const group = groups.get(portKey(ports)) ?? { ports, endpoints: [] };
    groups.set(portKey(ports), group);
    group.endpoints.push(toEndpoint(service, pod));
  }
  return [...groups.values()];
}
