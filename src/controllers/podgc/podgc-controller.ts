// Removes pods that nobody else will: on nodes that are gone or out of service, terminating ones
// that were never scheduled, and the oldest of too many that have ended (SS-946, SS-947, SS-950).
import type { Pod, PodCondition, PodStatus } from '../../api/generated/types.ts';
import { setCondition } from '../../api/meta/conditions.ts';
import { nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { nodes, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { garbagePods, missingNodes, type GarbagePod } from './plan/garbage-pods.ts';

const PERIOD_MS = 20_000;
/** A node must be missing so long before its pods are removed. */
const QUARANTINE_MS = 40_000;
/** The reference's `--terminated-pod-gc-threshold`. */
const ENDED_PODS_MAX = 12_500;
/** One key: a pass looks at all pods. */
const PASS = 'all';

export function createPodGcController(context: ControllerContext): Runnable {
  const { client, informers, clock } = context;
  const podInformer = informers.informer(pods);
  const nodeInformer = informers.informer(nodes);
  const nodeOf = (name: string) => nodeInformer.lister.get({ name });
  /** When a node was first missed, in milliseconds. */
  const missingSince = new Map<string, number>();

  const findGoneNodes = async (missing: ReadonlySet<string>): Promise<Set<string>> => {
    for (const name of missingSince.keys()) if (!missing.has(name)) missingSince.delete(name);
    const gone = new Set<string>();
    for (const name of missing) {
      const sinceMs = missingSince.get(name) ?? clock.now();
      missingSince.set(name, sinceMs);
      const isDue = clock.now() - sinceMs >= QUARANTINE_MS;
      if (isDue && (await isGone(client, name))) gone.add(name);
    }
    return gone;
  };

  const controller = createController({
    ...context,
    name: 'pod-garbage-collector',
    informers: [podInformer, nodeInformer],
    workers: 1,
    async reconcile() {
      const all = podInformer.lister.list();
      const goneNodes = await findGoneNodes(missingNodes({ pods: all, nodeOf }));
      const question = { pods: all, nodeOf, goneNodes, endedMax: ENDED_PODS_MAX };
      for (const garbage of garbagePods(question)) {
        await removePod(client, garbage, formatTime(clock.now()));
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

/** Asks live: a cache may lag behind. */
async function isGone(client: Client, name: string): Promise<boolean> {
  try {
    await client.resource(nodes).get({ name });
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** Fails the pod, unless it has ended, and deletes it. Gone or changed pods are no error. */
async function removePod(
  client: Client,
  { pod, isOrphan }: GarbagePod,
  now: string,
): Promise<void> {
  const api = client.resource(pods);
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  try {
    // Nobody else will say that it does not run any more.
    if (!hasEnded) await api.updateStatus({ ...pod, status: failed(pod, { isOrphan, now }) });
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const preconditions = { uid: uidOf(pod) };
    await api.delete(name, { gracePeriodSeconds: 0, preconditions });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** SS-946: the status of a pod that does not run any more, with the reason of its end. */
function failed(
  { metadata, status }: Pod,
  { isOrphan, now }: { isOrphan: boolean; now: string },
): PodStatus {
  const observedGeneration = metadata.generation;
  const ended = { ...status, phase: 'Failed', observedGeneration };
  if (!isOrphan) return ended;
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    observedGeneration,
  };
  return { ...ended, conditions: [...setCondition(status?.conditions, condition, now)] };
}
