// The proxy subresource of pods and services: an HTTP request to what listens in the pod, by way of
// its node (API-207). Names may carry scheme and port: `http:web-0:8080`.
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointSlice, Pod, Service } from '../../../api/generated/types.ts';
import { badRequest, notFound, statusError } from '../../../api/meta/status-error.ts';
import { endpointSlices, pods, services } from '../../../api/resources.ts';
import { errorMessage } from '../../../base/errors.ts';
import type { ApiRequest, ApiResponse } from '../../api-request.ts';
import { listObjects, requireObject } from '../../registry/object-store.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { nodeOf } from './pod-container.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

interface PortName {
  readonly name: string;
  /** Number or name of the port; the empty string when the path has none. */
  readonly port: string;
}

/** Reads `[scheme:]name[:port]`. Throws 400. */
export function splitProxyName(text: string): PortName {
  const parts = text.split(':');
  const [name = '', port = ''] = parts.length === 3 ? parts.slice(1) : parts;
  if (parts.length > 3 || name === '') throw badRequest(`invalid proxy request ${text}`);
  return { name, port };
}

function unavailable(why: string) {
  return statusError('ServiceUnavailable', why);
}

/** Throws 400, 404 and 503. */
export async function handlePodProxy(
  context: HandlerContext,
  { request, info }: ResourceRequest,
): Promise<ApiResponse> {
  const { name, port } = splitProxyName(info.name);
  const target = { resource: pods, namespace: info.namespace, name };
  const pod = requireObject<Pod>(context.store, target).object;
  const isPlaced = (pod.spec?.nodeName ?? '') !== '';
  if (!isPlaced && (pod.status?.podIP ?? '') === '') throw badRequest('address not allowed');
  const containers = pod.spec?.containers ?? [];
  const declared = containers.flatMap(({ ports }) => ports ?? []);
  const named = declared.find((own) => own.name === port)?.containerPort;
  const number = port === '' ? (declared[0]?.containerPort ?? 80) : (named ?? Number(port));
  return forward(context, request, { pod, port: number });
}

/** Throws 400, 404 and 503. */
export async function handleServiceProxy(
  context: HandlerContext,
  { request, info }: ResourceRequest,
): Promise<ApiResponse> {
  const { name, port } = splitProxyName(info.name);
  const { namespace } = info;
  const service = requireObject<Service>(context.store, { resource: services, namespace, name });
  const wanted = service.object.spec?.ports?.find(
    (own) => port === '' || own.name === port || String(own.port) === port,
  );
  if (!wanted)
    throw unavailable(`no service port ${JSON.stringify(port)} found for service ${name}`);
  const slices = listObjects<EndpointSlice>(context.store, endpointSlices, namespace).filter(
    ({ metadata }) => metadata.labels?.[SERVICE_LABEL] === name,
  );
  // No controller has looked at it: its endpoints are what is not found.
  if (slices.length === 0) throw notFound(services, name);
  for (const { endpoints, ports } of slices) {
    // A slice without any has null there.
    const number = (ports ?? []).find((own) => (own.name ?? '') === (wanted.name ?? ''))?.port;
    const ready = (endpoints ?? []).find(
      ({ conditions }) => conditions?.ready !== false,
    )?.targetRef;
    if (number === undefined || ready?.kind !== 'Pod' || ready.name === undefined) continue;
    const target = { resource: pods, namespace, name: ready.name };
    const pod = requireObject<Pod>(context.store, target).object;
    return forward(context, request, { pod, port: number });
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

interface PodPort {
  readonly pod: Pod;
  readonly port: number;
}

/** Headers that belong to one connection only, and what was meant for us. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'authorization',
  'x-forwarded-for',
  'x-forwarded-uri',
]);

async function forward(
  context: HandlerContext,
  request: ApiRequest,
  { pod, port }: PodPort,
): Promise<ApiResponse> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw badRequest('the port of a proxy request is a number or the name of a port');
  }
  const { path, prefix } = pathBehind(request);
  if (path === '' && ['GET', 'HEAD'].includes(request.method)) return toFolder(request);
  const { name = '', namespace = '' } = pod.metadata;
  const node = nodeOf(context, pod);
  let connection: Duplex | undefined;
  try {
    connection = await node.dial({ namespace, pod: name }, port);
    const reply = await exchange(connection, request);
    const { 'content-type': contentType = '', ...headers } = passedOn(reply.headers);
    const { location } = headers;
    if (location?.startsWith('/') === true && !location.startsWith(`${prefix}/`)) {
      headers.location = `${prefix}${location}`;
    }
    return { kind: 'stream', code: reply.statusCode ?? 502, contentType, headers, stream: reply };
  } catch (error) {
    connection?.destroy();
    throw unavailable(`error trying to reach service: ${errorMessage(error)}`);
  }
}

/** Links on a page are relative to a folder: its name ends in a slash. */
function toFolder({ path, query }: ApiRequest): ApiResponse {
  const text = query.toString();
  const location = `${path}/${text === '' ? '' : `?${text}`}`;
  return { kind: 'plain', code: 301, contentType: '', body: '', headers: { location } };
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(/, */);
  const entries = Object.entries(headers).filter(
    ([name]) =>
      !NOT_PASSED_ON.has(name) &&
      !name.startsWith(':') &&
      !name.startsWith('impersonate-') &&
      !name.startsWith('x-remote-') &&
      !named.includes(name),
  );
  return Object.fromEntries(entries);
}

function requestHeaders({ forwarded, path }: ApiRequest): OutgoingHttpHeaders {
  const { headers = {}, sourceIP = '' } = forwarded ?? {};
  const authority = headers[':authority'];
  const before = headers['x-forwarded-for'];
  return {
    ...(typeof authority === 'string' ? { host: authority } : {}),
    ...passedOn(headers),
    'x-forwarded-for': before === undefined ? sourceIP : `${String(before)}, ${sourceIP}`,
    'x-forwarded-uri': path,
  };
}

function exchange(connection: Duplex, request: ApiRequest): Promise<IncomingMessage> {
  const { method, body } = request;
  const { path, query } = pathBehind(request);
  const text = query.toString();
  const options = {
    method,
    path: `${path}${text === '' ? '' : `?${text}`}`,
    headers: requestHeaders(request),
    signal: request.signal(),
    createConnection: () => connection,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(options, resolve);
    outgoing.once('error', reject);
    outgoing.end(Buffer.isBuffer(body) ? body : undefined);
  });
}

/** What stands after `/proxy`, percent-encoded as it came, and what stands before it. */
export function pathBehind({ path, query }: ApiRequest): {
  path: string;
  prefix: string;
  query: URLSearchParams;
} {
  const [, prefix = '', behind = ''] = /^(.*?\/proxy)(\/.*)?$/.exec(path) ?? [];
  return { path: behind, prefix, query };
}
