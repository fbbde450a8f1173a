// What a seed means: the machines, the sets, and a schedule of what users and faults do. All of it
// is data, drawn before the run, so that single steps can be left out to find the short schedule
// of a failure.
import type { StatefulSet } from '../../src/api/generated/types.ts';
import { seededRandom, type Random } from '../../src/base/random.ts';
import { faults } from './faults.ts';
import { randomSet, SET_NAMES } from './random-set.ts';
import { workloads } from './workloads.ts';

/** One thing that happens. What it applies to is picked from what is there at that time. */
export interface Step {
  /** Number within the seed's schedule, for `--only`. */
  readonly index: number;
  /** Milliseconds since the start. */
  readonly atMs: number;
  /** Of faults or workloads: also its switch. */
  readonly name: string;
  readonly pick: number;
  /** From 0 to 9. */
  readonly strength: number;
  readonly durationMs: number;
}

export interface Scenario {
  readonly seed: number;
  readonly emulatedVersion: '1.36' | '1.37';
  readonly maxUnavailable: boolean;
  /** The strategy Recreate may be used. */
  readonly recreate: boolean;
  readonly leaderElection: boolean;
  readonly nodeCount: number;
  readonly historyLimit: number;
  /** Of the network, one way, at most. */
  readonly latencyMs: number;
  /** Containers start and stop in so many milliseconds at most. */
  readonly paceMs: number;
  readonly sets: readonly StatefulSet[];
  readonly steps: readonly Step[];
}

/** When the last fault ends and everything must come right by itself. */
export const FAULTS_END_MS = 150_000;

/** Kinds of faults in one seed: few at a time find more than all at once. */
const FAULT_KINDS_MAX = 7;
const FAULTS_MAX = 14;
const WORKLOADS_MAX = 12;

/** Draws the scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed);
  const oneIn = (bound: number) => random.integer(bound) === 0;
  const emulatedVersion = oneIn(3) ? '1.37' : '1.36';
  const names = shuffled(SET_NAMES, random).slice(0, 1 + random.integer(3));
  // Pods of sets that share claims could need volumes of two nodes.
  const sharesClaims = names.includes('a-b') && names.includes('b');
  const recreate = emulatedVersion === '1.37' && seed % 2 === 0;
  return {
    seed,
    emulatedVersion,
    recreate,
    maxUnavailable: oneIn(2),
    leaderElection: oneIn(3),
    nodeCount: sharesClaims ? 1 : 1 + random.integer(3),
    historyLimit: oneIn(3) ? 60 : 10_000,
    latencyMs: [1, 5, 30, 200][random.integer(4)]!,
    paceMs: [20, 300, 3_000][random.integer(3)]!,
    sets: names.map((name, index) => {
      const set = randomSet(name, random);
      return recreate && index === 0 ? recreating(set) : set;
    }),
    steps: drawSteps(random),
  };
}

function recreating(set: StatefulSet): StatefulSet {
  return { ...set, spec: { ...set.spec!, updateStrategy: { type: 'Recreate' } } };
}

function drawSteps(random: Random): Step[] {
  const kinds = shuffled(Object.keys(faults), random).slice(0, 1 + random.integer(FAULT_KINDS_MAX));
  const drawn = [
    ...Array.from({ length: random.integer(FAULTS_MAX) }, () => oneOf(kinds, random)),
    ...Array.from({ length: 2 + random.integer(WORKLOADS_MAX) }, () =>
      oneOf(Object.keys(workloads), random),
    ),
  ].map((name) => ({
    name,
    atMs: random.integer(FAULTS_END_MS - 30_000),
    pick: random.integer(2 ** 31),
    strength: random.integer(10),
    durationMs: 500 + random.integer(oneOf([2_000, 30_000], random)),
  }));
  drawn.sort((a, b) => a.atMs - b.atMs);
  return drawn.map((step, index) => ({ index, ...step }));
}

function oneOf<T>(list: readonly T[], random: Random): T {
  return list[random.integer(list.length)]!;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list];
  const result: T[] = [];
  while (rest.length > 0) result.push(...rest.splice(random.integer(rest.length), 1));
  return result;
}

/** One line a step. */
export function stepText({ index, atMs, name, pick, strength, durationMs }: Step): string {
  const at = `${(atMs / 1000).toFixed(1)} s`;
  return `#${index} ${at} ${name} (pick ${pick}, strength ${strength}, ${durationMs} ms)`;
}
