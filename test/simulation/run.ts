// One run of one scenario: a time of faults, then a time in which everything must come right.
import { createHash } from 'node:crypto';
import { Cluster } from './cluster.ts';
import { faults } from './faults.ts';
import { unfinished } from './liveness.ts';
import { Operator } from './operator.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { FAULTS_END_MS, type Scenario } from './scenario.ts';
import { WatchObserver } from './watch-observer.ts';
import { workloads } from './workloads.ts';
import type { Violation } from './world.ts';

export interface RunOptions {
  readonly bug?: PlantedBug;
}

export interface RunResult {
  readonly violation: Violation | undefined;
  readonly trace: readonly string[];
  /** SHA-256 of the trace. */
  readonly digest: string;
  /** Virtual milliseconds until everything was right. */
  readonly elapsedMs: number;
  /** Decisions of the engine that were looked at. */
  readonly plans: number;
}

/** After the faults everything must be right within this time (back-off is up to 1,000 s). */
const LIVENESS_MS = 2 * 3_600_000;
const LOOK_EVERY_MS = 10_000;

export async function run(scenario: Scenario, { bug }: RunOptions = {}): Promise<RunResult> {
  const cluster = new Cluster(scenario, bug);
  const { world } = cluster;
  await cluster.start();
  const observer = new WatchObserver(cluster);
  const check = () => observer.check();
  world.checks.push(check);
  observer.start();
  schedule(cluster, scenario);
  const startMs = world.elapsedMs;
  await world.run(startMs + FAULTS_END_MS);
  if (!world.violation) {
    cluster.heal();
    await comeRight(cluster);
  }
  if (!world.violation) cluster.server.store?.check();
  if (!world.violation) observer.finish();
  const text = world.trace.join('\n');
  return {
    violation: world.violation,
    trace: world.trace,
    digest: createHash('sha256').update(text).digest('hex'),
    elapsedMs: world.elapsedMs,
    plans: cluster.audits.reduce((sum, { plans }) => sum + plans, 0),
  };
}

function schedule(cluster: Cluster, { sets, steps }: Scenario): void {
  const { world, users } = cluster;
  const refused = (error: unknown) => world.log('users', String(error).slice(0, 200));
  for (const set of sets) users.createSet(set).catch(refused);
  for (const step of steps) {
    world.schedule(step.atMs, () => {
      world.log('schedule', `#${step.index} ${step.name}`);
      const fault = faults[step.name];
      if (fault) return fault(cluster, step);
      workloads[step.name]?.(cluster, step)?.catch(refused);
    });
  }
}

/** Liveness: every set reaches its spec in bounded time, with the help that upstream needs too. */
async function comeRight(cluster: Cluster): Promise<void> {
  const { world } = cluster;
  const operator = new Operator(cluster);
  const endMs = world.elapsedMs + LIVENESS_MS;
  let left = unfinished(cluster);
  while (world.elapsedMs < endMs && !world.violation) {
    operator.help();
    await world.run(world.elapsedMs + LOOK_EVERY_MS);
    left = unfinished(cluster);
    if (left.length === 0) return;
  }
  if (left.length > 0) world.fail('comesRight', left.join('; '));
}
