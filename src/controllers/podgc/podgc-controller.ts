// Removes pods that nobody else will: on nodes that are gone, and terminating ones that were never
// scheduled (SS-946, SS-950).
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { setCondition } from '../../api/meta/conditions.ts';
import { isTerminating, nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { nodes, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';

const PERIOD_MS = 20_000;
/** A node must be missing so long before its pods are removed. */
const QUARANTINE_MS = 40_000;
/** One key: a pass looks at all pods. */
const PASS = 'all';

export function createPodGcController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const podInformer = informers.informer(pods);
  const nodeInformer = informers.informer(nodes);
  /** When a node was first missed, in milliseconds. */
  const missingSince = new Map<string, number>();

  const nodeIsGone = async (name: string): Promise<boolean> => {
    if (nodeInformer.lister.get({ name })) {
      missingSince.delete(name);
      return false;
    }
    const sinceMs = missingSince.get(name) ?? clock.now();
    missingSince.set(name, sinceMs);
    if (clock.now() - sinceMs < QUARANTINE_MS) return false;
    try {
      await client.resource(nodes).get({ name });
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };

  const controller = createController({
    name: 'pod-garbage-collector',
    informers: [podInformer, nodeInformer],
    workers: 1,
    clock,
    logger,
    async reconcile() {
      for (const pod of podInformer.lister.list()) {
        const node = pod.spec?.nodeName ?? '';
        if (node === '') {
          if (isTerminating(pod)) await removePod(client, pod);
        } else if (await nodeIsGone(node)) await removePod(client, pod, clock.now());
      }
      return { requeueAfterMs: PERIOD_MS };
    },
  });
  return {
    async start() {
      await controller.start();
      controller.enqueue(PASS);
    },
    stop: () => controller.stop(),
  };
}

/** `failedMs`: when it failed, for a pod that was running. Gone or changed pods are no error. */
async function removePod(client: Client, pod: Pod, failedMs?: number): Promise<void> {
  const api = client.resource(pods);
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  try {
    if (failedMs !== undefined && !hasEnded) await api.updateStatus(failed(pod, failedMs));
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const preconditions = { uid: uidOf(pod) };
    await api.delete(name, { gracePeriodSeconds: 0, preconditions });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

function failed(pod: Pod, nowMs: number): Pod {
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
  };
  const conditions = setCondition(pod.status?.conditions, condition, formatTime(nowMs));
  return { ...pod, status: { ...pod.status, phase: 'Failed', conditions: [...conditions] } };
}
