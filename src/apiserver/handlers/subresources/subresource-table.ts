// Which handler answers which verb of which subresource.
import type { ResourceDefinition, Verb } from '../../../api/resources.ts';
import { handleGet } from '../get.ts';
import type { Handler } from '../handler-context.ts';
import { handlePatch } from '../patch.ts';
import { handleUpdate } from '../update.ts';
import { handleBinding } from './binding.ts';
import { handleAttach, handleExec, handlePortForward } from './connect.ts';
import { handleEphemeralPatch, handleEphemeralUpdate } from './ephemeral-containers.ts';
import { handleEviction } from './eviction.ts';
import { handleFinalize } from './finalize.ts';
import { handleLog } from './log.ts';
import { handleNodeProxy } from './node-proxy.ts';
import { handlePodProxy, handleServiceProxy } from './proxy.ts';
import { handleResizePatch, handleResizeUpdate } from './resize.ts';
import { handleGetScale, handlePatchScale, handleUpdateScale } from './scale.ts';
import { handleToken } from './token.ts';

export type SubresourceHandlers = Partial<Readonly<Record<Verb, Handler>>>;

const status = { get: handleGet, update: handleUpdate, patch: handlePatch };
const scale = { get: handleGetScale, update: handleUpdateScale, patch: handlePatchScale };
const podsOnly: Readonly<Record<string, SubresourceHandlers>> = {
  log: { get: handleLog },
  exec: { get: handleExec, create: handleExec },
  attach: { get: handleAttach, create: handleAttach },
  portforward: { get: handlePortForward, create: handlePortForward },
  binding: { create: handleBinding },
  eviction: { create: handleEviction },
  ephemeralcontainers: {
    get: handleGet,
    update: handleEphemeralUpdate,
    patch: handleEphemeralPatch,
  },
  resize: { get: handleGet, update: handleResizeUpdate, patch: handleResizePatch },
};

const proxies: Readonly<Record<string, Handler>> = {
  pods: handlePodProxy,
  services: handleServiceProxy,
  nodes: handleNodeProxy,
};

function proxyOf(resource: string): SubresourceHandlers | undefined {
  const proxy = proxies[resource];
  return proxy && { get: proxy, create: proxy, update: proxy, patch: proxy, delete: proxy };
}

/** The handlers of a subresource by verb; undefined when the resource has none of that name. */
export function findSubresource(
  { resource }: ResourceDefinition,
  subresource: string,
): SubresourceHandlers | undefined {
  // Approving a certificate writes conditions: a part of the status.
  if (subresource === 'status' || subresource === 'approval') return status;
  if (subresource === 'scale') return scale;
  if (subresource === 'proxy') return proxyOf(resource);
  if (resource === 'pods') return podsOnly[subresource];
  if (resource === 'namespaces' && subresource === 'finalize') return { update: handleFinalize };
  if (resource === 'serviceaccounts' && subresource === 'token') return { create: handleToken };
  return undefined;
}
