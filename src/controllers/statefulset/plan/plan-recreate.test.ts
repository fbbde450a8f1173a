import { describe, expect, it } from 'vitest';
import type { Pod, StatefulSet } from '../../../api/generated/types.ts';
import { deepFreeze } from '../../../api/meta/object.ts';
import { formatTime } from '../../../base/time.ts';
import { startsRecreation } from './plan-recreate.ts';
import { plan } from './plan.ts';
import {
  DEFAULT_OPTIONS,
  NOW_MS,
  actionTexts,
  buildMember,
  buildSet,
  buildSnapshot,
  waitTexts,
  type PodCondition,
} from './set-builder.ts';
import { statusDiffers } from './status.ts';

const OPTIONS = { ...DEFAULT_OPTIONS, recreate: true, emulatedVersion: '1.37' as const };
const recreate = { updateStrategy: { type: 'Recreate' } };

function decide(set: StatefulSet, pods: readonly Pod[], options = OPTIONS) {
  return plan(deepFreeze(buildSnapshot(set, pods, { options })));
}

function members(set: StatefulSet, states: readonly PodCondition[], revision = 'web-old'): Pod[] {
  return states.map((state, ordinal) => buildMember(set, ordinal, { state, revision }));
}

function inProgress(set: StatefulSet): StatefulSet {
  const condition = {
    type: 'Progressing',
    status: 'True',
    reason: 'RecreateInProgress',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  return { ...set, status: { replicas: 3, conditions: [condition] } };
}

describe('plan(): Recreate', () => {
  for (const podManagementPolicy of ['OrderedReady', 'Parallel']) {
    it(`SS-495: ${podManagementPolicy}: all old pods go at once, condemned ones too`, () => {
      const set = buildSet({ ...recreate, podManagementPolicy, replicas: 3 });
      const pods = members(set, ['unready', 'ready', 'terminating', 'pending']);
      expect(actionTexts(decide(set, pods))).toEqual([
        'delete web-0 (update)',
        'delete web-1 (update)',
        'delete web-3 (update)',
      ]);
    });
  }

  it('SS-496: while an old pod exists nothing is created', () => {
    const set = buildSet({ ...recreate, podManagementPolicy: 'Parallel' });
    const decided = decide(set, [
      buildMember(set, 2, { state: 'terminating', revision: 'web-old' }),
    ]);
    expect(actionTexts(decided)).toEqual([]);
    expect(waitTexts(decided)).toEqual([
      'Pod/web-2 PodTerminating: Pod/web-2 metadata.deletionTimestamp = absent',
      'Pod/web-0…1 RecreateOldPods: Pod/web-2 metadata.uid = absent',
    ]);
  });

  it('SS-497, SS-424: then pods come at the update revision, in the order of the policy', () => {
    const ordered = decide(buildSet(recreate), []);
    expect(actionTexts(ordered)).toEqual(['create web-0']);
    expect(ordered.stages[0]?.tasks[0]?.actions[0]).toMatchObject({
      pod: { metadata: { labels: { 'controller-revision-hash': 'web-new' } } },
    });
    const burst = buildSet({ ...recreate, podManagementPolicy: 'Parallel' });
    expect(actionTexts(decide(burst, []))).toEqual([
      'create web-0',
      'create web-1',
      'create web-2',
    ]);
  });

  it('SS-498: a set whose pods are all new is left alone', () => {
    const set = buildSet(recreate);
    const decided = decide(set, members(set, ['ready', 'ready', 'ready'], 'web-new'));
    expect(actionTexts(decided)).toEqual([]);
    expect(decided.status.conditions).toBeUndefined();
  });

  it('SS-499, SS-660: the condition while it goes on, and at the end', () => {
    const set = buildSet(recreate);
    const begun = decide(set, members(set, ['ready', 'ready', 'ready'])).status;
    expect(begun.conditions).toEqual([
      {
        type: 'Progressing',
        status: 'True',
        reason: 'RecreateInProgress',
        lastTransitionTime: formatTime(NOW_MS),
      },
    ]);
    expect(startsRecreation(set, begun)).toBe(true);

    const going = inProgress(set);
    const creating = decide(going, members(set, ['ready'], 'web-new')).status;
    expect(creating.conditions).toEqual(going.status?.conditions);
    expect(startsRecreation(going, creating)).toBe(false);
    expect(statusDiffers({ ...going, status: creating }, creating)).toBe(false);

    const done = decide(going, members(set, ['ready', 'ready', 'ready'], 'web-new')).status;
    expect(done.conditions).toMatchObject([{ status: 'False', reason: 'RecreateComplete' }]);
    expect(statusDiffers({ ...going, status: { ...done, conditions: [] } }, done)).toBe(true);
  });

  it('SS-500: with the gate off the set is refused, not rolled', () => {
    const set = buildSet(recreate);
    const off = { ...OPTIONS, recreate: false };
    const decided = decide(set, members(set, ['ready', 'ready', 'ready']), off);
    expect(actionTexts(decided)).toEqual([]);
    expect(decided.refusal).toMatch(/StatefulSetRecreateStrategy/);
    expect(decided.status.conditions).toMatchObject([{ reason: 'FeatureGateDisabled' }]);
    expect(waitTexts(decided)).toEqual([
      'StatefulSet/web RecreateGateOff: StatefulSet/web spec.updateStrategy.type = RollingUpdate',
    ]);
  });
});
