// All that can happen next in a world: to its pods and claims, in the controller's caches, in a
// sync, and by the user's hand.
import { inRange, type Configuration } from './configuration.ts';
import type { Decider, Decision, Effect } from './decision.ts';
import {
  CLAIM,
  FAILED,
  KIND,
  instanceOf,
  kindOf,
  podCode,
  replaceAt,
  revisionOfPod,
  withKind,
  type News,
  type PodKind,
  type Sync,
  type World,
} from './world.ts';

/** `fair` steps happen sooner or later; the others may never happen. */
export type StepKind = 'fair' | 'fault';

export interface Step {
  readonly kind: StepKind;
  readonly label: string;
  readonly next: World;
  /** What the step did to the API that must never happen. */
  readonly broken?: string;
}

/** Every possible next step of a world. */
export function nextSteps(world: World, configuration: Configuration, decider: Decider): Step[] {
  const steps: Step[] = [];
  podSteps(world, configuration, steps);
  claimSteps(world, configuration, steps);
  cacheSteps(world, steps);
  syncSteps(world, { configuration, decider, steps });
  userSteps(world, configuration, steps);
  return steps;
}

function withPod(world: World, { ordinal, code, own }: News): World {
  const gone = kindOf(code) === KIND.absent;
  const sync =
    gone && world.sync
      ? { ...world.sync, replaced: world.sync.replaced | (1 << ordinal) }
      : world.sync;
  return {
    ...world,
    pods: replaceAt(world.pods, ordinal, code),
    podNews: [...world.podNews, { ordinal, code, own }],
    sync,
  };
}

function withClaim(world: World, { ordinal, code, own }: News): World {
  // The controller's own change of a claim is no surprise to its later effects.
  const sync =
    world.sync && !own
      ? {
          ...world.sync,
          claimChanged: world.sync.claimChanged | (1 << ordinal),
        }
      : world.sync;
  return {
    ...world,
    claims: replaceAt(world.claims, ordinal, code),
    claimNews: [...world.claimNews, { ordinal, code, own }],
    sync,
  };
}

const KIND_NAMES = Object.keys(KIND);

/** A deletion without grace for what runs nowhere any more (SS-614). */
function afterDeletion(pod: number): number {
  const gone = kindOf(pod) === KIND.failed;
  return gone ? podCode(KIND.absent, 0, instanceOf(pod)) : withKind(pod, KIND.terminating);
}

function podSteps(world: World, configuration: Configuration, steps: Step[]): void {
  if (world.podNews.length >= configuration.lag) return;
  for (const [ordinal, pod] of world.pods.entries()) {
    for (const [kind, to] of podChanges(pod, configuration)) {
      const code = to === KIND.absent ? podCode(to, 0, instanceOf(pod)) : withKind(pod, to);
      const label = `web-${ordinal} becomes ${KIND_NAMES[to]}`;
      steps.push({ kind, label, next: withPod(world, { ordinal, code, own: false }) });
    }
    const kind = kindOf(pod);
    if (!configuration.faults || kind === KIND.absent || kind === KIND.terminating) continue;
    const next = withPod(world, { ordinal, code: afterDeletion(pod), own: false });
    steps.push({ kind: 'fault', label: `the user deletes web-${ordinal}`, next });
  }
}

/** What can become of a pod by itself. */
function podChanges(pod: number, configuration: Configuration): (readonly [StepKind, PodKind])[] {
  const { faults, breaks, minReady, brokenRevision } = configuration;
  const changes: (readonly [StepKind, PodKind])[] = [];
  const kind = kindOf(pod);
  const running = kind === KIND.young || kind === KIND.ready;
  const starting = kind === KIND.pending || kind === KIND.unready;
  if (starting && revisionOfPod(pod) !== brokenRevision) {
    changes.push(['fair', minReady ? KIND.young : KIND.ready]);
  }
  if (kind === KIND.young) changes.push(['fair', KIND.ready]);
  if (kind === KIND.terminating) changes.push(['fair', KIND.absent]);
  if (faults && running) changes.push(['fault', KIND.unready]);
  if (faults && (running || starting)) changes.push(['fault', KIND.failed]);
  if (breaks && running) changes.push(['fault', KIND.broken]);
  return changes;
}

