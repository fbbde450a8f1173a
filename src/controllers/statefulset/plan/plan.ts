// Decides one sync of a StatefulSet: pure, ordered, and with a reason for everything that waits.
// The steps are those of SS-301; apply.ts carries them out.
import { planCondemned, planCondemnedClaims } from './plan-condemned.ts';
import { planReplicas } from './plan-replicas.ts';
import { planUpdate } from './plan-update.ts';
import { layOut } from './slots.ts';
import type { Plan, Snapshot, Stage, Wait } from './snapshot.ts';
import { countStatus } from './status.ts';

/** The plan of one sync. Same snapshot, same plan. */
export function plan(snapshot: Snapshot): Plan {
  const { set } = snapshot;
  const status = countStatus(snapshot);
  // SS-606: a set that is being deleted only keeps its status.
  if (set.metadata.deletionTimestamp !== undefined) return { stages: [], status, waits: [] };

  const monotonic = set.spec?.podManagementPolicy !== 'Parallel';
  const order = monotonic ? 'serial' : 'slow-start';
  const layout = layOut(snapshot);
  const stages: Stage[] = [];
  const waits: Wait[] = [];

  const replicas = planReplicas(snapshot, layout.slots, monotonic);
  stages.push({ step: 'replicas', order, tasks: replicas.tasks });
  waits.push(...replicas.waits);
  if (replicas.stopped) return finish(stages, status, waits);

  const claims = planCondemnedClaims(snapshot, layout.condemned);
  stages.push({ step: 'condemned-claims', order, tasks: claims });

  const condemned = planCondemned(snapshot, layout, monotonic);
  stages.push({ step: 'condemned', order, tasks: condemned.tasks });
  waits.push(...condemned.waits);
  if (condemned.stopped) return finish(stages, status, waits);

  const update = planUpdate(snapshot, layout.slots, monotonic);
  stages.push({ step: 'update', order: 'serial', tasks: update.tasks });
  waits.push(...update.waits);
  return finish(stages, status, waits);
}

function finish(stages: readonly Stage[], status: Plan['status'], waits: readonly Wait[]): Plan {
  return { stages: stages.filter((stage) => stage.tasks.length > 0), status, waits };
}
