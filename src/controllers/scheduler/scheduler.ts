// The scheduler: gives every pod without a node the best of those that fit it. Deciding is
// synchronous, so pods are decided on one after the other; writing goes on in parallel.
import { keyOf, splitKey } from '../../api/meta/object.ts';
import { namespaces, nodes, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import { ClusterState, isWaiting, SCHEDULER_NAME } from './cluster-state.ts';
import { PendingPods } from './pending-pods.ts';
import { claimKeys } from './plan/pod-facts.ts';
import { schedulePod, type SchedulingContext } from './schedule-pod.ts';
import { nodeEvents, podEvents, watchVolumes } from './scheduler-events.ts';
import {
  createVolumeInformers,
  createVolumeView,
  VolumeReservations,
} from './volume-reservations.ts';

/** Bindings under way at once. */
const WORKERS = 32;
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
  const component = SCHEDULER_NAME;
  const recorder = createEventRecorder({ client, clock, random, logger, component });
  const volumeView = createVolumeView(volumes, state, reservations);
  const scheduling: SchedulingContext = {
    client,
    clock,
    recorder,
    state,
    reservations,
    pending,
    pod: (key) => podInformer.lister.get(splitKey(key)),
    view: () => ({
      nodes: state.nodes(),
      avoiding: state.avoiding(),
      namespaceLabels: (name) => namespaceInformer.lister.get({ name })?.metadata.labels,
      volumes: volumeView,
    }),
  };
  const controller = createController({
    name: 'scheduler',
    reconcile: (key) => schedulePod(key, scheduling),
    informers: [podInformer, nodeInformer, namespaceInformer, ...Object.values(volumes)],
    workers: WORKERS,
    clock,
    logger,
  });
  const enqueue = (key: string) => controller.enqueue(key);
  const wake = () => pending.wake((key, delayMs) => controller.enqueueAfter(key, delayMs));
  const wakeUsers = (claimKey: string) => {
    for (const pod of podInformer.lister.byIndex(UNPLACED_BY_CLAIM, claimKey)) enqueue(keyOf(pod));
  };
  const unsubscribe = [
    podInformer.addEventHandler(podEvents({ enqueue, state, pending, wake })),
    nodeInformer.addEventHandler(nodeEvents(state, wake)),
    ...watchVolumes(volumes, { reservations, wake, wakeUsers }),
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