/** The garbage collector deletes claims whose pod is gone (SS-255). */
function claimSteps(world: World, { lag }: Configuration, steps: Step[]): void {
  if (world.claimNews.length >= lag) return;
  for (const ordinal of world.claims.keys()) {
    if (!isCollectable(world, ordinal)) continue;
    const next = withClaim(world, { ordinal, code: CLAIM.absent, own: false });
    steps.push({ kind: 'fair', label: `the collector deletes data-web-${ordinal}`, next });
  }
}

function isCollectable({ claims, pods }: World, ordinal: number): boolean {
  const claim = claims[ordinal];
  if (claim !== CLAIM.ofPod0 && claim !== CLAIM.ofPod1) return false;
  const pod = pods[ordinal] ?? 0;
  const instance = claim === CLAIM.ofPod0 ? 0 : 1;
  return kindOf(pod) === KIND.absent || instanceOf(pod) !== instance;
}

function cacheSteps(world: World, steps: Step[]): void {
  const [podNews, ...laterPods] = world.podNews;
  if (podNews) {
    const seenPods = replaceAt(world.seenPods, podNews.ordinal, podNews.code);
    const label = `the cache sees web-${podNews.ordinal} ${KIND_NAMES[kindOf(podNews.code)]}`;
    steps.push({ kind: 'fair', label, next: { ...world, seenPods, podNews: laterPods } });
  }
  const [claimNews, ...laterClaims] = world.claimNews;
  if (claimNews) {
    const seenClaims = replaceAt(world.seenClaims, claimNews.ordinal, claimNews.code);
    const label = `the cache sees the change of data-web-${claimNews.ordinal}`;
    steps.push({ kind: 'fair', label, next: { ...world, seenClaims, claimNews: laterClaims } });
  }
  if (world.seenWish !== world.wish) {
    const next = { ...world, seenWish: world.wish };
    steps.push({ kind: 'fair', label: 'the cache sees the new spec', next });
  }
}

interface SyncStepContext {
  readonly configuration: Configuration;
  readonly decider: Decider;
  readonly steps: Step[];
}

function syncSteps(world: World, context: SyncStepContext): void {
  const { decider, steps } = context;
  if (!world.sync) {
    const sync = startOfSync(world, context);
    if (sync) {
      const label = `a sync decides on ${describeView(world)}`;
      steps.push({ kind: 'fair', label, next: { ...world, sync } });
    }
    return;
  }
  const label = 'the controller crashes and starts again';
  steps.push({ kind: 'fault', label, next: afterCrash(world) });
  const decision = decider.decision(world.sync.decision);
  const running = runningTasks(decision, world.sync);
  for (const task of running) effectStep(world, task, context);
  if (running.length === 0) statusSteps(world, decision, steps);
}

function describeView({ seenPods }: World): string {
  const pods = seenPods.map((pod) => {
    const kind = kindOf(pod);
    return kind === KIND.absent ? '-' : `${KIND_NAMES[kind]}@${revisionOfPod(pod)}`;
  });
  return `[${pods.join(', ')}]`;
}

/** Undefined: the caches are too old (SS-801), or nothing would be done. */
function startOfSync(world: World, { configuration, decider }: SyncStepContext): Sync | undefined {
  if (lagsBehindOwnWrites(world)) return undefined;
  const wish = configuration.wishes[world.seenWish];
  if (!wish) return undefined;
  const { stored, seenPods, seenClaims } = world;
  const number = decider.number({ wish, stored, pods: seenPods, claims: seenClaims });
  const { tasks, outcomes } = decider.decision(number);
  const [outcome] = outcomes;
  if (tasks.length === 0 && (!outcome || isStored(world, outcome))) return undefined;
  const gone = ({ code }: { code: number }) => kindOf(code) === KIND.absent;
  const bits = (ordinals: readonly number[]) => ordinals.reduce((all, n) => all | (1 << n), 0);
  return {
    decision: number,
    progress: tasks.map(() => 0),
    replaced: bits(world.podNews.filter(gone).map(({ ordinal }) => ordinal)),
    claimChanged: bits(world.claimNews.map(({ ordinal }) => ordinal)),
  };
}

