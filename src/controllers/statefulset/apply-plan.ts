// Carries out a plan: the only place where the engine writes pods and claims.
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { persistentVolumeClaims, pods } from '../../api/resources.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import type { TrackedCache, WriteLog } from './cache-freshness.ts';
import { repairPod } from './plan/plan-replicas.ts';
import type { Action, ClaimChanges, Plan, Stage, Task } from './plan/snapshot.ts';
import type { SetEvents } from './set-events.ts';
import { joinErrors, slowStart } from './slow-start.ts';

/** SS-809: 4 tries, 10 ms x 5 apart. */
const CONFLICT_TRIES_MAX = 4;
const CONFLICT_DELAY_MS = 10;
const CONFLICT_DELAY_FACTOR = 5;

export interface ApplyContext {
  readonly client: Client;
  readonly set: StatefulSet;
  readonly writes: WriteLog;
  readonly events: SetEvents;
  readonly clock: Clock;
  /** Reads a pod of the set's namespace from the cache again, after a conflict. */
  readonly cachedPod: (name: string) => Pod | undefined;
}

export interface ApplyResult {
  /** Pods deleted by the update step, for SS-546. */
  readonly updateDeletions: number;
  /** What ended the work early, if anything did. */
  readonly error: unknown;
}

/** Runs the stages in order up to the first one with an error (SS-302). Never throws. */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<ApplyResult> {
  let updateDeletions = 0;
  const run = async (stage: Stage, task: Task) => {
    for (const action of task.actions) await applyAction(action, context);
    if (stage.step === 'update') updateDeletions += task.actions.length;
  };
  try {
    for (const stage of plan.stages) {
      if (stage.order === 'slow-start') await slowStart(stage.tasks, (task) => run(stage, task));
      else for (const task of stage.tasks) await run(stage, task);
    }
    return { updateDeletions, error: undefined };
  } catch (error) {
    return { updateDeletions, error };
  }
}

function applyAction(action: Action, context: ApplyContext): Promise<void> {
  switch (action.type) {
    case 'create-pod':
      return createPod(action.pod, action.claims, context);
    case 'repair-claims':
      return repairClaims(action.claims, context);
    case 'update-pod':
      return updatePod(action.pod, action.claims, context);
    case 'update-claims':
      return updateClaims(action.claims, context);
    case 'delete-pod':
      return deletePod(action, context);
  }
}

/** SS-208, SS-651 … SS-655. */
async function createPod(pod: Pod, claims: ClaimChanges, context: ApplyContext): Promise<void> {
  const { client, events } = context;
  try {
    await createClaims(claims, context);
  } catch (error) {
    events.pod('Create', nameOf(pod), error);
    throw error;
  }
  let failure: unknown;
  try {
    record(context, 'pods', await client.resource(pods).create(pod));
  } catch (error) {
    if (isAlreadyExists(error)) throw error;
    failure = error;
  }
  if (failure === undefined) await updateClaimsOrReport(claims, context);
  events.pod('Create', nameOf(pod), failure);
  if (failure !== undefined) throw failure;
}

/** SS-212, SS-656. */
async function repairClaims(claims: ClaimChanges, context: ApplyContext): Promise<void> {
  await createClaims(claims, context);
  await updateClaimsOrReport(claims, context);
}

async function updateClaimsOrReport(claims: ClaimChanges, context: ApplyContext): Promise<void> {
  try {
    await updateClaims(claims, context);
  } catch (error) {
    context.events.pod('Update', claims.podName, error);
    throw error;
  }
}

/** SS-313, SS-658: one event, however many tries it takes. */
async function updatePod(pod: Pod, claims: ClaimChanges, context: ApplyContext): Promise<void> {
  const { events } = context;
  try {
    await createClaims(claims, context);
    await updateClaims(claims, context);
    await writeIdentity(pod, context);
  } catch (error) {
    events.pod('Update', nameOf(pod), error);
    throw error;
  }
  events.pod('Update', nameOf(pod));
}

/** SS-809: after a conflict the same repair is made on the pod that the cache has by then. */
async function writeIdentity(pod: Pod, context: ApplyContext): Promise<void> {
  const { client, set, clock, cachedPod } = context;
  let next = pod;
  for (let tries = 1, delayMs = CONFLICT_DELAY_MS; ; tries++, delayMs *= CONFLICT_DELAY_FACTOR) {
    try {
      record(context, 'pods', await client.resource(pods).update(next));
      return;
    } catch (error) {
      if (!isConflict(error) || tries === CONFLICT_TRIES_MAX) throw error;
    }
    await sleep(clock, delayMs);
    const cached = cachedPod(nameOf(pod));
    if (!cached || uidOf(cached) !== uidOf(pod)) continue;
    next = repairPod(set, cached);
    if (next === cached) return; // repaired by someone else
  }
}

/** All templates are tried and the errors joined (SS-208, SS-210, SS-211). */
async function createClaims(claims: ClaimChanges, context: ApplyContext): Promise<void> {
  const errors: unknown[] = claims.terminating.map(
    (name) => new Error(`pvc ${name} is being deleted`),
  );
  for (const claim of claims.create) {
    try {
      record(
        context,
        'claims',
        await context.client.resource(persistentVolumeClaims).create(claim),
      );
      context.events.claim(claims.podName, claim);
    } catch (error) {
      context.events.claim(claims.podName, claim, error);
      const message = `failed to create PVC ${nameOf(claim)}: ${errorMessage(error)}`;
      errors.push(new Error(message, { cause: error }));
    }
  }
  if (errors.length > 0) throw joinErrors(errors);
}

async function updateClaims(claims: ClaimChanges, context: ApplyContext): Promise<void> {
  for (const name of claims.conflicting) context.events.conflictingController(name);
  for (const claim of claims.update) await updateClaim(claim, context);
}

async function updateClaim(claim: PersistentVolumeClaim, context: ApplyContext): Promise<void> {
  try {
    record(context, 'claims', await context.client.resource(persistentVolumeClaims).update(claim));
  } catch (error) {
    throw new Error(
      `could not update claim ${nameOf(claim)} for delete policy ownerRefs: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}

/**
 * SS-338, SS-654; the uid keeps a decision on an old pod from hitting its successor (SS-807).
 * Unlike upstream, the next sync waits until the cache knows of the deletion: a rollout that is
 * turned round in between would take one pod more than it may (test/exhaustive).
 */
async function deletePod(
  { name, uid }: { name: string; uid: string | undefined },
  context: ApplyContext,
): Promise<void> {
  const { client, set, events } = context;
  const options = uid === undefined || uid === '' ? {} : { preconditions: { uid } };
  try {
    const deleted = await client
      .resource(pods)
      .delete({ namespace: namespaceOf(set), name }, options);
    if ('spec' in deleted) record(context, 'pods', deleted);
  } catch (error) {
    // Another pod of the name by now, or a race: the next sync decides on what is there.
    if (isConflict(error)) throw error;
    if (!isNotFound(error)) {
      events.pod('Delete', name, error);
      throw error;
    }
  }
  events.pod('Delete', name);
}

function record(
  { writes, set }: ApplyContext,
  cache: TrackedCache,
  written: Pod | PersistentVolumeClaim,
): void {
  writes.record({ key: keyOf(set), uid: uidOf(set) }, cache, written);
}
