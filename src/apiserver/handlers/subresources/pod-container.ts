// Which pod and container a log, exec or attach request means, and where that runs.
import type { Pod } from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/meta/status-error.ts';
import type { NodeConnection } from '../../node-connection.ts';
import { requireObject } from '../../registry/object-store.ts';
import { targetOf } from '../get.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';

/** The pod of the path. Throws 404. */
export function podOf({ store }: HandlerContext, target: ResourceRequest): Pod {
  return requireObject<Pod>(store, targetOf(target)).object;
}

/** The container asked for, or the only one (API-720). Throws 400. */
export function chooseContainer({ metadata, spec }: Pod, asked: string): string {
  const name = metadata.name ?? '';
  const containers = spec?.containers ?? [];
  const all = [
    ...(spec?.initContainers ?? []),
    ...containers,
    ...(spec?.ephemeralContainers ?? []),
  ];
  const names = all.map((container) => container.name);
  if (asked !== '') {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only && others.length === 0) return only.name;
  const choice = names.length === 0 ? '' : `, choose one of: [${names.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}${choice}`);
}

/** The agent of the pod's node. Throws 400 for a pod without node, and what the dialer throws. */
export function nodeOf({ dialNode }: HandlerContext, { metadata, spec }: Pod): NodeConnection {
  const nodeName = spec?.nodeName ?? '';
  if (nodeName === '') {
    throw badRequest(`pod ${metadata.name ?? ''} does not have a host assigned`);
  }
  return dialNode(nodeName);
}
