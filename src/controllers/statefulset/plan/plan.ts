// Decides one sync of a StatefulSet: pure, ordered, and with a reason for everything that waits.
// The steps are those of SS-301; apply-plan.ts carries them out.
import type { StatefulSet } from '../../../api/generated/types.ts';
import { condemnedWaits, planCondemned, planCondemnedClaims } from './plan-condemned.ts';
import { planRecreate, recreateProgress } from './plan-recreate.ts';
import { planReplicas } from './plan-replicas.ts';
import { completionWait, heldUpdates, maxUnavailableOf, planUpdate } from './plan-update.ts';
import { layOut, type Layout } from './slots.ts';
import type { Plan, Snapshot, Stage, Wait } from './snapshot.ts';
import { countStatus } from './status.ts';
import { ownWait, setObject, type Blocker } from './waits.ts';

/** The plan of one sync. Same snapshot, same plan. */
export function plan(snapshot: Snapshot): Plan {
  const { set } = snapshot;
  const counted = countStatus(snapshot);
  // SS-606: a set that is being deleted only keeps its status.
  if (set.metadata.deletionTimestamp !== undefined) {
    return {
      stages: [],
      status: counted,
      waits: [ownWait('SetTerminating', setObject(snapshot))],
    };
  }
  const layout = layOut(snapshot);
  if (set.spec?.updateStrategy?.type === 'Recreate') {
    const recreation = planRecreate(snapshot, layout, counted);
    if (recreation) return recreation;
  }
  const status = recreateProgress(snapshot, counted);
  const { stages, waits } = planSteps(snapshot, layout);
  const completion = completionWait(snapshot, status);
  return {
    stages: stages.filter((stage) => stage.tasks.length > 0),
    status,
    waits: completion ? [...waits, completion] : waits,
    ...(snapshot.options.maxUnavailable ? { budget: budgetOf(set, layout) } : {}),
  };
}

function budgetOf(set: StatefulSet, { slots }: Layout): NonNullable<Plan['budget']> {
  const unavailable = slots.reduce((sum, slot) => sum + (slot.unavailable ? 1 : 0), 0);
  return { maxUnavailable: maxUnavailableOf(set), unavailable };
}

/** Slots, then condemned pods, then the update; in monotonic mode each step must be done first. */
function planSteps(snapshot: Snapshot, layout: Layout): { stages: Stage[]; waits: Wait[] } {
  const monotonic = snapshot.set.spec?.podManagementPolicy !== 'Parallel';
  const order = monotonic ? 'serial' : 'slow-start';
  const { slots, condemned } = layout;

  const replicas = planReplicas(snapshot, slots, monotonic);
  const stages: Stage[] = [{ step: 'replicas', order, tasks: replicas.tasks }];
  const waits: Wait[] = replicas.waits;
  if (replicas.blocker) {
    waits.push(...condemnedWaits(condemned, 'SlotsFirst', replicas.blocker));
    waits.push(...updatesAfter(snapshot, layout, replicas.blocker));
    return { stages, waits };
  }
  const claims = planCondemnedClaims(snapshot, condemned);
  stages.push({ step: 'condemned-claims', order, tasks: claims });

  const scaleDown = planCondemned(snapshot, layout, monotonic);
  stages.push({ step: 'condemned', order, tasks: scaleDown.tasks });
  waits.push(...scaleDown.waits);
  if (scaleDown.blocker) {
    waits.push(...updatesAfter(snapshot, layout, scaleDown.blocker));
    return { stages, waits };
  }
  const update = planUpdate(snapshot, slots, monotonic);
  stages.push({ step: 'update', order: 'serial', tasks: update.tasks });
  waits.push(...update.waits);
  return { stages, waits };
}

/** SS-340. */
function updatesAfter(snapshot: Snapshot, { slots }: Layout, blocker: Blocker): Wait[] {
  return heldUpdates(snapshot, slots, { gate: 'ScalingFirst', blocker });
}
