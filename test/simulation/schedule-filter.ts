// Leaves steps out of a scenario; all else stays as the seed has drawn it.
import type { Scenario } from './scenario.ts';

/** Only the steps of these numbers. */
export function only(scenario: Scenario, indexes: readonly number[]): Scenario {
  const kept = new Set(indexes);
  return { ...scenario, steps: scenario.steps.filter(({ index }) => kept.has(index)) };
}

/** None of these faults and workloads: the switches. */
export function without(scenario: Scenario, names: readonly string[]): Scenario {
  return { ...scenario, steps: scenario.steps.filter(({ name }) => !names.includes(name)) };
}
