// The proxy subresource of pods and services: an HTTP request to what listens in the pod, by way of
// its node (API-207). Names may carry scheme and port: `http:web-0:8080`.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointSlice, Pod, Service } from '../../../api/generated/types.ts';
import { badRequest, statusError } from '../../../api/meta/status-error.ts';
import { endpointSlices, pods, services } from '../../../api/resources.ts';
import { errorMessage } from '../../../base/errors.ts';
import type { ApiRequest, StreamResponse } from '../../api-request.ts';
import { listObjects, requireObject } from '../../registry/object-store.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { nodeOf } from './pod-container.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

interface PortName {
  readonly name: string;
  /** Number or name of the port; the empty string when the path has none. */
  readonly port: string;
}

function splitName(text: string): PortName {
  const parts = text.split(':');
  if (parts.length === 3 && parts[0] === 'https') {
    throw badRequest('the proxy speaks http to pods, not https');
  }
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
): Promise<StreamResponse> {
  const { name, port } = splitName(info.name);
  const target = { resource: pods, namespace: info.namespace, name };
  const pod = requireObject<Pod>(context.store, target).object;
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
): Promise<StreamResponse> {
  const { name, port } = splitName(info.name);
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
  for (const { endpoints = [], ports = [] } of slices) {
    const number = ports.find((own) => (own.name ?? '') === (wanted.name ?? ''))?.port;
    const ready = endpoints.find(({ conditions }) => conditions?.ready !== false)?.targetRef;
    if (number === undefined || ready?.kind !== 'Pod' || ready.name === undefined) continue;
    const target = { resource: pods, namespace, name: ready.name };
    const pod = requireObject<Pod>(context.store, target).object;
    return forward(context, request, { pod, port: number });
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

/** Nodes have no HTTP port of their own: their agents are reached another way. */
export function handleNodeProxy(): never {
  throw unavailable('nodes of this cluster offer no HTTP port; use logs, exec and port-forward');
}

interface PodPort {
  readonly pod: Pod;
  readonly port: number;
}

async function forward(
  context: HandlerContext,
  request: ApiRequest,
  { pod, port }: PodPort,
): Promise<StreamResponse> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw badRequest('the port of a proxy request is a number or the name of a port');
  }
  const { name = '', namespace = '' } = pod.metadata;
  const node = nodeOf(context, pod);
  let connection: Duplex | undefined;
  try {
    connection = await node.dial({ namespace, pod: name }, port);
    const reply = await exchange(connection, request);
    return {
      kind: 'stream',
      code: reply.statusCode ?? 502,
      contentType: reply.headers['content-type'] ?? 'application/octet-stream',
      stream: reply,
    };
  } catch (error) {
    connection?.destroy();
    throw unavailable(`error trying to reach service: ${errorMessage(error)}`);
  }
}

function exchange(connection: Duplex, request: ApiRequest): Promise<IncomingMessage> {
  const { method, contentType, body } = request;
  const headers = contentType === '' ? {} : { 'content-type': contentType };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        method,
        path: pathBehind(request),
        headers,
        signal: request.signal(),
        createConnection: () => connection,
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end(Buffer.isBuffer(body) ? body : undefined);
  });
}

/** What stands after `/proxy`, with the query. */
function pathBehind({ path, query }: ApiRequest): string {
  const text = query.toString();
  const behind = /^.*?\/proxy(\/.*)?$/.exec(path)?.[1] ?? '';
  return `${behind === '' ? '/' : behind}${text === '' ? '' : `?${text}`}`;
}
