// The objects that every cluster has from its first start.
import type { ConfigMap, Namespace, PriorityClass, Service } from '../api/generated/types.ts';
import type { KubernetesObject } from '../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../api/meta/status-error.ts';
import { priorityClasses } from '../api/other-resources.ts';
import { configMaps, namespaces, resourcePath, services } from '../api/resources.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { systemPriorityClasses } from '../api/scheduling/priority-class-rules.ts';
import type { ApiHandler, ApiRequest, UserInfo } from './api-request.ts';
import { FRONT_PROXY } from './certificates.ts';
import { MASTERS_GROUP } from './api-request.ts';

const SYSTEM_NAMESPACES: readonly string[] = [
  'default',
  'kube-system',
  'kube-public',
  'kube-node-lease',
];

const user: UserInfo = { name: 'system:apiserver', uid: '', groups: [MASTERS_GROUP] };

export interface BootstrapOptions {
  readonly handler: ApiHandler;
  /** Address of the Service `kubernetes`: the first of the cluster range. */
  readonly apiServerIp: string;
  /** Port of the API server behind the Service. */
  readonly targetPort: number;
  /** Authorities (PEM) that clients' certificates are verified with; absent: not told. */
  readonly authorities?: { readonly clientCa: string; readonly frontProxyCa: string };
}

/**
 * Creates the system namespaces and priorities and the Service `kubernetes` unless they are there
 * already.
 */
export async function bootstrapObjects(options: BootstrapOptions): Promise<void> {
  const { handler, apiServerIp, targetPort } = options;
  for (const name of SYSTEM_NAMESPACES) {
    await ensure(handler, namespaces, namespaceObject(name));
  }
  // At once: one group of writes costs one write to the disk.
  await Promise.all([
    ensure(handler, services, kubernetesService(apiServerIp, targetPort)),
    ...[...systemPriorityClasses.keys()].map((name) =>
      ensure(handler, priorityClasses, priorityClassObject(name)),
    ),
    ...(options.authorities ? [publish(handler, authenticationMap(options.authorities))] : []),
  ]);
}

/** What API servers of others need, to know by whom a request that we pass on was made. */
function authenticationMap(
  authorities: NonNullable<BootstrapOptions['authorities']>,
): ConfigMap & { data: Record<string, string> } {
  const list = (text: string) => JSON.stringify([text]);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': authorities.clientCa,
      'requestheader-allowed-names': list(FRONT_PROXY),
      'requestheader-client-ca-file': authorities.frontProxyCa,
      'requestheader-extra-headers-prefix': list('X-Remote-Extra-'),
      'requestheader-group-headers': list('X-Remote-Group'),
      'requestheader-uid-headers': list('X-Remote-Uid'),
      'requestheader-username-headers': list('X-Remote-User'),
    },
  };
}

/** Creates a map, or corrects what is there: authorities change. */
async function publish(
  handler: ApiHandler,
  map: ConfigMap & { data: Record<string, string> },
): Promise<void> {
  const { name = '', namespace = '' } = map.metadata;
  await ensure(handler, configMaps, map);
  const path = resourcePath(configMaps, { namespace, name });
  const patch = request('PATCH', path, { data: map.data });
  await handler({ ...patch, contentType: 'application/merge-patch+json' });
}

function namespaceObject(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function priorityClassObject(name: string): PriorityClass {
  const apiVersion = 'scheduling.k8s.io/v1';
  const facts = systemPriorityClasses.get(name) ?? { value: 0 };
  return { apiVersion, kind: 'PriorityClass', metadata: { name }, ...facts };
}

function kubernetesService(clusterIP: string, targetPort: number): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      clusterIP,
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort }],
    },
  };
}

async function ensure(
  handler: ApiHandler,
  resource: ResourceDefinition,
  object: KubernetesObject,
): Promise<void> {
  const { name = '', namespace = '' } = object.metadata;
  try {
    await handler(request('GET', resourcePath(resource, { namespace, name }), undefined));
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    await handler(request('POST', resourcePath(resource, { namespace }), object));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

function request(method: string, path: string, body: object | undefined): ApiRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    user,
    body,
    contentType: '',
    userAgent: 'ordinal-bootstrap',
    signal: () => new AbortController().signal,
  };
}
