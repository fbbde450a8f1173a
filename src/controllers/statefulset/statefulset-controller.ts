// The StatefulSet controller: its caches, its queue and its workers.
import { keyOf } from '../../api/meta/object.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import { WriteLog, type TrackedCache } from './cache-freshness.ts';
import { rebuildsTheSame, revisionDecider } from './plan/revisions.ts';
import type { EngineOptions, Plan, Snapshot, Wait } from './plan/snapshot.ts';
import { rememberPositive } from './rebuild-memory.ts';
import { createSetCaches } from './set-caches.ts';
import { createSetMetrics } from './set-metrics.ts';
import { subscribeTriggers } from './set-triggers.ts';
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
  const metrics = createSetMetrics(context.metrics);
  const { comparesRebuilt = true } = options;
  const rebuilds = comparesRebuilt ? rememberPositive(rebuildsTheSame) : () => false;
  const decide = revisionDecider(rebuilds);
  const onPlan = (snapshot: Snapshot, plan: Plan) => {
    waits.set(keyOf(snapshot.set), plan.waits);
    metrics.planned(snapshot.set, plan);
    options.onPlan?.(snapshot, plan);
  };
  const onStale = (cache: TrackedCache) => metrics.skipped(cache);
  const onGone = (key: string) => {
    writes.forget(key);
    waits.delete(key);
    metrics.gone(key);
  };
  const effects = { client, clock, logger, recorder };
  const sync = { ...effects, caches, writes, options, decide, onPlan, onStale, onGone };
  const controller = createController({
    name: 'statefulset',
    reconcile: (key) => syncSet(key, sync),
    informers: Object.values(caches.informers),
    workers: options.workers ?? 5,
    clock,
    logger,
  });
  const unsubscribe = subscribeTriggers(controller, caches, waits);
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
