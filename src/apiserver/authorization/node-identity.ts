// Which users are nodes' agents.
import type { UserInfo } from '../api-request.ts';

export const NODES_GROUP = 'system:nodes';
const PREFIX = 'system:node:';

/** The name of the node whose agent the user is; undefined for everybody else. */
export function nodeOfUser({ name, groups }: UserInfo): string | undefined {
  if (!name.startsWith(PREFIX) || !groups.includes(NODES_GROUP)) return undefined;
  return name.slice(PREFIX.length);
}

/** The user that the agent of a node is. */
export function nodeUser(node: string): UserInfo {
  return { name: PREFIX + node, uid: '', groups: [NODES_GROUP, 'system:authenticated'] };
}
