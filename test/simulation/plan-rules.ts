// What every decision of the engine must keep to, whatever it sees: written from the rules, not
// from the planner. Pure: a snapshot and a plan go in, the broken rule comes out.
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { controllerOf, nameOf, uidOf } from '../../src/api/meta/object.ts';
import { parseTime } from '../../src/base/time.ts';
import type { Action, Plan, Snapshot } from '../../src/controllers/statefulset/plan/snapshot.ts';

interface Seen {
  readonly snapshot: Snapshot;
  readonly actions: readonly Action[];
  readonly start: number;
  readonly replicas: number;
  readonly monotonic: boolean;
  /** Pods by slot. */
  readonly slots: readonly (Pod | undefined)[];
  /** Ascending ordinals. */
  readonly condemned: readonly Pod[];
}

type DeleteAction = Extract<Action, { type: 'delete-pod' }>;
type Rule = (seen: Seen) => string | undefined;

/** Every rule by name. */
export const planRules: Readonly<Record<string, Rule>> = {
  onlyOwnPods,
  restWhileDeleted,
  createInOrder,
  createAtRevision,
  scaleDownInOrder,
  recreateAlone,
  updateInOrder,
  updateWithinBudget,
  deleteByUid,
  claimsByPolicy,
};

/** The first rule that the plan breaks. */
export function brokenRule(
  snapshot: Snapshot,
  plan: Plan,
): { rule: string; message: string } | undefined {
  const seen = look(snapshot, plan);
  for (const [rule, check] of Object.entries(planRules)) {
    const message = check(seen);
    if (message !== undefined) return { rule, message };
  }
  return undefined;
}

function look(snapshot: Snapshot, plan: Plan): Seen {
  const { spec } = snapshot.set;
  const start = spec?.ordinals?.start ?? 0;
  const replicas = spec?.replicas ?? 1;
  const slots: (Pod | undefined)[] = Array.from({ length: replicas }, () => undefined);
  const condemned: Pod[] = [];
  for (const pod of snapshot.pods) {
    const ordinal = ordinalOf(nameOf(pod));
    if (ordinal >= start && ordinal < start + replicas) slots[ordinal - start] = pod;
    else if (ordinal >= 0) condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(nameOf(a)) - ordinalOf(nameOf(b)));
  const actions = plan.stages.flatMap(({ tasks }) => tasks.flatMap((task) => task.actions));
  const monotonic = spec?.podManagementPolicy !== 'Parallel';
  return { snapshot, actions, start, replicas, monotonic, slots, condemned };
}

/** SS-114. */
export function ordinalOf(podName: string): number {
  const digits = /^.*-([0-9]+)$/.exec(podName)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return pod.status?.phase === 'Running' && ready?.status === 'True';
}

/** Ready for minReadySeconds, and not on its way out. */
function isSettled(pod: Pod | undefined, { set, nowMs }: Snapshot): boolean {
  return pod !== undefined && pod.metadata.deletionTimestamp === undefined && isUp(pod, set, nowMs);
}

/** SS-544. */
export function isUp(pod: Pod, set: StatefulSet, nowMs: number): boolean {
  if (!isReady(pod)) return false;
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const sinceMs = parseTime(ready?.lastTransitionTime);
  const seconds = set.spec?.minReadySeconds ?? 0;
  return seconds === 0 || (sinceMs !== undefined && sinceMs + seconds * 1000 <= nowMs);
}

function deletions({ actions }: Seen, why: DeleteAction['why']): DeleteAction[] {
  return actions.filter(
    (action): action is DeleteAction => action.type === 'delete-pod' && action.why === why,
  );
}

function isCreated({ actions }: Seen, podName: string): boolean {
  return actions.some((action) => action.type === 'create-pod' && nameOf(action.pod) === podName);
}

const revisionOf = (pod: Pod) => pod.metadata.labels?.['controller-revision-hash'] ?? '';

/** SS-561 … SS-564. */
function onlyOwnPods({ snapshot }: Seen): string | undefined {
  const { set, pods } = snapshot;
  const stranger = pods.find((pod) => controllerOf(pod)?.uid !== uidOf(set));
  return stranger && `${nameOf(stranger)} is not controlled by the set`;
}

