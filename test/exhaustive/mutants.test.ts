// The search is worth something only if it finds what is wrong: planners broken on purpose.
import { describe, expect, it } from 'vitest';
import type { StatefulSetSpec } from '../../src/api/generated/types.ts';
import { plan } from '../../src/controllers/statefulset/plan/plan.ts';
import type { Plan, Snapshot, Stage } from '../../src/controllers/statefulset/plan/snapshot.ts';
import { boundedConfigurations } from './configurations.ts';
import type { Planner } from './decision.ts';
import { search } from './search.ts';

function configuration(name: string) {
  const found = boundedConfigurations().find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no configuration ${name}`);
  return found;
}

/** The real planner, on a set that is not the one it was asked about. */
const withSpec =
  (change: Partial<StatefulSetSpec>): Planner =>
  (snapshot) => {
    const { spec } = snapshot.set;
    return spec
      ? plan({ ...snapshot, set: { ...snapshot.set, spec: { ...spec, ...change } } })
      : plan(snapshot);
  };

const rolling = (rollingUpdate: object) =>
  withSpec({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

/** The real planner, with its stages changed afterwards. */
const withStages =
  (change: (stages: readonly Stage[], snapshot: Snapshot) => readonly Stage[]): Planner =>
  (snapshot) => {
    const decided: Plan = plan(snapshot);
    return { ...decided, stages: change(decided.stages, snapshot) };
  };

const withoutStep = (step: Stage['step']) =>
  withStages((stages) => stages.filter((stage) => stage.step !== step));

const ordered = '1.36 OrderedReady Rolling partition';
const parallel = '1.36 Parallel Rolling partition';

describe('a search finds a planner that', () => {
  it.each<[string, string, string, Planner]>([
    ['ignores the partition', `${ordered} 1: 2 replicas, faults`, 'SS-421', rolling({})],
    [
      'creates all pods at once',
      `${ordered} 0: scaling, faults`,
      'SS-320',
      withSpec({ podManagementPolicy: 'Parallel' }),
    ],
    [
      'takes two pods where one is allowed',
      '1.36 gate OrderedReady Rolling partition 0 max 1: 3 replicas, old caches',
      'SS-453',
      rolling({ maxUnavailable: 2 }),
    ],
    [
      'updates under OnDelete',
      '1.36 OrderedReady OnDelete: 2 replicas, faults',
      'SS-471',
      rolling({}),
    ],
    [
      'lets old and new pods run together under Recreate',
      '1.37 gate Parallel Recreate: 2 replicas, faults',
      'SS-496',
      rolling({}),
    ],
    ['never updates', `${ordered} 0: 2 replicas, faults`, 'liveness', withoutStep('update')],
    ['never scales down', `${parallel} 0: scaling, faults`, 'liveness', withoutStep('condemned')],
    [
      'collects claims that are to be kept',
      `${ordered} 0: claims, scaled Retain, deleted Retain`,
      'SS-255',
      withSpec({
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
      }),
    ],
  ])('%s', (_what, name, rule, planner) => {
    const { violation } = search(configuration(name), planner);
    expect(violation?.rule).toContain(rule);
  });

  it('SS-801: a sync that does not wait for its own deletions takes one pod too many', () => {
    const calm = configuration(`${ordered} 0: 3 replicas, old caches`);
    expect(search(calm).violation).toBeUndefined();
    const { violation } = search({ ...calm, awaitsDeletions: false });
    expect(violation?.rule).toContain('SS-453');
  });
});
