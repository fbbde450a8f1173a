// From a failing seed to a short schedule: steps are left out, many at first, then one by one, as
// long as the same invariant breaks.
import type { RunOptions, RunResult } from './run.ts';
import { run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { only } from './schedule-filter.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  readonly result: RunResult;
  /** Runs that it took. */
  readonly runs: number;
}

/** The shortest schedule found that breaks what `failed` broke. */
export async function shrink(
  scenario: Scenario,
  failed: RunResult,
  options: RunOptions = {},
): Promise<Shrunk> {
  let best = { scenario, result: failed };
  let runs = 0;
  const attempt = async (indexes: readonly number[]): Promise<boolean> => {
    const candidate = only(scenario, indexes);
    const result = await run(candidate, options);
    runs++;
    if (result.violation?.invariant !== failed.violation?.invariant) return false;
    best = { scenario: candidate, result };
    return true;
  };
  const indexes = () => best.scenario.steps.map(({ index }) => index);
  for (let size = Math.ceil(scenario.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < indexes().length;) {
      const rest = indexes().filter((_, place) => place < start || place >= start + size);
      if (!(await attempt(rest))) start += size;
    }
  }
  return { ...best, runs };
}
