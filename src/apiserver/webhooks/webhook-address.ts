// Where a webhook is: a URL, or a Service, whose pods are reached by way of their nodes.
import type { AdmissionregistrationV1WebhookClientConfig } from '../../api/generated/types.ts';
import type { EndpointSlice, ObjectReference, Pod, Service } from '../../api/generated/types.ts';
import { endpointSlices, pods, services } from '../../api/resources.ts';
import type { Duplex } from 'node:stream';
import type { Store } from '../../storage/store.ts';
import type { NodeDialer, OutsideDialer } from '../node-connection.ts';
import { getObject, listObjects } from '../registry/object-store.ts';

/** The part of a client configuration that all kinds of webhooks share. */
export type WebhookConfig = AdmissionregistrationV1WebhookClientConfig;

export interface WebhookNetwork {
  readonly store: Store;
  readonly dialNode: NodeDialer;
  /** Default: everything outside is connected to directly. */
  readonly dialOutside?: OutsideDialer | undefined;
}

/** What listens there. */
export interface WebhookEndpoint {
  /** Connects to this host and port, unless there is a `dial`. */
  readonly host: string;
  readonly port: number;
  /** Opens a byte stream through a node, or through the host. */
  readonly dial?: () => Promise<Duplex>;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';
const HTTPS_PORT = 443;

/**
 * The URL of a webhook, as messages show it; that of a Service is by its name in the cluster. Its
 * path is cleaned as upstream's client does it: envtest's configurations have two slashes in front.
 */
export function webhookUrl(config: WebhookConfig): URL {
  const url = givenUrl(config);
  url.pathname = cleanPath(url.pathname);
  return url;
}

/** Without doubled slashes, and none at the end. */
function cleanPath(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

function givenUrl({ url, service }: WebhookConfig): URL {
  if (!service) return new URL(url ?? '');
  const { name, namespace, path = '/', port = HTTPS_PORT } = service;
  const start = path.startsWith('/') ? path : `/${path}`;
  return new URL(`https://${name}.${namespace}.svc:${port}${start}`);
}

/** `https://web.default.svc:443/path`: the text of a URL with its port, as it was written. */
export function urlText(config: WebhookConfig, query: string): string {
  const url = webhookUrl(config);
  const { service } = config;
  const host = service ? `${url.hostname}:${service.port ?? HTTPS_PORT}` : url.host;
  return `${url.protocol}//${host}${url.pathname}${query}`;
}

/** Finds the endpoint. Throws Error with the words of the reference when there is none. */
export function findEndpoint(config: WebhookConfig, network: WebhookNetwork): WebhookEndpoint {
  const endpoint = findAddress(config, network);
  const dial = endpoint.dial ?? network.dialOutside?.(endpoint.host, endpoint.port);
  return dial ? { ...endpoint, dial } : endpoint;
}

function findAddress(config: WebhookConfig, network: WebhookNetwork): WebhookEndpoint {
  const { service } = config;
  if (!service) {
    const { hostname, port } = webhookUrl(config);
    const host = hostname.replace(/^\[|\]$/g, '');
    return { host, port: port === '' ? HTTPS_PORT : Number(port) };
  }
  const { name, namespace, port = HTTPS_PORT } = service;
  const target = { resource: services, namespace, name };
  const found = getObject<Service>(network.store, target)?.object;
  if (!found) throw new Error(`service ${JSON.stringify(name)} not found`);
  const { type, externalName = '', ports = [] } = found.spec ?? {};
  if (type === 'ExternalName') return { host: externalName, port };
  const wanted = ports.find((own) => own.port === port);
  if (!wanted) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return readyEndpoint(network, found, wanted.name ?? '');
}

function readyEndpoint(
  network: WebhookNetwork,
  { metadata: { name = '', namespace = '' } }: Service,
  portName: string,
): WebhookEndpoint {
  const slices = listObjects<EndpointSlice>(network.store, endpointSlices, namespace);
  for (const { metadata, endpoints, ports } of slices) {
    if (metadata.labels?.[SERVICE_LABEL] !== name) continue;
    const port = (ports ?? []).find((own) => (own.name ?? '') === portName)?.port;
    const ready = (endpoints ?? []).find(({ conditions }) => conditions?.ready !== false);
    const host = ready?.addresses[0];
    if (port === undefined || ready === undefined || host === undefined) continue;
    const dial = dialOf(network, { namespace, name: podName(ready.targetRef) }, port);
    return { host, port, ...(dial ? { dial } : {}) };
  }
  throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
}

function podName(reference: ObjectReference | undefined): string {
  return reference?.kind === 'Pod' ? (reference.name ?? '') : '';
}

/** By way of the pod's node; endpoints that are no pods of ours are connected to directly. */
function dialOf(
  { store, dialNode }: WebhookNetwork,
  { namespace, name }: { namespace: string; name: string },
  port: number,
): (() => Promise<Duplex>) | undefined {
  const pod = getObject<Pod>(store, { resource: pods, namespace, name })?.object;
  const nodeName = pod?.spec?.nodeName ?? '';
  if (nodeName === '') return undefined;
  return () => dialNode(nodeName).dial({ namespace, pod: name }, port);
}
