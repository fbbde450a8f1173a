// Evicts pods from nodes with NoExecute taints once their tolerations have run out (SS-943).
import type { Node, Pod, PodCondition } from '../../api/generated/types.ts';
import { findCondition, setCondition } from '../../api/meta/conditions.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { keyOf, nameOf, namespaceOf, splitKey, uidOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { nodes, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext, ReconcileResult } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { noExecute, planEviction } from './plan/plan-eviction.ts';

const BY_NODE = 'tainteviction/node';
const REASON = 'DeletionByTaintManager';
const WORKERS = 8;

export function createTaintEvictionController(context: ControllerContext): Runnable {
  const { client, informers, clock } = context;
  const component = 'taint-eviction-controller';
  const recorder = createEventRecorder({ ...context, component });
  const nodeInformer = informers.informer(nodes);
  const podInformer = informers.informer(pods);
  podInformer.addIndex(BY_NODE, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
  /** Pods whose time runs: since when, in milliseconds. By uid: a name may come back. */
  const running = new Map<string, number>();

  const taintsOf = (pod: Pod) =>
    noExecute(nodeInformer.lister.get({ name: pod.spec?.nodeName ?? '' })?.spec?.taints);
  const tell = (pod: Pod, what: string) => {
    const message = `${what} ${keyOf(pod)}`;
    recorder.event(pod, 'Normal', { reason: 'TaintManagerEviction', message });
  };
  const cancel = (pod: Pod) => {
    if (running.delete(uidOf(pod))) tell(pod, 'Cancelling deletion of Pod');
  };
  const controller = createController({
    ...context,
    name: 'taint-eviction',
    informers: [nodeInformer, podInformer],
    workers: WORKERS,
    async reconcile(key): Promise<ReconcileResult> {
      const pod = podInformer.lister.get(splitKey(key));
      if (pod === undefined) return {};
      const uid = uidOf(pod);
      const taints = taintsOf(pod);
      const tolerations = pod.spec?.tolerations ?? [];
      const nowMs = clock.now();
      const plan = planEviction({ taints, tolerations, sinceMs: running.get(uid), nowMs });
      if (plan.do === 'wait') {
        if (!running.has(uid)) running.set(uid, nowMs);
        return { requeueAfterMs: plan.untilMs - nowMs };
      }
      if (plan.do === 'stay') cancel(pod);
      else if (!isEvicted(pod)) {
        // Its time was counted, and counts no more.
        if (!plan.tolerated) cancel(pod);
        const onMarked = () => tell(pod, 'Marking for deletion Pod');
        await evict(client, pod, { now: formatTime(nowMs), onMarked });
        running.delete(uid);
      }
      return {};
    },
  });
  const look = (pod: Pod) => {
    if (running.has(uidOf(pod)) || taintsOf(pod).length > 0) controller.enqueue(keyOf(pod));
  };
  watchPods(podInformer, { look, cancel });
  watchTaints(nodeInformer, (node) => {
    for (const pod of podInformer.lister.byIndex(BY_NODE, nameOf(node))) {
      controller.enqueue(keyOf(pod));
    }
  });
  return {
    async start() {
      await recorder.start();
      await controller.start();
    },
    async stop() {
      await controller.stop();
      await recorder.stop();
    },
  };
}

/** `look`: something that matters here has changed; `cancel`: the pod is gone. */
function watchPods(
  informer: Informer<Pod>,
  { look, cancel }: { look: (pod: Pod) => void; cancel: (pod: Pod) => void },
): void {
  informer.addEventHandler({
    add: look,
    update(previous, pod) {
      // A pod deleted and made again between two lists shows as an update.
      const isOther = uidOf(previous) !== uidOf(pod);
      if (isOther) cancel(previous);
      const isSame =
        !isOther &&
        previous.spec?.nodeName === pod.spec?.nodeName &&
        semanticEqual(previous.spec?.tolerations, pod.spec?.tolerations);
      if (!isSame) look(pod);
    },
    delete: cancel,
  });
}

/** Calls `changed` when the NoExecute taints of a node are others than before. */
function watchTaints(informer: Informer<Node>, changed: (node: Node) => void): void {
  const of = (node: Node) => noExecute(node.spec?.taints);
  informer.addEventHandler({
    add(node) {
      if (of(node).length > 0) changed(node);
    },
    update(previous, node) {
      if (!semanticEqual(of(previous), of(node))) changed(node);
    },
    delete: changed,
  });
}

/** It terminates already, and says why. */
function isEvicted(pod: Pod): boolean {
  const target = findCondition(pod.status?.conditions, 'DisruptionTarget');
  return pod.metadata.deletionTimestamp !== undefined && target?.reason === REASON;
}

/** Says why on the pod, then deletes it as anybody would; `onMarked` is called in between. */
async function evict(
  client: Client,
  pod: Pod,
  { now, onMarked }: { now: string; onMarked: () => void },
): Promise<void> {
  const resource = client.resource(pods);
  const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
  try {
    const newest = await resource.get(name);
    if (uidOf(newest) !== uidOf(pod)) return;
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: REASON,
      message: 'Taint manager: deleting due to NoExecute taint',
      observedGeneration: newest.metadata.generation,
    };
    const conditions = [...setCondition(newest.status?.conditions, condition, now)];
    await resource.updateStatus({ ...newest, status: { ...newest.status, conditions } });
    onMarked();
    await resource.delete(name, { preconditions: { uid: uidOf(pod) } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