function isStored({ stored }: World, outcome: World['stored']): boolean {
  return stored.current === outcome.current && stored.currentReplicas === outcome.currentReplicas;
}

/** SS-801. */
function lagsBehindOwnWrites({ podNews, claimNews }: World): boolean {
  return podNews.some(({ own }) => own) || claimNews.some(({ own }) => own);
}

function afterCrash(world: World): World {
  const { wish, pods, claims } = world;
  return {
    ...world,
    seenWish: wish,
    seenPods: pods,
    podNews: [],
    seenClaims: claims,
    claimNews: [],
    sync: undefined,
  };
}

/** Indexes of the tasks whose next effect may reach the API now. */
function runningTasks({ tasks }: Decision, { progress }: Sync): number[] {
  const ended = (index: number) => {
    const done = progress[index] ?? 0;
    return done === FAILED || done >= (tasks[index]?.effects.length ?? 0);
  };
  const indexes = tasks.map((_, index) => index);
  const first = indexes.find((index) => !ended(index));
  if (first === undefined) return [];
  const batch = tasks[first]?.batch ?? 0;
  const failedBefore = indexes.some(
    (index) => progress[index] === FAILED && (tasks[index]?.batch ?? 0) < batch,
  );
  if (failedBefore) return [];
  return indexes.filter((index) => tasks[index]?.batch === batch && !ended(index));
}

function effectStep(world: World, index: number, context: SyncStepContext): void {
  const { decider, configuration, steps } = context;
  const { sync } = world;
  const task = sync && decider.decision(sync.decision).tasks[index];
  const done = sync?.progress[index] ?? 0;
  const effect = task?.effects[done];
  if (!sync || !effect) return;
  const onClaim = effect.type === 'create-claim' || effect.type === 'refer-claim';
  const news = onClaim ? world.claimNews : world.podNews;
  if (effect.type !== 'touch-pod' && news.length >= configuration.lag) return;
  const { next, failed, broken } = applyEffect(world, effect, configuration);
  const progress = replaceAt(sync.progress, index, failed ? FAILED : done + 1);
  const moved = next.sync && { ...next.sync, progress };
  const label = `${effect.type} ${effect.ordinal}${failed ? ' is refused' : ''}`;
  const step: Step = { kind: 'fair', label, next: { ...next, sync: moved } };
  steps.push(broken === undefined ? step : { ...step, broken });
}

interface Applied {
  readonly next: World;
  readonly failed: boolean;
  readonly broken?: string;
}

function applyEffect(world: World, effect: Effect, configuration: Configuration): Applied {
  const { ordinal } = effect;
  const pod = world.pods[ordinal] ?? 0;
  const claim = world.claims[ordinal] ?? 0;
  const refused = { next: world, failed: true };
  switch (effect.type) {
    case 'create-claim':
      if (claim !== CLAIM.absent) return refused;
      return { next: withClaim(world, { ordinal, code: CLAIM.free, own: true }), failed: false };
    case 'refer-claim': {
      const changed = ((world.sync?.claimChanged ?? 0) >> ordinal) & 1;
      if (changed || claim === CLAIM.absent) return refused;
      return { next: withClaim(world, { ordinal, code: effect.to, own: true }), failed: false };
    }
    case 'touch-pod':
      return { next: world, failed: pod !== world.seenPods[ordinal] };
    case 'create-pod': {
      if (kindOf(pod) !== KIND.absent) return refused;
      const claims = configuration.retention !== undefined;
      const instance = claims ? 1 - instanceOf(pod) : 0;
      const kind = claims ? KIND.pending : KIND.unready;
      const code = podCode(kind, effect.revision, instance);
      return { next: withPod(world, { ordinal, code, own: true }), failed: false };
    }
    case 'delete-pod':
      return deletePod(world, effect, configuration);
  }
}

