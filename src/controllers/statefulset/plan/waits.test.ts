import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../../api/generated/types.ts';
import { deepFreeze } from '../../../api/meta/object.ts';
import { formatTime } from '../../../base/time.ts';
import { GATES } from './gates.ts';
import { plan } from './plan.ts';
import {
  DEFAULT_OPTIONS,
  NEW,
  NOW_MS,
  buildMember,
  buildSet,
  buildSnapshot,
  waitTexts,
  type PodCondition,
} from './set-builder.ts';
import type { Snapshot } from './snapshot.ts';

const STEADY = { revisions: { current: NEW, update: NEW, collisionCount: 0 } };
const READY = 'status.conditions[Ready].status = True';

function decide(set: StatefulSet, pods: readonly Pod[], parts: Partial<Snapshot> = STEADY) {
  return plan(deepFreeze(buildSnapshot(set, pods, parts)));
}

function members(set: StatefulSet, states: readonly PodCondition[], revision = 'web-new'): Pod[] {
  return states.map((state, ordinal) => buildMember(set, ordinal, { state, revision }));
}

function claimOf(name: string, parts: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  const metadata = { name, ...parts.metadata };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...parts, metadata };
}

const template = claimOf('data');
const parallel = { podManagementPolicy: 'Parallel' };
const rolling = (rollingUpdate: object) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, ...rollingUpdate } },
});

describe('waits of slots', () => {
  it('SS-838: a settled set waits for nothing', () => {
    const set = buildSet();
    expect(decide(set, members(set, ['ready', 'ready', 'ready'])).waits).toEqual([]);
  });

  it('SS-303: all slots behind an unsettled one share one wait', () => {
    const set = buildSet({ replicas: 1000 });
    expect(waitTexts(decide(set, members(set, ['ready', 'unready'])))).toEqual([
      `Pod/web-1 PodNotReady: Pod/web-1 ${READY}`,
      `Pod/web-2…999 EarlierSlot: Pod/web-1 ${READY}`,
    ]);
    expect(waitTexts(decide(set, []))).toEqual([`Pod/web-1…999 EarlierSlot: Pod/web-0 ${READY}`]);
  });

  it('SS-322: pods behind the stop are told of their own state, gaps of the stop', () => {
    const set = buildSet({ replicas: 5 });
    const pods = [0, 1, 3].map((ordinal) =>
      buildMember(set, ordinal, { state: ordinal === 1 ? 'ready' : 'unready' }),
    );
    expect(waitTexts(decide(set, pods))).toEqual([
      `Pod/web-0 PodNotReady: Pod/web-0 ${READY}`,
      `Pod/web-2 EarlierSlot: Pod/web-0 ${READY}`,
      `Pod/web-4 EarlierSlot: Pod/web-0 ${READY}`,
      `Pod/web-3 PodNotReady: Pod/web-3 ${READY}`,
    ]);
  });

  it('SS-306, SS-310, SS-311: finished, terminating and not running pods', () => {
    const set = buildSet({ replicas: 1 });
    const texts = (state: PodCondition) => waitTexts(decide(set, members(set, [state])));
    expect(texts('failed')).toEqual(['Pod/web-0 PodTerminal: Pod/web-0 metadata.uid = absent']);
    expect(texts('terminating')).toEqual([
      'Pod/web-0 PodTerminating: Pod/web-0 metadata.deletionTimestamp = absent',
    ]);
    const unknown = structuredClone(buildMember(set, 0));
    if (unknown.status) unknown.status.phase = 'Unknown';
    expect(waitTexts(decide(set, [unknown]))).toEqual([
      'Pod/web-0 PodNotRunning: Pod/web-0 status.phase = Running',
    ]);
  });

  it('SS-310: since when is the request for deletion, not the end of the grace period', () => {
    const set = buildSet({ replicas: 1 });
    const pod = buildMember(set, 0, { state: 'terminating' });
    pod.metadata.deletionGracePeriodSeconds = 30;
    expect(decide(set, [pod]).waits[0]?.sinceMs).toBe(NOW_MS - 30_000);
  });

  it('SS-312: a pod that is not available yet opens the gate by itself', () => {
    const set = buildSet({ replicas: 1, minReadySeconds: 30 });
    const pods = members(set, [{ readySeconds: 10 }]);
    expect(decide(set, pods).waits).toMatchObject([
      { gate: 'PodNotAvailable', sinceMs: NOW_MS - 10_000, opensAtMs: NOW_MS + 20_000 },
    ]);
  });

  it('SS-315: under Parallel pods are waited for one by one', () => {
    const set = buildSet(parallel);
    expect(waitTexts(decide(set, members(set, ['unready', 'ready', 'unready'])))).toEqual([
      `Pod/web-0 PodNotReady: Pod/web-0 ${READY}`,
      `Pod/web-2 PodNotReady: Pod/web-2 ${READY}`,
    ]);
  });

  it('SS-606: a set that is being deleted waits for its finalizers', () => {
    const set = buildSet();
    set.metadata.deletionTimestamp = formatTime(NOW_MS);
    expect(waitTexts(decide(set, []))).toEqual([
      'StatefulSet/web SetTerminating: StatefulSet/web metadata.finalizers = absent',
    ]);
  });
});

