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
        } else if (await nodeIsGone(node)) {
          const conditions = disrupted(pod, formatTime(clock.now()));
          await removePod(client, { ...pod, status: { ...pod.status, conditions } });
        }
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

/** Fails the pod, unless it has ended, and deletes it. Gone or changed pods are no error. */
async function removePod(client: Client, pod: Pod): Promise<void> {
  const api = client.resource(pods);
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  try {
    // Nobody else will say that it does not run any more.
    if (!hasEnded) await api.updateStatus({ ...pod, status: { ...pod.status, phase: 'Failed' } });
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const preconditions = { uid: uidOf(pod) };
    await api.delete(name, { gracePeriodSeconds: 0, preconditions });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** SS-946: the conditions of the pod with the reason of its end; `now` is an RFC 3339 time. */
function disrupted(pod: Pod, now: string): PodCondition[] {
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
  };
  return [...setCondition(pod.status?.conditions, condition, now)];
}
