// The StatefulSet engine as a process: the real controller, informers and leader election, with an
// audit that looks over its shoulder.
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../src/api/resources.ts';
import { createInformerFactory } from '../../src/client/informer-factory.ts';
import { createManager } from '../../src/client/manager.ts';
import type { EngineOptions } from '../../src/controllers/statefulset/plan/snapshot.ts';
import { createStatefulSetController } from '../../src/controllers/statefulset/statefulset-controller.ts';
import { followCache } from './cache-check.ts';
import type { EngineAudit } from './engine-audit.ts';
import type { History } from './history.ts';
import { internalErrors } from './internal-errors.ts';
import { factoryOf, type PlantedBug } from './planted-bugs.ts';
import type { Program } from './supervised-process.ts';
import type { World } from './world.ts';

export interface EngineProgramOptions {
  readonly world: World;
  readonly history: History;
  readonly audit: EngineAudit;
  readonly engine: EngineOptions;
  readonly leaderElection: boolean;
  readonly bug: PlantedBug | undefined;
  /** Leadership is lost: the process ends. */
  readonly onLost: () => void;
}

const LOCK = { namespace: 'kube-system', name: 'statefulset-engine' };

export function engineProgram(options: EngineProgramOptions): Program {
  const { world, history, audit, engine, bug } = options;
  return ({ process, client, random, life }) => {
    const { clock, name } = process;
    const logger = internalErrors(world, name);
    const informers = createInformerFactory({ client, clock, random, logger });
    const sets = informers.informer(statefulSets);
    const caches = {
      sets,
      pods: informers.informer(pods),
      claims: informers.informer(persistentVolumeClaims),
    };
    audit.begin({
      sets: () => sets.resourceVersion,
      pods: () => caches.pods.resourceVersion,
      claims: () => caches.claims.resourceVersion,
    });
    const context = { client, informers: factoryOf(informers, bug), clock, random, logger };
    const onPlan: typeof audit.plan = (snapshot, plan) => audit.plan(snapshot, plan);
    const controller = createStatefulSetController(context, { ...engine, onPlan });
    const revisions = informers.informer(controllerRevisions);
    const followed = { world, history };
    const checks = [
      followCache(name, caches.sets, followed),
      followCache(name, caches.pods, followed),
      followCache(name, caches.claims, followed),
      followCache(name, revisions, followed),
    ];
    world.checks.push(...checks);
    const identity = `${name}-${life}`;
    const election = { client, lock: LOCK, identity, clock, random, logger };
    const manager = createManager({
      informers,
      controllers: [controller],
      ...(options.leaderElection
        ? { leaderElection: { ...election, onLost: options.onLost } }
        : {}),
    });
    void manager.start();
    return () => {
      for (const check of checks) world.checks.splice(world.checks.indexOf(check), 1);
    };
  };
}
