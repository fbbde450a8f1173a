// The configurations that are searched: both policies, every strategy and setting of it, both
// versions, each in several small worlds.
import type { StatefulSetUpdateStrategy } from '../../src/api/generated/types.ts';
import type { Configuration, Wish } from './configuration.ts';

const POLICIES = ['OrderedReady', 'Parallel'] as const;
const VERSIONS = ['1.36', '1.37'] as const;

type Engine = Pick<Configuration, 'name' | 'policy' | 'strategy' | 'options'>;
type Place = Omit<Configuration, keyof Engine>;

/** Every combination of the given replicas, templates and starts; the first comes first. */
function wishesOf(
  replicas: readonly number[],
  revisions: readonly number[],
  starts: readonly number[] = [0],
): Wish[] {
  return starts.flatMap((start) =>
    replicas.flatMap((count) =>
      revisions.map((revision) => ({ replicas: count, start, revision })),
    ),
  );
}

function strategies(gate: boolean, partitions: readonly number[]): StatefulSetUpdateStrategy[] {
  const blocks = partitions.flatMap((partition) =>
    gate ? [1, 2].map((maxUnavailable) => ({ partition, maxUnavailable })) : [{ partition }],
  );
  return [
    ...blocks.map((rollingUpdate) => ({ type: 'RollingUpdate', rollingUpdate })),
    { type: 'RollingUpdate' },
    { type: 'OnDelete' },
  ];
}

function nameOfStrategy({ type, rollingUpdate }: StatefulSetUpdateStrategy): string {
  if (type !== 'RollingUpdate') return type ?? '';
  if (!rollingUpdate) return 'Rolling without block';
  const { partition, maxUnavailable } = rollingUpdate;
  const budget = maxUnavailable === undefined ? '' : ` max ${maxUnavailable}`;
  return `Rolling partition ${partition}${budget}`;
}

/** Every policy, version, gate and strategy. */
function engines(partitions: readonly number[]): Engine[] {
  return POLICIES.flatMap((policy) =>
    VERSIONS.flatMap((emulatedVersion) =>
      [false, true].flatMap((maxUnavailable) => {
        const recreate = emulatedVersion === '1.37' && maxUnavailable;
        const options = { maxUnavailable, recreate, emulatedVersion };
        const all = strategies(maxUnavailable, partitions);
        if (recreate) all.push({ type: 'Recreate' });
        return all.map((strategy): Engine => {
          const gate = maxUnavailable ? 'gate' : '';
          const name = [emulatedVersion, gate, policy, nameOfStrategy(strategy)];
          return { name: name.filter(Boolean).join(' '), policy, strategy, options };
        });
      }),
    ),
  );
}

const STORM: Place = {
  wishes: [],
  settled: true,
  faults: true,
  breaks: false,
  brokenRevision: undefined,
  minReady: false,
  retention: undefined,
  lag: 1,
  wishLag: false,
  awaitsDeletions: false,
};

const CALM: Place = { ...STORM, faults: false, wishLag: true, awaitsDeletions: true };

function inPlaces(list: readonly Engine[], places: Readonly<Record<string, Place>>) {
  return list.flatMap((engine) =>
    Object.entries(places).flatMap(([place, rest]): Configuration[] => {
      // Without faults and scaling, nothing ever happens to a set that is updated by hand.
      const scaled = rest.wishes.some(({ replicas }) => replicas !== rest.wishes[0]?.replicas);
      if (engine.strategy.type === 'OnDelete' && !rest.faults && !scaled) return [];
      return [{ ...engine, ...rest, name: `${engine.name}: ${place}` }];
    }),
  );
}

/** Engines that differ where no template changes: one for each policy. */
function plainEngines(): Engine[] {
  return engines([0]).filter(
    ({ options, strategy }) =>
      options.emulatedVersion === '1.36' && !options.maxUnavailable && strategy.rollingUpdate,
  );
}

function retentionPlaces(replicas: readonly number[]): Record<string, Place> {
  const values = ['Retain', 'Delete'] as const;
  return Object.fromEntries(
    values.flatMap((whenScaled) =>
      values.map((whenDeleted) => [
        `claims, scaled ${whenScaled}, deleted ${whenDeleted}`,
        { ...STORM, wishes: wishesOf(replicas, [0]), retention: { whenScaled, whenDeleted } },
      ]),
    ),
  );
}

/** Up to two replicas where there are faults, three where there are none: for every commit. */
export function boundedConfigurations(): Configuration[] {
  return [
    ...inPlaces(engines([0, 1]), {
      '2 replicas, faults': { ...STORM, wishes: wishesOf([2], [0, 1]) },
      '3 replicas, old caches': { ...CALM, wishes: wishesOf([3], [0, 1]), wishLag: false },
      'broken template': { ...STORM, wishes: wishesOf([2], [0, 1]), brokenRevision: 1 },
    }),
    ...inPlaces(plainEngines(), {
      'scaling, faults': { ...STORM, wishes: wishesOf([2, 0, 1], [0]), settled: false },
      'scaling, old caches': { ...CALM, wishes: wishesOf([3, 0, 1, 2], [0]) },
      'start ordinals': { ...CALM, wishes: wishesOf([1, 2], [0], [0, 1]) },
      'pods that break': { ...STORM, wishes: wishesOf([3, 0], [0]), breaks: true },
      ...retentionPlaces([2, 1]),
    }),
  ];
}

/** Up to three replicas everywhere: some minutes. */
export function completeConfigurations(): Configuration[] {
  const twoByTwo = wishesOf([2, 0, 1], [0, 1]);
  return [
    ...inPlaces(engines([0, 1, 2, 3]), {
      '3 replicas, faults': { ...STORM, wishes: wishesOf([3], [0, 1]) },
      '3 replicas, old caches': { ...CALM, wishes: wishesOf([3], [0, 1]), lag: 3 },
      'broken template': { ...STORM, wishes: wishesOf([3], [0, 1]), brokenRevision: 1 },
      minReadySeconds: { ...STORM, wishes: wishesOf([2, 1], [0, 1]), minReady: true },
    }),
    ...inPlaces(engines([0, 1]), {
      'update and scaling, faults': { ...STORM, wishes: twoByTwo, settled: false },
      'update and scaling, old caches': { ...CALM, wishes: twoByTwo, lag: 2 },
    }),
    ...inPlaces(plainEngines(), {
      'scaling, faults': { ...STORM, wishes: wishesOf([3, 0, 1, 2], [0]), settled: false },
      'scaling, old caches': { ...CALM, wishes: wishesOf([3, 0, 1, 2], [0]), lag: 3 },
      'start ordinals': { ...STORM, wishes: wishesOf([1, 2], [0], [0, 1]) },
      'pods that break': { ...STORM, wishes: wishesOf([3, 0, 1], [0]), breaks: true },
      ...retentionPlaces([2, 0, 1]),
    }),
  ];
}
