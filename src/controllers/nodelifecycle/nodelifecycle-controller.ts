// Watches over nodes: conditions of silent ones become Unknown and their pods not ready, taints
// follow conditions, old labels follow new ones (SS-941).
import type { Lease, Node, Pod } from '../../api/generated/types.ts';
import { findCondition } from '../../api/meta/conditions.ts';
import { keyOf, nameOf, splitKey } from '../../api/meta/object.ts';
import { leases, nodes, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { changeTaints, type NodeWriter } from './change-node.ts';
import { markPodsNotReady, type PodMarker } from './mark-pods-not-ready.ts';
import { LEASE_NAMESPACE, NodeMonitor } from './node-monitor.ts';
import type { GracePeriods } from './plan/node-health.ts';
import { planLabels } from './plan/label-change.ts';
import { planNoSchedule } from './plan/taint-change.ts';

export interface NodeMonitorPeriods extends GracePeriods {
  /** Between two looks at all nodes, in milliseconds. */
  readonly periodMs: number;
}

/** The reference's defaults. */
export const NODE_MONITOR_PERIODS: NodeMonitorPeriods = {
  periodMs: 5000,
  graceMs: 50_000,
  startupGraceMs: 60_000,
};

const BY_NODE = 'nodelifecycle/node';
/** Keys of the monitor's queue. */
const LOOK = 'look';
const TAINT = 'taint';
/** While nodes wait for taints that are due later. */
const TAINT_PERIOD_MS = 100;
const NODE_WORKERS = 8;
const POD_WORKERS = 4;

export function createNodeLifecycleController(
  context: ControllerContext,
  periods: NodeMonitorPeriods = NODE_MONITOR_PERIODS,
): Runnable {
  const { informers } = context;
  const recorder = createEventRecorder({ ...context, component: 'node-controller' });
  const nodeInformer = informers.informer(nodes);
  const podInformer = informers.informer(pods);
  const leaseInformer = informers.informer<Lease>(leases, { namespace: LEASE_NAMESPACE });
  podInformer.addIndex(BY_NODE, nodesOf);
  const monitor = new NodeMonitor({
    ...context,
    ...periods,
    recorder,
    nodes: nodeInformer.lister,
    leases: leaseInformer.lister,
    podsOf: (name) => podInformer.lister.byIndex(BY_NODE, name),
  });
  const all = [nodeInformer, podInformer, leaseInformer];
  const looks = createController({
    ...context,
    name: 'node-lifecycle',
    informers: all,
    workers: 1,
    async reconcile(key) {
      if (key === LOOK) {
        await monitor.pass();
        if (monitor.hasTaintsToSet) looks.enqueue(TAINT);
        return { requeueAfterMs: periods.periodMs };
      }
      await monitor.taintDue();
      return monitor.hasTaintsToSet ? { requeueAfterMs: TAINT_PERIOD_MS } : {};
    },
  });
  const nodeChanges = createController({
    ...context,
    name: 'node-lifecycle-nodes',
    informers: all,
    workers: NODE_WORKERS,
    reconcile: (name) => followConditions(context, nodeInformer.lister.get({ name })),
  });
  const lagging = createController({
    ...context,
    name: 'node-lifecycle-pods',
    informers: all,
    workers: POD_WORKERS,
    reconcile: (key) =>
      markIfSilent({ ...context, recorder }, podInformer.lister.get(splitKey(key)), monitor),
  });
  watchNodes(nodeInformer, {
    follow: (node) => nodeChanges.enqueue(nameOf(node)),
    look: () => looks.enqueue(LOOK),
  });
  watchPlacements(podInformer, (pod) => {
    if (isSilent(monitor, pod)) lagging.enqueue(keyOf(pod));
  });
  return joined([recorder, nodeChanges, lagging, looks], () => looks.enqueue(LOOK));
}

/** Calls `follow` for every change, and `look` for those that do not wait for the next look. */
function watchNodes(
  informer: Informer<Node>,
  { follow, look }: { follow: (node: Node) => void; look: () => void },
): void {
  informer.addEventHandler({
    add(node) {
      follow(node);
      look();
    },
    update(previous, node) {
      follow(node);
      if (!isReady(previous) && isReady(node)) look();
    },
    delete: look,
  });
}

/** Calls `placed` when a pod shows up on a node. */
function watchPlacements(informer: Informer<Pod>, placed: (pod: Pod) => void): void {
  informer.addEventHandler({
    add: placed,
    update(previous, pod) {
      if (previous.spec?.nodeName !== pod.spec?.nodeName) placed(pod);
    },
  });
}

/** Started in order, stopped in the opposite one; `whenStarted` is called last. */
function joined(parts: readonly Runnable[], whenStarted: () => void): Runnable {
  return {
    async start() {
      for (const part of parts) await part.start();
      whenStarted();
    },
    async stop() {
      for (const part of parts.toReversed()) await part.stop();
    },
  };
}

function nodesOf({ spec }: Pod): string[] {
  return spec?.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName];
}

function isReady({ status }: Node): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}

async function followConditions(writer: NodeWriter, node: Node | undefined): Promise<void> {
  if (node === undefined) return;
  await changeTaints(writer, node, planNoSchedule);
  const labels = planLabels(node);
  if (labels === undefined) return;
  const body = { metadata: { uid: node.metadata.uid, labels } };
  const name = { name: nameOf(node) };
  await writer.client.resource(nodes).patch(name, { type: 'merge', body });
}

function isSilent(monitor: NodeMonitor, { spec }: Pod): boolean {
  const ready = monitor.readyOf(spec?.nodeName ?? '');
  return ready !== undefined && ready !== 'True';
}

/** A pod that came to its node after the node fell silent. */
async function markIfSilent(
  marker: PodMarker,
  pod: Pod | undefined,
  monitor: NodeMonitor,
): Promise<void> {
  if (pod !== undefined && isSilent(monitor, pod)) await markPodsNotReady(marker, [pod]);
}
