import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { StatefulSet } from '../../src/api/generated/types.ts';
import { seededRandom } from '../../src/base/random.ts';
import { faults } from './faults.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { randomSet } from './random-set.ts';
import { run } from './run.ts';
import { scenarioOf, type Scenario, type Step } from './scenario.ts';
import { only, without } from './schedule-filter.ts';
import { shrink } from './shrink.ts';

const script = fileURLToPath(new URL('../../scripts/sim.mjs', import.meta.url));

/** A small cluster in which little happens by itself. */
const quiet: Scenario = {
  ...scenarioOf(1),
  emulatedVersion: '1.36',
  maxUnavailable: false,
  recreate: false,
  leaderElection: false,
  nodeCount: 1,
  historyLimit: 10_000,
  latencyMs: 5,
  paceMs: 300,
  sets: [threeReplicas()],
  steps: [],
};

function threeReplicas(): StatefulSet {
  const { spec, ...set } = randomSet('web', seededRandom(1));
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
  const { minReadySeconds: _, ordinals: __, ...rest } = spec!;
  const fixed = { replicas: 3, podManagementPolicy: 'OrderedReady', updateStrategy };
  return { ...set, spec: { ...rest, ...fixed } };
}

function stepsOf(...steps: (Pick<Step, 'name' | 'atMs'> & Partial<Step>)[]): Step[] {
  return steps.map((step, index) => ({
    index,
    pick: 1,
    strength: 1,
    durationMs: 4_000,
    ...step,
  }));
}

describe('determinism', () => {
  test('the same seed gives the same trace, byte for byte', async () => {
    for (const seed of [3, 17]) {
      const [first, second] = [await run(scenarioOf(seed)), await run(scenarioOf(seed))];
      expect(second.trace.join('\n')).toBe(first.trace.join('\n'));
      expect(second.digest).toBe(first.digest);
    }
  });

  test('another process gives the same trace too', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, '5']);
    expect(stdout).toContain((await run(scenarioOf(5))).digest);
  });

  test('other seeds give other traces', async () => {
    const digests = [await run(scenarioOf(5)), await run(scenarioOf(6))].map((one) => one.digest);
    expect(new Set(digests).size).toBe(2);
  });
});

describe('seeds', () => {
  test.each(Array.from({ length: 20 }, (_, index) => 100 + index))('seed %i', async (seed) => {
    const { violation } = await run(scenarioOf(seed));
    expect(violation, `npm run sim -- ${seed}`).toBeUndefined();
  });
});

describe('faults', () => {
  const story = stepsOf(
    { name: 'update-template', atMs: 10_000 },
    { name: 'scale', atMs: 20_000, strength: 5 },
  );
  const happenings = async (steps: Step[]) => {
    const { violation, trace } = await run({ ...quiet, steps });
    expect(violation).toBeUndefined();
    return trace.filter((line) => !line.includes(' schedule: '));
  };

  let uneventful: Promise<string[]> | undefined;

  test.each(Object.keys(faults))('%s has its switch, and makes a difference', async (name) => {
    const fault = { ...stepsOf({ name, atMs: 10_100 })[0]!, index: 9 };
    const scenario = { ...quiet, steps: [...story, fault] };
    expect(without(scenario, [name]).steps).toEqual(story);
    uneventful ??= happenings(story);
    expect(await happenings([...scenario.steps])).not.toEqual(await uneventful);
  });
});

describe('what the simulation has found', () => {
  test('SS-807: a deletion that is refused by a conflict is tried again', async () => {
    // Nothing else wakes the set: the pod was unready before it failed, so no status is written.
    const steps = stepsOf(
      { name: 'pod-unready', atMs: 15_000, durationMs: 60_000 },
      { name: 'api-conflict', atMs: 20_000, strength: 0 },
      { name: 'pod-failed', atMs: 20_001 },
    );
    const { violation } = await run({ ...quiet, steps });
    expect(violation).toBeUndefined();
  });
});

describe('the simulation finds what is planted', () => {
  const busy = stepsOf(
    { name: 'update-template', atMs: 10_000 },
    { name: 'scale', atMs: 20_000, strength: 5 },
    { name: 'watch-delay', atMs: 25_000, strength: 0 },
    { name: 'scale', atMs: 25_500, strength: 2 },
    { name: 'store-crash', atMs: 40_000 },
    { name: 'update-template', atMs: 50_000, strength: 2 },
  );

  test.each<[PlantedBug, string]>([
    ['ignores-freshness', 'decidesOnFreshCaches'],
    ['forgets-syncs', 'durable'],
    ['loses-events', 'cachesAreStates'],
  ])('%s', async (bug, invariant) => {
    const { violation } = await run({ ...quiet, steps: busy }, { bug });
    expect(violation?.invariant).toBe(invariant);
  });

  test('deletes-without-uid', async () => {
    // The second engine hears of the new template late, and of the pods later still.
    const steps = stepsOf(
      { name: 'second-engine', atMs: 8_000, durationMs: 20_000 },
      { name: 'watch-delay', atMs: 14_000, strength: 0, durationMs: 5_000 },
      { name: 'watch-delay', atMs: 14_000, strength: 1, durationMs: 3_000 },
      { name: 'update-template', atMs: 15_000 },
    );
    const sound = await run({ ...quiet, steps });
    expect(sound.violation).toBeUndefined();
    const { violation } = await run({ ...quiet, steps }, { bug: 'deletes-without-uid' });
    expect(violation?.invariant).toBe('deletesWhatItDecidedOn');
  });

  test('a failure is shrunk to the steps that it needs, and those replay it', async () => {
    const scenario = { ...quiet, steps: busy };
    const failed = await run(scenario, { bug: 'forgets-syncs' });
    const short = await shrink(scenario, failed, { bug: 'forgets-syncs' });
    expect(short.scenario.steps.map(({ name }) => name)).toEqual(['store-crash']);
    const replayed = await run(only(scenario, [4]), { bug: 'forgets-syncs' });
    expect(replayed.digest).toBe(short.result.digest);
    expect(replayed.violation?.invariant).toBe('durable');
  });
});
