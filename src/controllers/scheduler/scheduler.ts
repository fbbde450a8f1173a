// The scheduler: gives every pod without a node the best of those that fit it. The decision is
// synchronous, so pods are decided on one after the other; writing goes on in parallel.
import type { Node, Pod, PodCondition } from '../../api/generated/types.ts';
import { findCondition, isConditionTrue, setCondition } from '../../api/meta/conditions.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { isTerminating, keyOf, nameOf, namespaceOf, splitKey } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { namespaces, nodes, pods } from '../../api/resources.ts';
import { formatTime } from '../../base/time.ts';
import type { Runnable } from '../../base/runnable.ts';
import type {
  Controller,
  ControllerContext,
  EventRecorder,
} from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import { bindPod, promiseVolumes } from './bind-pod.ts';
import { ClusterState, hasEnded } from './cluster-state.ts';
import { PendingPods } from './pending-pods.ts';
import { chooseNode, type ClusterView } from './plan/choose-node.ts';
import { claimKeys, podFacts } from './plan/pod-facts.ts';
import {
  createVolumeInformers,
  createVolumeView,
  VolumeReservations,
  type VolumeInformers,
} from './volume-reservations.ts';

const NAME = 'default-scheduler';
/** Bindings under way at once. */
const WORKERS = 32;
/** A pod without a node is looked at again after this, even if nothing has changed. */
const RETRY_MS = 300_000;
const UNPLACED_BY_CLAIM = 'claim of unplaced pod';

/** Serves pods whose schedulerName is `default-scheduler`. */
export function createScheduler(context: ControllerContext): Runnable {
  const { client, clock, random, logger, informers } = context;
  const podInformer = informers.informer(pods);
  podInformer.addIndex(UNPLACED_BY_CLAIM, (pod) => (isWaiting(pod) ? claimKeys(pod) : []));
  const nodeInformer = informers.informer(nodes);
  const namespaceInformer = informers.informer(namespaces);
  const volumes = createVolumeInformers(informers);
  const state = new ClusterState();
  const reservations = new VolumeReservations();
  const pending = new PendingPods();
  const recorder = createEventRecorder({ client, clock, random, logger, component: NAME });
  const volumeView = createVolumeView(volumes, state, reservations);
  const view = (): ClusterView => ({
    nodes: state.nodes(),
    avoiding: state.avoiding(),
    namespaceLabels: (name) => namespaceInformer.lister.get({ name })?.metadata.labels,
    volumes: volumeView,
  });

  const reconcile = async (key: string) => {
    if (state.isConfirmed(key)) return;
    const pod = podInformer.lister.get(splitKey(key));
    state.forget(key);
    if (!pod || !isWaiting(pod)) return pending.delete(key);
    const facts = podFacts(pod);
    const decision = chooseNode(facts, view());
    if (!decision.node) {
      const isNews = pending.fail(key, decision.message);
      await reportUnschedulable(pod, decision.message, { context, recorder, isNews });
      return { requeueAfterMs: RETRY_MS };
    }
    const node = decision.node.name;
    state.assume(facts, node);
    try {
      if (decision.volumes.reserve.length + decision.volumes.provision.length > 0) {
        await promiseVolumes(decision.volumes, node, { client, reservations });
        // The claim's next change brings the pod back here; until then it keeps its place.
        return { requeueAfterMs: RETRY_MS };
      }
      await bindPod(client, pod, node);
      state.confirm(key);
    } catch (error) {
      state.forget(key);
      if (isNotFound(error) && !podInformer.lister.get(splitKey(key))) return;
      throw error;
    }
    pending.delete(key);
    const message = `Successfully assigned ${namespaceOf(pod)}/${nameOf(pod)} to ${node}`;
    recorder.event(pod, 'Normal', { reason: 'Scheduled', message });
  };

  const controller = createController({
    name: 'scheduler',
    reconcile,
    informers: [podInformer, nodeInformer, namespaceInformer, ...Object.values(volumes)],
    workers: WORKERS,
    clock,
    logger,
  });
  const wake = () => pending.wake((key, delayMs) => controller.enqueueAfter(key, delayMs));
  const unsubscribe = [
    podInformer.addEventHandler(podEvents({ controller, state, pending, wake })),
    nodeInformer.addEventHandler(nodeEvents(state, wake)),
    ...watchVolumes(volumes, {
      reservations,
      wake,
      wakeUsers(claimKey) {
        for (const pod of podInformer.lister.byIndex(UNPLACED_BY_CLAIM, claimKey)) {
          controller.enqueue(keyOf(pod));
        }
      },
    }),
  ];
  return {
    async start() {
      await recorder.start();
      await controller.start();
    },
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
      await recorder.stop();
    },
  };
}

