// Where the StatefulSet waits for its user for ever, by its own rules. A search must find exactly
// these dead ends.
import { inRange, type Configuration, type Wish } from './configuration.ts';
import { KIND, kindOf, revisionOfPod, type World } from './world.ts';

/**
 * The rule by which nothing goes on any more in a world where pods and caches have come to rest;
 * undefined: something must go on, or all is done.
 */
export function waitsForUser(configuration: Configuration, world: World): string | undefined {
  const wish = configuration.wishes[world.wish];
  if (!wish || !isQuiet(configuration, world)) return undefined;
  // SS-495: Recreate takes old pods away in any state.
  const isOld = (pod: number) =>
    kindOf(pod) !== KIND.absent && revisionOfPod(pod) !== wish.revision;
  if (configuration.strategy.type === 'Recreate' && world.pods.some(isOld)) return undefined;
  return configuration.policy === 'OrderedReady'
    ? orderedWait(configuration, world.pods, wish)
    : parallelWait(configuration, world.pods, wish);
}

/** Never ready again, and not replaced by itself as a failed pod is. */
function isHopeless({ brokenRevision }: Configuration, pod: number): boolean {
  const kind = kindOf(pod);
  if (kind === KIND.broken) return true;
  const starting = kind === KIND.unready || kind === KIND.pending;
  return starting && revisionOfPod(pod) === brokenRevision;
}

function isQuiet(configuration: Configuration, world: World): boolean {
  const { sync, podNews, claimNews, wish, seenWish, pods } = world;
  if (sync || podNews.length > 0 || claimNews.length > 0 || wish !== seenWish) return false;
  const settled: readonly number[] = [KIND.absent, KIND.ready, KIND.failed];
  return pods.every((pod) => settled.includes(kindOf(pod)) || isHopeless(configuration, pod));
}

/** SS-303, SS-328, SS-332: the first slot that is not settled decides, then the highest pod. */
function orderedWait(
  configuration: Configuration,
  pods: readonly number[],
  wish: Wish,
): string | undefined {
  const slots = pods.slice(wish.start, wish.start + wish.replicas);
  const unsettled = slots.find((pod) => kindOf(pod) !== KIND.ready);
  if (unsettled !== undefined) {
    if (!isHopeless(configuration, unsettled)) return undefined;
    return revisionOfPod(unsettled) === wish.revision ? 'SS-491' : 'SS-492';
  }
  const condemned = pods.filter(
    (pod, ordinal) => kindOf(pod) !== KIND.absent && !inRange(wish, ordinal),
  );
  const unhealthy = condemned.filter((pod) => kindOf(pod) !== KIND.ready);
  const highest = condemned.at(-1);
  return unhealthy.length > 1 && highest !== undefined && kindOf(highest) !== KIND.ready
    ? 'SS-333'
    : undefined;
}

/** SS-434, SS-455, SS-456: what an update does about pods that will never be ready. */
function parallelWait(
  configuration: Configuration,
  pods: readonly number[],
  wish: Wish,
): string | undefined {
  const { strategy, options } = configuration;
  const slots = pods.slice(wish.start, wish.start + wish.replicas);
  const busy = slots.some((pod) => kindOf(pod) === KIND.absent || kindOf(pod) === KIND.failed);
  const outside = pods.some((pod, n) => kindOf(pod) !== KIND.absent && !inRange(wish, n));
  const hopeless = slots.filter((pod) => isHopeless(configuration, pod));
  if (busy || outside || hopeless.length === 0) return undefined;
  if (strategy.type === 'OnDelete') return 'SS-471';
  const targets = slots.slice(strategy.rollingUpdate?.partition ?? 0);
  const old = targets.filter((pod) => revisionOfPod(pod) !== wish.revision);
  if (old.length === 0) return 'SS-491';
  if (!options.maxUnavailable) {
    // The scan goes down from the highest slot: an unavailable new pod stops it.
    const stop = targets.findLast(
      (pod) => revisionOfPod(pod) !== wish.revision || kindOf(pod) !== KIND.ready,
    );
    return stop !== undefined && revisionOfPod(stop) === wish.revision ? 'SS-491' : undefined;
  }
  if (hopeless.length < Number(strategy.rollingUpdate?.maxUnavailable ?? 1)) return undefined;
  const repaired = options.emulatedVersion === '1.37';
  if (!repaired) return 'SS-455';
  return old.some((pod) => kindOf(pod) !== KIND.ready) ? undefined : 'SS-491';
}
