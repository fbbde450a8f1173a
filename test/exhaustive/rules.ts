// The rules that every decision and every state must keep, said a second time and independently of
// the planner: a decision is judged by what it could see.
import { inRange, type Configuration, type Wish } from './configuration.ts';
import type { Decision, Effect, View } from './decision.ts';
import { CLAIM, KIND, kindOf, revisionOfPod, type World } from './world.ts';

interface Case {
  readonly configuration: Configuration;
  readonly view: View;
  /** All pod deletions of the decision. */
  readonly deletions: readonly Deletion[];
  readonly creations: readonly Creation[];
}

type Deletion = Extract<Effect, { type: 'delete-pod' }>;
type Creation = Extract<Effect, { type: 'create-pod' }>;

const podAt = ({ view }: Case, ordinal: number) => view.pods[ordinal] ?? 0;
const isReady = (pod: number) => kindOf(pod) === KIND.ready;

function slots({ replicas, start }: Wish): number[] {
  return Array.from({ length: replicas }, (_, slot) => start + slot);
}

function condemned({ view }: Case): number[] {
  return view.pods.flatMap((pod, ordinal) =>
    kindOf(pod) !== KIND.absent && !inRange(view.wish, ordinal) ? [ordinal] : [],
  );
}

/** The rule that a decision breaks, or undefined. */
export function brokenByDecision(
  configuration: Configuration,
  view: View,
  decision: Decision,
): string | undefined {
  const effects = decision.tasks.flatMap((task) => task.effects);
  const { outcomes } = decision;
  if (outcomes[0] === undefined) return 'SS-546: negative without a deletion';
  const facts: Case = {
    configuration,
    view,
    deletions: effects.filter((effect) => effect.type === 'delete-pod'),
    creations: effects.filter((effect) => effect.type === 'create-pod'),
  };
  return (
    firstOf(facts.creations, (creation) => brokenByCreation(facts, creation)) ??
    firstOf(facts.deletions, (deletion) => brokenByDeletion(facts, deletion)) ??
    brokenBySum(facts)
  );
}