describe('waits for claims', () => {
  const set = buildSet({
    replicas: 2,
    volumeClaimTemplates: [template],
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
  });

  it('SS-258: a stale claim holds its pod, and the pod the ones behind it', () => {
    const reference = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'earlier' };
    const stale = claimOf('data-web-0', { metadata: { ownerReferences: [reference] } });
    expect(waitTexts(decide(set, [], { ...STEADY, claim: () => stale }))).toEqual([
      'Pod/web-0 ClaimStale: PersistentVolumeClaim/data-web-0 metadata.uid = absent',
      `Pod/web-1 EarlierSlot: Pod/web-0 ${READY}`,
    ]);
  });

  it('SS-210: a claim that is being deleted', () => {
    const claim = (name: string) =>
      claimOf(name, { metadata: { name, deletionTimestamp: formatTime(NOW_MS) } });
    expect(waitTexts(decide(set, [], { ...STEADY, claim }))[0]).toBe(
      'Pod/web-0 ClaimTerminating: PersistentVolumeClaim/data-web-0 metadata.uid = absent',
    );
  });

  it('SS-861: an unbound claim of a pending pod is told of, and holds nothing', () => {
    const claim = (name: string) =>
      claimOf(name, { status: { phase: name === 'data-web-0' ? 'Pending' : 'Bound' } });
    const pods = members(set, ['pending', 'pending']);
    expect(waitTexts(decide(set, pods, { ...STEADY, claim }))).toEqual([
      `Pod/web-0 PodNotReady: Pod/web-0 ${READY}`,
      'PersistentVolumeClaim/data-web-0 ClaimUnbound: ' +
        'PersistentVolumeClaim/data-web-0 status.phase = Bound',
      `Pod/web-1 PodNotReady: Pod/web-1 ${READY}`,
    ]);
  });
});

describe('waits of condemned pods', () => {
  const set = buildSet({ replicas: 1 });

  it('SS-335: they wait for the slots first', () => {
    expect(waitTexts(decide(set, members(set, ['unready', 'ready', 'ready'])))).toEqual([
      `Pod/web-0 PodNotReady: Pod/web-0 ${READY}`,
      `Pod/web-1…2 SlotsFirst: Pod/web-0 ${READY}`,
    ]);
  });

  it('SS-330: then for the one with the highest ordinal', () => {
    expect(waitTexts(decide(set, members(set, ['ready', 'ready', 'ready', 'ready'])))).toEqual([
      'Pod/web-1…2 HigherCondemned: Pod/web-3 metadata.uid = absent',
    ]);
  });

  it('SS-332: an unhealthy one waits for its own health if another comes first', () => {
    expect(waitTexts(decide(set, members(set, ['ready', 'unready', 'unready'])))).toEqual([
      `Pod/web-2 NotFirstUnavailable: Pod/web-2 ${READY}`,
      'Pod/web-1 HigherCondemned: Pod/web-2 metadata.uid = absent',
    ]);
  });
});

