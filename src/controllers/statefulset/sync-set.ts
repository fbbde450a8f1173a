// One sync of one set, in the order of SS-301.
import type { ControllerRevision, Pod, StatefulSet } from '../../api/generated/types.ts';
import { matches, type Selector } from '../../api/meta/labels.ts';
import { keyOf, nameOf, namespaceOf, splitKey, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNamespaceTerminating, isNotFound } from '../../api/meta/status-error.ts';
import { controllerRevisions, statefulSets } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import {
  TransientError,
  type EventRecorder,
  type ReconcileResult,
} from '../../client/controller-context.ts';
import { applyPlan } from './apply-plan.ts';
import type { TrackedCache, WriteLog } from './cache-freshness.ts';
import { adoptRevisions, claimPods, type OwnershipContext } from './ownership.ts';
import { revisionOf } from './plan/identity.ts';
import { startsRecreation } from './plan/plan-recreate.ts';
import { plan } from './plan/plan.ts';
import {
  belongsTo,
  currentRevisionOf,
  type decideUpdateRevision,
  revisionsToTruncate,
  sortRevisions,
} from './plan/revisions.ts';
import type { EngineOptions, Plan, Snapshot } from './plan/snapshot.ts';
import { setSelector } from './plan/set-selector.ts';
import { finishStatus, nextAvailabilityCheckMs } from './plan/status.ts';
import { createSetEvents } from './set-events.ts';
import type { SetCaches } from './set-caches.ts';
import { ensureUpdateRevision } from './update-revision.ts';
import { writeStatus } from './write-status.ts';

export interface SyncContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly caches: SetCaches;
  readonly writes: WriteLog;
  readonly options: EngineOptions;
  readonly decide: typeof decideUpdateRevision;
  /** Told of every sync that is skipped because of an old cache (SS-801). */
  readonly onStale: (cache: TrackedCache) => void;
  /** Told that the set of a key is gone: nothing is to be remembered of it (SS-802). */
  readonly onGone: (key: string) => void;
  /** Told of every decision, before it is carried out. */
  readonly onPlan: (snapshot: Snapshot, plan: Plan) => void;
}

/** Reconciles the set of `key`. Throws to be called again with back-off. */
export async function syncSet(key: string, context: SyncContext): Promise<ReconcileResult | void> {
  const { caches, writes, logger } = context;
  const { waitsForOwnWrites = true } = context.options;
  const stale = waitsForOwnWrites ? writes.staleCache(key, caches.versions()) : undefined;
  if (stale) {
    context.onStale(stale);
    throw new TransientError(`the cache of ${stale} is older than the last write for ${key}`);
  }
  const set = caches.sets.get(splitKey(key));
  if (!set) {
    context.onGone(key);
    return;
  }
  // Its pods would be collected as soon as they are made; the cache's own event wakes it up.
  if (writes.isGone({ key, uid: uidOf(set) })) return;
  const selector = setSelector(set);
  if (!selector) {
    logger.error('the selector of the set can not be parsed', { set: key }); // SS-839: no retry
    return;
  }
  return await syncSelected(set, selector, context);
}

async function syncSelected(
  set: StatefulSet,
  selector: Selector,
  context: SyncContext,
): Promise<ReconcileResult | void> {
  const { client, caches, writes, clock, options, decide } = context;
  const nowMs = clock.now();
  const ownership: OwnershipContext = { client, set, selector, writes };

  const listed = revisionsOf(set, selector, caches.revisions(set));
  const adopted = await adoptRevisions(listed, ownership);
  const pods = await claimPods(caches.candidatePods(set), ownership);
  const sorted = sortRevisions(adopted);

  const update = await ensureUpdateRevision(set, sorted, { client, decide });
  const current = currentRevisionOf(set, update.sorted, update.revision);
  const revisions = { current, update: update.revision, collisionCount: update.collisionCount };
  const claim = (name: string) => caches.claims.get({ namespace: namespaceOf(set), name });
  const snapshot: Snapshot = { set, revisions, pods, claim, nowMs, options };
  const decided = plan(snapshot);
  context.onPlan(snapshot, decided);
  const { status, error } = await carryOut(set, decided, context);
  await truncate(set, { sorted, pods, live: [current, update.revision] }, context);
  if (error !== undefined) throw namespaceIsGoing(error) ? transient(error) : error;
  const checkMs = nextAvailabilityCheckMs(set, { status, pods, nowMs: clock.now() });
  return checkMs === undefined ? undefined : { requeueAfterMs: checkMs };
}

/** True when all that failed was refused because the namespace is being deleted. */
function namespaceIsGoing(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(namespaceIsGoing);
  const { cause } = error as { cause?: unknown };
  return isNamespaceTerminating(error) || (cause !== undefined && namespaceIsGoing(cause));
}

const transient = (cause: unknown) => new TransientError(errorMessage(cause), { cause });

function revisionsOf(
  set: StatefulSet,
  selector: Selector,
  all: readonly ControllerRevision[],
): ControllerRevision[] {
  return all.filter(
    (revision) => belongsTo(set, revision) && matches(selector, revision.metadata.labels),
  );
}

/** Applies the plan and writes the status, also after an error (SS-302, SS-553). */
async function carryOut(set: StatefulSet, decided: Plan, context: SyncContext) {
  const { client, writes, recorder, options, clock, caches } = context;
  const events = createSetEvents(recorder, set);
  if (startsRecreation(set, decided.status)) events.recreateStarted();
  const namespace = namespaceOf(set);
  const cachedPod = (name: string) => caches.pods.get({ namespace, name });
  const apply = { client, set, writes, events, clock, cachedPod };
  const applied = await applyPlan(decided, apply);
  const { updateDeletions } = applied;
  const error = decided.refusal === undefined ? applied.error : new Error(decided.refusal);
  const status = finishStatus(set, decided.status, { updateDeletions, options });
  const cached = () => caches.sets.get({ namespace, name: nameOf(set) });
  try {
    const written = await writeStatus(set, status, { client, clock, cached });
    if (written) writes.record({ key: keyOf(set), uid: uidOf(set) }, 'sets', written);
    return { status, error };
  } catch (statusError) {
    if (isConflict(statusError) || isNotFound(statusError)) await noteIfGone(set, context);
    return { status, error: error ?? statusError };
  }
}

/** Finds out whether the API still has this set, or another one of its name. Never throws. */
async function noteIfGone(set: StatefulSet, { client, writes }: SyncContext): Promise<void> {
  const [key, uid] = [keyOf(set), uidOf(set)];
  try {
    const fresh = await client.resource(statefulSets).get(splitKey(key));
    if (uidOf(fresh) !== uid) writes.recordGone({ key, uid });
  } catch (error) {
    if (isNotFound(error)) writes.recordGone({ key, uid });
  }
}

/** SS-531 … SS-533. */
async function truncate(
  set: StatefulSet,
  history: {
    sorted: readonly ControllerRevision[];
    pods: readonly Pod[];
    live: readonly ControllerRevision[];
  },
  { client }: SyncContext,
): Promise<void> {
  const live = new Set([...history.live.map(nameOf), ...history.pods.map(revisionOf)]);
  for (const revision of revisionsToTruncate(set, history.sorted, live)) {
    const name = { namespace: namespaceOf(revision), name: nameOf(revision) };
    try {
      await client.resource(controllerRevisions).delete(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