/** SS-606. */
function restWhileDeleted({ snapshot, actions }: Seen): string | undefined {
  if (snapshot.set.metadata.deletionTimestamp === undefined || actions.length === 0)
    return undefined;
  return `${actions.length} actions for a set that is being deleted`;
}

/** SS-303, SS-308, SS-320, SS-325. */
function createInOrder(seen: Seen): string | undefined {
  const { actions, start, slots, monotonic, snapshot } = seen;
  const created = actions.flatMap((action) => (action.type === 'create-pod' ? [action.pod] : []));
  for (const pod of created) {
    const slot = ordinalOf(nameOf(pod)) - start;
    if (slot < 0 || slot >= slots.length) return `${nameOf(pod)} is out of range`;
    if (slots[slot]) return `${nameOf(pod)} exists`;
    const unsettled = slots.slice(0, slot).findIndex((lower) => !isSettled(lower, snapshot));
    if (monotonic && unsettled >= 0) return `${nameOf(pod)} before slot ${unsettled} is settled`;
  }
  if (monotonic && created.length > 1) return `${created.length} pods created at once`;
  return undefined;
}

/** SS-421 … SS-424. */
function createAtRevision({ snapshot, actions, start }: Seen): string | undefined {
  const { set, revisions } = snapshot;
  const strategy = set.spec?.updateStrategy;
  const boundary =
    strategy?.type !== 'RollingUpdate'
      ? 0
      : strategy.rollingUpdate === undefined
        ? (set.status?.currentReplicas ?? 0)
        : (strategy.rollingUpdate.partition ?? 0);
  for (const action of actions) {
    if (action.type !== 'create-pod') continue;
    const isBelow = ordinalOf(nameOf(action.pod)) < start + boundary;
    const wanted = nameOf(isBelow ? revisions.current : revisions.update);
    if (revisionOf(action.pod) !== wanted) return `${nameOf(action.pod)} is not at ${wanted}`;
  }
  return undefined;
}

/** SS-329 … SS-336. */
function scaleDownInOrder(seen: Seen): string | undefined {
  const { monotonic, slots, condemned, snapshot } = seen;
  const gone = deletions(seen, 'condemned');
  for (const { name } of gone) {
    if (!condemned.some((pod) => nameOf(pod) === name)) return `${name} is not condemned`;
  }
  if (!monotonic || gone.length === 0) return undefined;
  const highest = condemned.at(-1);
  if (gone.length > 1 || gone[0]?.name !== (highest && nameOf(highest))) {
    return `${gone.map(({ name }) => name).join(', ')} before the highest`;
  }
  const unsettled = slots.findIndex((pod) => !isSettled(pod, snapshot));
  if (unsettled >= 0) return `${gone[0]?.name} before slot ${unsettled} is settled`;
  const firstUnsettled = condemned.find((pod) => !isSettled(pod, snapshot));
  if (highest === undefined || isSettled(highest, snapshot) || highest === firstUnsettled) {
    return undefined;
  }
  return `${nameOf(highest)} is unhealthy, and not the first`;
}

/** SS-495, SS-496: old and new never run together. */
function recreateAlone(seen: Seen): string | undefined {
  const { snapshot, actions } = seen;
  if (!isRecreate(seen)) return undefined;
  const update = nameOf(snapshot.revisions.update);
  const old = snapshot.pods.filter((pod) => revisionOf(pod) !== update).map(nameOf);
  const created = actions.find((action) => action.type === 'create-pod');
  if (created && old.length > 0) return `a creation while ${old.join(', ')} are there`;
  const wrong = deletions(seen, 'update').find(({ name }) => !old.includes(name));
  return wrong && `${wrong.name} is at the update revision already`;
}

function isRecreate({ snapshot }: Seen): boolean {
  return snapshot.set.spec?.updateStrategy?.type === 'Recreate';
}