describe('waits of an update', () => {
  const all: PodCondition[] = ['ready', 'ready', 'ready'];
  const incomplete =
    'StatefulSet/web RolloutIncomplete: StatefulSet/web status.updatedReplicas = 3';
  const texts = (set: StatefulSet, pods: readonly Pod[], options = {}) =>
    waitTexts(decide(set, pods, { options: { ...DEFAULT_OPTIONS, ...options } }));

  it('SS-432, SS-481: the others of the rollout wait for the pod before them', () => {
    const set = buildSet();
    const behind = `Pod/web-0…1 UpdateOrder: Pod/web-2 ${READY}`;
    expect(texts(set, members(set, all, 'web-old'))).toEqual([behind, incomplete]);
    const moving = [...members(set, all, 'web-old').slice(0, 2), buildMember(set, 2)];
    expect(texts(set, moving)).toEqual([`Pod/web-0 UpdateOrder: Pod/web-1 ${READY}`, incomplete]);
  });

  it('SS-340, SS-492: under OrderedReady scaling comes first', () => {
    const set = buildSet();
    expect(texts(set, members(set, ['ready', 'ready', 'unready'], 'web-old'))).toEqual([
      `Pod/web-2 PodNotReady: Pod/web-2 ${READY}`,
      `Pod/web-0…2 ScalingFirst: Pod/web-2 ${READY}`,
      incomplete,
    ]);
  });

  it('SS-441, SS-445: pods below the partition, and the completion', () => {
    const set = buildSet(rolling({ partition: 2 }));
    const field = 'StatefulSet/web spec.updateStrategy.rollingUpdate.partition';
    const pods = [...members(set, ['ready', 'ready'], 'web-old'), buildMember(set, 2)];
    expect(texts(set, pods)).toEqual([
      `Pod/web-0…1 Partition: ${field} = at most the slot`,
      `StatefulSet/web Partition: ${field} = 0`,
    ]);
  });

  it('SS-471, SS-472: OnDelete', () => {
    const set = buildSet({ updateStrategy: { type: 'OnDelete' } });
    const field = 'StatefulSet/web spec.updateStrategy.type = RollingUpdate';
    expect(texts(set, members(set, all, 'web-old'))).toEqual([
      `Pod/web-0…2 OnDelete: ${field}`,
      `StatefulSet/web OnDelete: ${field}`,
    ]);
    expect(texts(set, members(set, all, 'web-old'), { emulatedVersion: '1.37' }).at(-1)).toBe(
      incomplete,
    );
  });

  it('SS-453: the budget', () => {
    const set = buildSet({ ...rolling({ maxUnavailable: 2 }), replicas: 5 });
    const pods = members(set, [...all, 'ready', 'ready'], 'web-old');
    expect(texts(set, pods, { maxUnavailable: true })).toEqual([
      `Pod/web-0…2 UpdateBudget: Pod/web-4 ${READY}`,
      'StatefulSet/web RolloutIncomplete: StatefulSet/web status.updatedReplicas = 5',
    ]);
  });
});

describe('GATES', () => {
  it('SS-838: each gate cites one rule and says what is wanted', () => {
    for (const { rule, field, wanted, why } of Object.values(GATES)) {
      expect(rule).toMatch(/^SS-\d+$/);
      expect(field).toMatch(/^(metadata|spec|status)\./);
      expect(wanted).not.toBe('');
      expect(why).toMatch(/\.$/);
    }
  });
});
