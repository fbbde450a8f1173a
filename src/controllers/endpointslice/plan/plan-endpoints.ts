// The legacy Endpoints object of a Service.
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from '../../../api/generated/types.ts';
import { fnv128a } from '../../../api/meta/fnv.ts';
import { isTerminating, nameOf, namespaceOf, uidOf } from '../../../api/meta/object.ts';
import { HEADLESS_LABEL } from './plan-slices.ts';
import {
  endpointHostname,
  isBehindService,
  isPodReady,
  targetPortOf,
} from './service-endpoints.ts';

const MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';

function toAddress(service: Service, pod: Pod): EndpointAddress {
  const hostname = endpointHostname(service, pod);
  const nodeName = pod.spec?.nodeName;
  return {
    ip: pod.status?.podIP ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) },
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) return [];
    const { name, protocol = 'TCP', appProtocol } = servicePort;
    return [
      {
        ...(name === undefined || name === '' ? {} : { name }),
        port,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ];
  });
}

/** A port, absent for a Service without ports, and the pods that have it. */
interface PodsOfPort {
  readonly port: EndpointPort | undefined;
  readonly pods: Pod[];
}

/** Terminating pods are left out unless not-ready addresses are published. */
function podsByPort(service: Service, pods: readonly Pod[]): PodsOfPort[] {
  const published = service.spec?.publishNotReadyAddresses === true;
  const hasPorts = (service.spec?.ports ?? []).length > 0;
  const groups = new Map<string, PodsOfPort>();
  for (const pod of pods.toSorted(compareAddresses)) {
    if (!isBehindService(pod) || (isTerminating(pod) && !published)) continue;
    for (const port of hasPorts ? portsOf(service, pod) : [undefined]) {
      const key = port ? portText(port) : '';
      const group = groups.get(key) ?? { port, pods: [] };
      groups.set(key, group);
      group.pods.push(pod);
    }
  }
  return [...groups.values()];
}

/** Ports that lead to the same pods share a subset. */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const published = service.spec?.publishNotReadyAddresses === true;
  const groups = new Map<string, { pods: Pod[]; ports: EndpointPort[] }>();
  for (const { port, pods: selected } of podsByPort(service, pods)) {
    const key = selected.map(nameOf).join('/');
    const group = groups.get(key) ?? { pods: selected, ports: [] };
    groups.set(key, group);
    if (port) group.ports.push(port);
  }
  return [...groups.values()].map((group) => {
    const isReady = (pod: Pod) => published || isPodReady(pod);
    const addresses = group.pods.filter(isReady).map((pod) => toAddress(service, pod));
    const others = group.pods.filter((pod) => !isReady(pod));
    const notReadyAddresses = others.map((pod) => toAddress(service, pod));
    const ports = group.ports.toSorted(comparePorts);
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
}

/** By address, then by uid. */
function compareAddresses(left: Pod, right: Pod): number {
  const text = (pod: Pod) => `${pod.status?.podIP ?? ''}/${uidOf(pod)}`;
  return text(left) < text(right) ? -1 : 1;
}

/** The port as Go prints it with all types. */
function portText({ name = '', port, protocol = 'TCP', appProtocol = '<nil>' }: EndpointPort) {
  return (
    `(v1.EndpointPort){Name:(string)${name} Port:(int32)${port} ` +
    `Protocol:(v1.Protocol)${protocol} AppProtocol:(*string)${appProtocol}}`
  );
}

/** Upstream's order: by a hash, so that it is the same whatever the Service's order. */
function comparePorts(left: EndpointPort, right: EndpointPort): number {
  return fnv128a(portText(left)) < fnv128a(portText(right)) ? -1 : 1;
}

/** What the Endpoints object of a Service with a selector must hold. */
export function buildEndpoints(service: Service, pods: readonly Pod[]): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: nameOf(service),
      namespace: namespaceOf(service),
      labels: {
        ...service.metadata.labels,
        [MANAGED_BY_LABEL]: 'endpoint-controller',
        ...(service.spec?.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
      },
    },
    subsets: subsetsOf(service, pods),
  };
}
