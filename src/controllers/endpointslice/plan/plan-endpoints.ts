// The legacy Endpoints object of a Service.
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from '../../../api/generated/types.ts';
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

interface MutableSubset {
  addresses: EndpointAddress[];
  notReadyAddresses: EndpointAddress[];
  ports: EndpointPort[];
}

/** Terminating pods are left out unless not-ready addresses are published. */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const published = service.spec?.publishNotReadyAddresses === true;
  const subsets = new Map<string, MutableSubset>();
  for (const pod of pods.toSorted((a, b) => compareIp(a, b))) {
    if (!isBehindService(pod) || (isTerminating(pod) && !published)) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? { addresses: [], notReadyAddresses: [], ports };
    subsets.set(key, subset);
    const list = published || isPodReady(pod) ? subset.addresses : subset.notReadyAddresses;
    list.push(toAddress(service, pod));
  }
  return [...subsets.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }));
}

function compareIp(a: Pod, b: Pod): number {
  const left = a.status?.podIP ?? '';
  const right = b.status?.podIP ?? '';
  return left < right ? -1 : left > right ? 1 : 0;
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
