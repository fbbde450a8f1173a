// A pod that was to be disrupted and still is there after two minutes is not being disrupted: its
// condition says so again.
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { findCondition, setCondition } from '../../api/meta/conditions.ts';
import { isTerminating, keyOf, splitKey } from '../../api/meta/object.ts';
import { pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';

const TIMEOUT_MS = 120_000;
/** Conditions that nodes set may take any time before the pod terminates. */
const BY_NODE = 'TerminationByKubelet';

export function createStaleDisruptions(
  context: ControllerContext,
  informer: Informer<Pod>,
): Runnable {
  const { client, clock } = context;
  const controller = createController({
    ...context,
    name: 'disruption-stale',
    informers: [informer],
    workers: 1,
    async reconcile(key) {
      const pod = informer.lister.get(splitKey(key));
      const dueMs = pod && staleAtMs(pod);
      if (pod === undefined || dueMs === undefined) return {};
      const nowMs = clock.now();
      if (dueMs > nowMs) return { requeueAfterMs: dueMs - nowMs };
      const condition: PodCondition = {
        type: 'DisruptionTarget',
        status: 'False',
        observedGeneration: pod.metadata.generation,
      };
      const conditions = [...setCondition(pod.status?.conditions, condition, formatTime(nowMs))];
      await client.resource(pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
      return {};
    },
  });
  const look = (pod: Pod) => {
    if (staleAtMs(pod) !== undefined) controller.enqueue(keyOf(pod));
  };
  informer.addEventHandler({ add: look, update: (_previous, pod) => look(pod) });
  return controller;
}

/** When the pod's condition stops being believed, in milliseconds. */
function staleAtMs(pod: Pod): number | undefined {
  const condition = findCondition(pod.status?.conditions, 'DisruptionTarget');
  const { phase } = pod.status ?? {};
  if (condition?.status !== 'True' || condition.reason === BY_NODE) return undefined;
  if (isTerminating(pod) || phase === 'Succeeded' || phase === 'Failed') return undefined;
  return (parseTime(condition.lastTransitionTime) ?? 0) + TIMEOUT_MS;
}
