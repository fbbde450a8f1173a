// Writes to nodes that go on from the newest object when somebody else was faster.
import type { Node } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { nodes } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { changedTaints, type TaintChange } from './plan/taint-change.ts';

const TRIES_MAX = 5;

export interface NodeWriter {
  readonly client: Client;
  readonly clock: Clock;
}

/**
 * Tries `write` with the node, after a conflict with the newest one. Undefined when the node is
 * gone; throws what else the server answers.
 */
export async function withNewest<T>(
  { client }: NodeWriter,
  node: Node,
  write: (node: Node) => Promise<T>,
): Promise<T | undefined> {
  let newest = node;
  for (let tries = 1; ; tries++) {
    try {
      if (tries > 1) newest = await client.resource(nodes).get({ name: nameOf(node) });
      return await write(newest);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || tries === TRIES_MAX) throw error;
    }
  }
}

/** Sets and removes taints in one write, if that changes anything. */
export async function changeTaints(
  writer: NodeWriter,
  node: Node,
  change: (node: Node) => TaintChange,
): Promise<void> {
  await withNewest(writer, node, async (newest) => {
    const taints = changedTaints(newest, change(newest), formatTime(writer.clock.now()));
    if (taints === undefined) return;
    const { resourceVersion, uid } = newest.metadata;
    const body = {
      metadata: { resourceVersion, uid },
      spec: { taints: taints.length === 0 ? null : taints },
    };
    await writer.client.resource(nodes).patch({ name: nameOf(node) }, { type: 'merge', body });
  });
}
