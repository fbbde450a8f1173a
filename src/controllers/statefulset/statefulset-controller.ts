// The StatefulSet controller: which events queue which sets (section 15 of the rules), and the
// workers.
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { matches } from '../../api/meta/labels.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import {
  controllerOf,
  isTerminating,
  keyOf,
  nameOf,
  namespaceOf,
  uidOf,
} from '../../api/meta/object.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Controller, ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import { WriteLog } from './cache-freshness.ts';
import { isRunningReady } from './plan/pod-state.ts';
import { setSelector } from './plan/set-selector.ts';
import type { EngineOptions, Plan, Snapshot, Wait } from './plan/snapshot.ts';
import { createSetCaches, type SetCaches } from './set-caches.ts';
import { WaitIndex } from './wait-index.ts';
import { syncSet } from './sync-set.ts';

export interface StatefulSetControllerOptions extends EngineOptions {
  /** Sets synced at once; default 5 (SS-806). */
  readonly workers?: number;
  /** Told of every decision before it is carried out: for audits of the engine. */
  readonly onPlan?: (snapshot: Snapshot, plan: Plan) => void;
}

export interface StatefulSetController extends Runnable {
  /** What the set of `namespace/name` waits for since its last sync. */
  waits(key: string): readonly Wait[];
}

export function createStatefulSetController(
  context: ControllerContext,
  options: StatefulSetControllerOptions,
): StatefulSetController {
  const { client, clock, random, logger } = context;
  const caches = createSetCaches(context.informers);
  const writes = new WriteLog();
  const component = 'statefulset-controller';
  const recorder = createEventRecorder({ client, clock, random, logger, component });
  const waits = new WaitIndex();
  const onPlan = (snapshot: Snapshot, plan: Plan) => {
    waits.set(keyOf(snapshot.set), plan.waits);
    options.onPlan?.(snapshot, plan);
  };
  const controller = createController({
    name: 'statefulset',
    reconcile: (key) =>
      syncSet(key, { client, clock, logger, recorder, caches, writes, options, onPlan }),
    informers: Object.values(caches.informers),
    workers: options.workers ?? 5,
    clock,
    logger,
  });
  const unsubscribe = subscribe(controller, caches, waits);
  return {
    waits: (key) => waits.of(key),
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

function subscribe(controller: Controller, caches: SetCaches, waits: WaitIndex): (() => void)[] {
  const enqueue = (set: StatefulSet) => controller.enqueue(keyOf(set));
  const podEvents = createPodEvents(controller, caches);
  return [
    caches.informers.sets.addEventHandler({
      add: enqueue,
      update: (_previous, set) => enqueue(set),
      delete: (set) => {
        waits.delete(keyOf(set));
        enqueue(set);
      },
    }),
    caches.informers.pods.addEventHandler(podEvents),
    caches.informers.claims.addEventHandler(claimEvents(controller, waits)),
  ];
}

/** SS-576, SS-577, SS-832, SS-834. */
function createPodEvents(controller: Controller, caches: SetCaches) {
  const ownerOf = (pod: Pod): StatefulSet | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'StatefulSet') return undefined;
    const set = caches.sets.get({ namespace: namespaceOf(pod), name: reference.name });
    return set && uidOf(set) === reference.uid ? set : undefined;
  };
  const enqueueOwner = (pod: Pod): StatefulSet | undefined => {
    const set = ownerOf(pod);
    if (set) controller.enqueue(keyOf(set));
    return set;
  };
  const enqueueMatching = (pod: Pod) => {
    if (Object.keys(pod.metadata.labels ?? {}).length === 0) return;
    for (const set of caches.sets.list(namespaceOf(pod))) {
      const selector = setSelector(set);
      if (selector && matches(selector, pod.metadata.labels)) controller.enqueue(keyOf(set));
    }
  };
  return {
    add(pod: Pod) {
      if (controllerOf(pod)) enqueueOwner(pod);
      else if (!isTerminating(pod)) enqueueMatching(pod);
    },
    update(previous: Pod, pod: Pod) {
      if (previous.metadata.resourceVersion === pod.metadata.resourceVersion) return;
      const controllerChanged = controllerOf(previous)?.uid !== controllerOf(pod)?.uid;
      if (controllerChanged) enqueueOwner(previous);
      if (controllerOf(pod)) {
        const set = enqueueOwner(pod);
        const minReadySeconds = set?.spec?.minReadySeconds ?? 0;
        if (set && minReadySeconds > 0 && !isRunningReady(previous) && isRunningReady(pod)) {
          controller.enqueueAfter(keyOf(set), minReadySeconds * 1000);
        }
        return;
      }
      const labelsChanged = !semanticEqual(previous.metadata.labels, pod.metadata.labels);
      if (labelsChanged || controllerChanged) enqueueMatching(pod);
    },
    delete: (pod: Pod) => void enqueueOwner(pod),
  };
}

/**
 * A set that waits for a claim wakes up when the claim changes or goes (upstream does not: SS-259).
 */
function claimEvents(controller: Controller, waits: WaitIndex) {
  const wake = (claim: PersistentVolumeClaim) => {
    const object = `PersistentVolumeClaim/${nameOf(claim)}`;
    for (const key of waits.waitingFor(namespaceOf(claim), object)) controller.enqueue(key);
  };
  return {
    update: (_previous: PersistentVolumeClaim, claim: PersistentVolumeClaim) => wake(claim),
    delete: wake,
  };
}