function firstOf<T>(
  items: readonly T[],
  check: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const broken = check(item);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

function brokenByCreation(facts: Case, { ordinal, revision }: Creation): string | undefined {
  const { configuration, view } = facts;
  const { wish, pods } = view;
  if (!inRange(wish, ordinal)) return 'SS-301: a pod outside of the range is created';
  if (kindOf(podAt(facts, ordinal)) !== KIND.absent) return 'SS-402: a pod is created twice';
  const lower = slots(wish).filter((slot) => slot < ordinal);
  const ordered = lower.every((slot) => isReady(podAt(facts, slot)));
  if (configuration.policy === 'OrderedReady' && !ordered) {
    return 'SS-320: a pod is created before all lower ones are available';
  }
  if (revision !== wantedRevision(facts, ordinal)) return 'SS-421: created at another revision';
  const old = (pod: number) => kindOf(pod) !== KIND.absent && revisionOfPod(pod) !== wish.revision;
  if (configuration.strategy.type === 'Recreate' && pods.some(old)) {
    return 'SS-496: created while an old pod exists';
  }
  return undefined;
}

/** SS-421 … SS-424. */
function wantedRevision({ configuration, view }: Case, ordinal: number): number {
  const { strategy } = configuration;
  const { wish, stored } = view;
  if (strategy.type !== 'RollingUpdate') return wish.revision;
  const atCurrent = strategy.rollingUpdate?.partition ?? stored.currentReplicas;
  const current = stored.current === 0 ? wish.revision : stored.current - 1;
  return ordinal - wish.start < atCurrent ? current : wish.revision;
}

function brokenByDeletion(facts: Case, { ordinal, why }: Deletion): string | undefined {
  const { configuration, view } = facts;
  const kind = kindOf(podAt(facts, ordinal));
  if (why === 'update' && isCreatedOld(facts, ordinal)) return undefined;
  if (kind === KIND.absent || kind === KIND.terminating) {
    return 'SS-306: what is gone or going is deleted';
  }
  const within = inRange(view.wish, ordinal);
  if (why === 'terminal') {
    if (kind === KIND.failed && within) return undefined;
    return 'SS-306: a pod that did not fail is replaced';
  }
  if (why === 'condemned') {
    if (within) return 'SS-329: a pod of the range is condemned';
    return configuration.policy === 'Parallel' ? undefined : brokenScaleDown(facts, ordinal);
  }
  if (revisionOfPod(podAt(facts, ordinal)) === view.wish.revision) {
    return 'SS-401: a pod of the update revision is deleted for the update';
  }
  if (configuration.strategy.type === 'Recreate') return undefined;
  if (!within) return 'SS-431: a pod outside of the range is deleted for the update';
  return brokenRollout(facts, ordinal);
}

/** SS-422: what a sync creates at the current revision, its own update step may delete again. */
function isCreatedOld({ creations, view }: Case, ordinal: number): boolean {
  return creations.some(
    (creation) => creation.ordinal === ordinal && creation.revision !== view.wish.revision,
  );
}

/** SS-328 … SS-335. */
function brokenScaleDown(facts: Case, ordinal: number): string | undefined {
  const { wish } = facts.view;
  if (!slots(wish).every((slot) => isReady(podAt(facts, slot)))) {
    return 'SS-335: scaled down while a slot is not settled';
  }
  const going = condemned(facts);
  if (ordinal !== Math.max(...going)) return 'SS-330: not the highest condemned pod';
  const unavailable = going.filter((other) => !isReady(podAt(facts, other)));
  if (!isReady(podAt(facts, ordinal)) && ordinal !== Math.min(...unavailable)) {
    return 'SS-332: an unavailable pod that is not the first one is deleted';
  }
  return undefined;
}

/** SS-340, SS-433, SS-441, SS-471. */
function brokenRollout(facts: Case, ordinal: number): string | undefined {
  const { configuration, view } = facts;
  const { strategy, policy } = configuration;
  if (strategy.type === 'OnDelete') return 'SS-471: deleted for an update under OnDelete';
  const partition = strategy.rollingUpdate?.partition ?? 0;
  if (ordinal - view.wish.start < partition) return 'SS-441: deleted below the partition';
  if (policy === 'Parallel') return undefined;
  if (condemned(facts).length > 0) return 'SS-340: updated before the scale-down is over';
  if (!slots(view.wish).every((slot) => isReady(podAt(facts, slot)))) {
    return 'SS-433: updated while a slot is unavailable';
  }
  return undefined;
}

/** What one sync may do altogether. */
function brokenBySum(facts: Case): string | undefined {
  const { configuration, deletions, creations } = facts;
  const { policy, strategy, options } = configuration;
  const count = (why: string) => deletions.filter((deletion) => deletion.why === why).length;
  if (policy === 'OrderedReady') {
    if (creations.length > 1) return 'SS-308: two pods are created in one sync';
    if (count('condemned') > 1) return 'SS-330: two condemned pods are deleted in one sync';
  }
  if (strategy.type !== 'RollingUpdate') return undefined;
  if (!options.maxUnavailable) {
    return count('update') > 1 ? 'SS-431: two pods are deleted for the update' : undefined;
  }
  return brokenBudget(facts);
}

/** SS-453, SS-456: pods that were unavailable anyway cost nothing in the first phase of 1.37. */
function brokenBudget(facts: Case): string | undefined {
  const { configuration, view, deletions } = facts;
  const unavailable = slots(view.wish).filter((slot) => !isReady(podAt(facts, slot))).length;
  const budget = Math.max(maxUnavailableOf(configuration) - unavailable, 0);
  const twoPhases =
    configuration.options.emulatedVersion === '1.37' && configuration.policy === 'Parallel';
  const charged = deletions.filter(
    ({ why, ordinal }) => why === 'update' && !(twoPhases && !isReady(podAt(facts, ordinal))),
  );
  if (charged.length <= budget) return undefined;
  return `SS-453: ${charged.length} deletions with a budget of ${budget}`;
}

function maxUnavailableOf({ strategy, options }: Configuration): number {
  return options.maxUnavailable ? Number(strategy.rollingUpdate?.maxUnavailable ?? 1) : 1;
}

/** The rule that the API itself shows to be broken, however old the caches were; or undefined. */
export function brokenByState(configuration: Configuration, world: World): string | undefined {
  return (
    brokenMix(configuration, world) ??
    brokenPartition(configuration, world) ??
    brokenAvailability(configuration, world) ??
    brokenRetention(configuration, world)
  );
}

/** SS-496. */
function brokenMix({ strategy }: Configuration, { pods }: World): string | undefined {
  if (strategy.type !== 'Recreate') return undefined;
  const existing = pods.filter((pod) => kindOf(pod) !== KIND.absent).map(revisionOfPod);
  return new Set(existing).size > 1 ? 'SS-496: old and new pods run together' : undefined;
}

/** SS-441, SS-444: pods below the partition stay at the revision they began with. */
function brokenPartition(configuration: Configuration, { pods }: World): string | undefined {
  const { strategy, settled, wishes } = configuration;
  const partition = strategy.rollingUpdate?.partition ?? 0;
  // Condemned pods can make up the numbers of SS-481, and so move the current revision.
  const same = wishes.every(
    ({ start, replicas }) => start === 0 && replicas > 0 && replicas === wishes[0]?.replicas,
  );
  if (!settled || !same) return undefined;
  const moved = pods.findIndex(
    (pod, slot) => slot < partition && kindOf(pod) !== KIND.absent && revisionOfPod(pod) !== 0,
  );
  return moved < 0 ? undefined : `SS-444: web-${moved} is below the partition and was updated`;
}

/**
 * Without faults, a rollout never takes away more than it may, and OrderedReady never has more than
 * one pod on its way (SS-320, SS-330, SS-453).
 */
function brokenAvailability(configuration: Configuration, world: World): string | undefined {
  const { policy, strategy, faults, breaks, settled, wishes, brokenRevision } = configuration;
  const rolls = strategy.type === 'RollingUpdate' || strategy.type === 'OnDelete';
  const calm = settled && !faults && !breaks && brokenRevision === undefined && rolls;
  if (!calm || wishes.some(({ start }) => start > 0)) return undefined;
  const scaled = wishes.some(({ replicas }) => replicas !== wishes[0]?.replicas);
  const updated = wishes.some(({ revision }) => revision !== wishes[0]?.revision);
  // A scale-down does not wait for a lower pod that an update took away (SS-330).
  if (scaled && updated) return undefined;
  if (policy === 'Parallel' && (scaled || !configuration.options.maxUnavailable)) return undefined;
  const highest = world.pods.findLastIndex((pod) => kindOf(pod) !== KIND.absent);
  const top = scaled ? highest + 1 : world.pods.length;
  const away = world.pods.slice(0, top).filter((pod) => !isReady(pod)).length;
  const allowed = maxUnavailableOf(configuration);
  return away > allowed ? `SS-453: ${away} pods away, ${allowed} allowed` : undefined;
}

/** SS-255: a claim goes only when the policy says so and its pod was condemned. */
function brokenRetention(configuration: Configuration, world: World): string | undefined {
  const { retention, wishes, settled } = configuration;
  if (!retention || !settled) return undefined;
  const kept = world.claims.findIndex((claim, ordinal) => {
    const always = wishes.every((wish) => inRange(wish, ordinal));
    const begun = wishes[0] !== undefined && inRange(wishes[0], ordinal);
    return claim === CLAIM.absent && begun && (always || retention.whenScaled === 'Retain');
  });
  return kept < 0 ? undefined : `SS-255: data-web-${kept} is lost`;
}