/** SS-654: deleting what is gone succeeds; the uid keeps a successor from harm (SS-807). */
function deletePod(
  world: World,
  { ordinal, guarded }: Extract<Effect, { type: 'delete-pod' }>,
  { awaitsDeletions }: Configuration,
): Applied {
  const pod = world.pods[ordinal] ?? 0;
  const replaced = (((world.sync?.replaced ?? 0) >> ordinal) & 1) === 1;
  const kind = kindOf(pod);
  const nothing = kind === KIND.absent || kind === KIND.terminating || (replaced && guarded);
  if (nothing) return { next: world, failed: false };
  const next = withPod(world, { ordinal, code: afterDeletion(pod), own: awaitsDeletions });
  if (!replaced) return { next, failed: false };
  return { next, failed: false, broken: 'SS-807: a deletion hit the successor of its pod' };
}

/** The write of the status, after all other effects (SS-302, SS-551). */
function statusSteps(world: World, decision: Decision, steps: Step[]): void {
  const { sync } = world;
  if (!sync) return;
  const over = { ...world, sync: undefined };
  const updateDeletions = decision.tasks.filter(
    ({ step, effects }, index) => step === 'update' && sync.progress[index] === effects.length,
  ).length;
  const outcome = decision.outcomes[updateDeletions];
  if (!outcome || isStored(world, outcome)) {
    steps.push({ kind: 'fair', label: 'the sync ends', next: over });
    return;
  }
  // A write on an old spec is a conflict, until the cache sees the new one or the tries are over.
  if (world.seenWish !== world.wish) {
    steps.push({ kind: 'fault', label: 'the status is refused', next: over });
  }
  const next = { ...over, stored: outcome, seenWish: world.wish };
  steps.push({ kind: 'fair', label: 'the status is written', next });
}

function userSteps(world: World, { wishes, wishLag }: Configuration, steps: Step[]): void {
  for (const [wish, { replicas, start, revision }] of wishes.entries()) {
    if (wish === world.wish) continue;
    const label = `the user wants ordinals ${start}…${start + replicas - 1} at ${revision}`;
    const next = { ...world, wish, seenWish: wishLag ? world.seenWish : wish };
    steps.push({ kind: 'fault', label, next });
  }
}

/** True when all that the user wants is there, and the controller has nothing left to do. */
export function isAtRest(world: World, configuration: Configuration, decider: Decider): boolean {
  const { wish, seenWish, podNews, claimNews, sync, pods } = world;
  const wanted = configuration.wishes[wish];
  if (sync || podNews.length > 0 || claimNews.length > 0 || wish !== seenWish || !wanted) {
    return false;
  }
  const reached = pods.every((pod, ordinal) =>
    inRange(wanted, ordinal) ? kindOf(pod) === KIND.ready : kindOf(pod) === KIND.absent,
  );
  if (!reached || !revisionsReached(world, configuration)) return false;
  if (pods.some((_, ordinal) => isCollectable(world, ordinal))) return false;
  return startOfSync(world, { configuration, decider, steps: [] }) === undefined;
}

/** Which pods must be at the wanted template at the end: SS-441, SS-471, SS-495. */
function revisionsReached({ wish, pods, stored }: World, configuration: Configuration): boolean {
  const { strategy, wishes, options } = configuration;
  const wanted = wishes[wish];
  if (!wanted || strategy.type === 'OnDelete') return wanted !== undefined;
  const partition = strategy.rollingUpdate?.partition ?? 0;
  const { start, replicas, revision } = wanted;
  const updated = pods.every(
    (pod, ordinal) =>
      !inRange(wanted, ordinal) || ordinal < start + partition || revisionOfPod(pod) === revision,
  );
  const completes =
    (strategy.type === 'RollingUpdate' || options.emulatedVersion === '1.37') &&
    (partition === 0 || replicas === 0);
  return updated && (!completes || stored.current === revision + 1);
}