/** True for a pod that this scheduler has to place. */
function isWaiting(pod: Pod): boolean {
  const { nodeName = '', schedulerName = NAME, schedulingGates = [] } = pod.spec ?? {};
  return (
    nodeName === '' &&
    schedulerName === NAME &&
    schedulingGates.length === 0 &&
    !isTerminating(pod) &&
    !hasEnded(pod)
  );
}

/** Condition and event tell the user why, when there is something new to tell. */
async function reportUnschedulable(
  pod: Pod,
  message: string,
  options: { context: ControllerContext; recorder: EventRecorder; isNews: boolean },
): Promise<void> {
  const { context, recorder, isNews } = options;
  if (isNews) recorder.event(pod, 'Warning', { reason: 'FailedScheduling', message });
  const old = findCondition(pod.status?.conditions, 'PodScheduled');
  if (old?.status === 'False' && old.message === message) return;
  const now = formatTime(context.clock.now());
  const [condition] = setCondition<PodCondition>(
    old ? [old] : [],
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
    now,
  );
  try {
    await context.client.resource(pods).patch(
      { namespace: namespaceOf(pod), name: nameOf(pod), subresource: 'status' },
      {
        type: 'strategic',
        body: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } },
      },
    );
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

interface PodEventContext {
  readonly controller: Controller;
  readonly state: ClusterState;
  readonly pending: PendingPods;
  wake(): void;
}

function podEvents({ controller, state, pending, wake }: PodEventContext) {
  return {
    add(pod: Pod) {
      state.setPod(pod);
      if (isWaiting(pod)) controller.enqueue(keyOf(pod));
    },
    update(previous: Pod, pod: Pod) {
      state.setPod(pod);
      const wasPlaced = (previous.spec?.nodeName ?? '') !== '';
      if (isWaiting(pod)) {
        const changed =
          !semanticEqual(previous.spec, pod.spec) ||
          !semanticEqual(previous.metadata.labels, pod.metadata.labels);
        if (changed) controller.enqueue(keyOf(pod));
        return;
      }
      pending.delete(keyOf(pod));
      const frees = wasPlaced && !hasEnded(previous) && hasEnded(pod);
      if (frees || !wasPlaced) wake();
    },
    delete(pod: Pod) {
      state.deletePod(keyOf(pod));
      pending.delete(keyOf(pod));
      wake();
    },
  };
}

function nodeEvents(state: ClusterState, wake: () => void) {
  return {
    add(node: Node) {
      state.setNode(node);
      wake();
    },
    update(previous: Node, node: Node) {
      if (semanticEqual(placementOf(previous), placementOf(node))) return;
      state.setNode(node);
      wake();
    },
    delete(node: Node) {
      state.deleteNode(nameOf(node));
      wake();
    },
  };
}

/** What of a node bears on placement; heartbeats do not. */
function placementOf({ metadata, spec, status }: Node): object {
  const { labels, deletionTimestamp } = metadata;
  const ready = isConditionTrue(status?.conditions, 'Ready');
  return { labels, deletionTimestamp, spec, allocatable: status?.allocatable, ready };
}

interface VolumeEventContext {
  readonly reservations: VolumeReservations;
  wake(): void;
  wakeUsers(claimKey: string): void;
}

function watchVolumes(
  { claims, volumes, classes }: VolumeInformers,
  { reservations, wake, wakeUsers }: VolumeEventContext,
): (() => void)[] {
  return [
    claims.addEventHandler({
      add: (claim) => wakeUsers(keyOf(claim)),
      update: (_previous, claim) => wakeUsers(keyOf(claim)),
      delete: (claim) => wakeUsers(keyOf(claim)),
    }),
    volumes.addEventHandler({
      add: wake,
      update(_previous, volume) {
        reservations.onVolume(volume);
        const reference = volume.spec?.claimRef;
        if (reference) wakeUsers(`${reference.namespace ?? ''}/${reference.name ?? ''}`);
        else wake();
      },
      delete(volume) {
        reservations.release(nameOf(volume));
        wake();
      },
    }),
    classes.addEventHandler({ add: wake, update: wake }),
  ];
}