/** SS-431 … SS-444, SS-340, SS-471. */
function updateInOrder(seen: Seen): string | undefined {
  const { snapshot, slots, start, monotonic, condemned } = seen;
  const gone = deletions(seen, 'update');
  if (gone.length === 0 || isRecreate(seen)) return undefined;
  const { set, revisions } = snapshot;
  if (set.spec?.updateStrategy?.type === 'OnDelete') return 'an update under OnDelete';
  if (monotonic && condemned.length > 0) return 'an update before scale-down is done';
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const update = nameOf(revisions.update);
  const going = new Set(gone.map(({ name }) => name));
  for (const { name } of gone) {
    const slot = ordinalOf(name) - start;
    const pod = slots[slot];
    if (slot < partition) return `${name} is below partition ${partition}`;
    // Made at the old revision by this very plan (section 21 on SS-422).
    if (!pod && isCreated(seen, name)) continue;
    if (!pod) return `${name} has no pod`;
    if (revisionOf(pod) === update) return `${name} is at the update revision already`;
    if (pod.metadata.deletionTimestamp !== undefined) return `${name} is going already`;
    const higher = slots.slice(slot + 1);
    const passed = higher.find(
      (other) =>
        other !== undefined &&
        revisionOf(other) !== update &&
        isSettled(other, snapshot) &&
        !going.has(nameOf(other)),
    );
    if (passed && isSettled(pod, snapshot)) return `${name} before ${nameOf(passed)}`;
  }
  return undefined;
}

/** SS-431 … SS-433, SS-451 … SS-456. */
function updateWithinBudget(seen: Seen): string | undefined {
  const { snapshot, slots, monotonic, replicas } = seen;
  const gone = deletions(seen, 'update').map(({ name }) => name);
  if (gone.length === 0 || isRecreate(seen)) return undefined;
  const unavailable = slots.filter((pod) => !isSettled(pod, snapshot));
  if (monotonic && unavailable.length > 0)
    return `an update with ${unavailable.length} unavailable`;
  const { maxUnavailable: gate, emulatedVersion } = snapshot.options;
  if (!gate) {
    // Parallel may replace an old pod that is unavailable anyway (SS-434), one a sync.
    return gone.length > 1 ? `${gone.length} updates in one sync` : undefined;
  }
  const budget = maxUnavailable(snapshot.set, replicas) - unavailable.length;
  const twoPhases = emulatedVersion === '1.37' && !monotonic;
  const counted = twoPhases
    ? gone.filter((name) =>
        slots.some((pod) => pod && nameOf(pod) === name && isSettled(pod, snapshot)),
      )
    : gone;
  if (counted.length <= Math.max(budget, 0)) return undefined;
  return `${counted.length} available pods with a budget of ${budget}`;
}

/** SS-451. */
export function maxUnavailable({ spec }: StatefulSet, replicas: number): number {
  const value = spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  if (typeof value === 'number') return value;
  return Math.max(Math.floor((parseInt(value, 10) * replicas) / 100), 1);
}

/** SS-807, stricter than upstream. */
function deleteByUid(seen: Seen): string | undefined {
  for (const action of seen.actions) {
    if (action.type !== 'delete-pod') continue;
    const pod = seen.snapshot.pods.find((candidate) => nameOf(candidate) === action.name);
    if (!pod && isCreated(seen, action.name)) continue;
    if (!pod) return `${action.name} is not there`;
    if (action.uid !== uidOf(pod)) return `${action.name} is deleted without its uid`;
    const terminal = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
    if (action.why === 'terminal' && !terminal) return `${action.name} has not ended`;
  }
  return undefined;
}

/** SS-251 … SS-254, SS-265: references that the engine writes are those of the table. */
function claimsByPolicy({ actions, snapshot, start, replicas }: Seen): string | undefined {
  const { set } = snapshot;
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  for (const action of actions) {
    if (action.type === 'delete-pod') continue;
    const { podName, update } = action.claims;
    const ordinal = ordinalOf(podName);
    const condemned = ordinal < start || ordinal >= start + replicas;
    const byPod = condemned && policy?.whenScaled === 'Delete';
    const bySet = !byPod && policy?.whenDeleted === 'Delete';
    for (const claim of update) {
      const refs = ownersOf(claim);
      if (refs.has(uidOf(set)) && !bySet) return `${nameOf(claim)} is given to the set`;
      const pod = snapshot.pods.find((candidate) => nameOf(candidate) === podName);
      if (pod && refs.has(uidOf(pod)) && !byPod) return `${nameOf(claim)} is given to ${podName}`;
    }
  }
  return undefined;
}

function ownersOf(claim: PersistentVolumeClaim): Set<string> {
  return new Set(claim.metadata.ownerReferences?.map(({ uid }) => uid));
}
