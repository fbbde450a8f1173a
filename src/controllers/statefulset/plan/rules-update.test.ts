// Proofs of section 6 of the rules that need no server: strategies, partition, budget, completion.
import { describe, expect, it } from 'vitest';
import type { Pod, StatefulSet } from '../../../api/generated/types.ts';
import { maxUnavailableOf, planUpdate } from './plan-update.ts';
import { createdPods, decide, members, OPTIONS_137, parallel, texts } from './rules-test-kit.ts';
import { layOut } from './slots.ts';
import { finishStatus } from './status.ts';
import {
  buildMember,
  buildSet,
  buildSnapshot,
  DEFAULT_OPTIONS,
  type PodCondition,
} from './set-builder.ts';
import type { EngineOptions } from './snapshot.ts';

const GATE_136: EngineOptions = { ...DEFAULT_OPTIONS, maxUnavailable: true };

const rolling = (rollingUpdate?: object): Partial<StatefulSet['spec']> => ({
  updateStrategy: { type: 'RollingUpdate', ...(rollingUpdate ? { rollingUpdate } : {}) },
});

/** The revision that the pod of each missing slot is built from, in a burst set. */
function revisionsOf(spec: Partial<StatefulSet['spec']>, currentReplicas = 0): string[] {
  const set = buildSet({ ...parallel, replicas: 3, ...spec });
  set.status = { replicas: 0, currentReplicas };
  return createdPods(decide(set, [])).map(
    ({ metadata }) => metadata.labels?.['controller-revision-hash'] ?? '',
  );
}

/** Ordinals of pods deleted for the update; all pods are old but those listed in `updated`. */
function deletedFor(
  spec: Partial<StatefulSet['spec']>,
  states: readonly PodCondition[],
  { updated = [], options = DEFAULT_OPTIONS }: { updated?: number[]; options?: EngineOptions } = {},
): string[] {
  const set = buildSet({ replicas: states.length, ...spec });
  const pods = states.map((state, ordinal) => {
    const revision = updated.includes(ordinal) ? 'web-new' : 'web-old';
    return buildMember(set, ordinal, { state, revision });
  });
  return texts(set, pods, { options });
}

describe('revision of a new pod', () => {
  it('SS-343, SS-421: the partition decides', () => {
    expect(revisionsOf(rolling({ partition: 2 }))).toEqual(['web-old', 'web-old', 'web-new']);
    expect(revisionsOf(rolling({ partition: 0 }))).toEqual(['web-new', 'web-new', 'web-new']);
  });

  it('SS-422: without a block the stored count of current pods decides', () => {
    expect(revisionsOf(rolling(), 2)).toEqual(['web-old', 'web-old', 'web-new']);
    expect(revisionsOf(rolling(), 0)).toEqual(['web-new', 'web-new', 'web-new']);
  });

  it.each(['OnDelete', 'Recreate'])('SS-424: %s takes the update revision', (type) => {
    const options = { ...OPTIONS_137, recreate: true };
    const set = buildSet({ ...parallel, replicas: 2, updateStrategy: { type } });
    set.status = { replicas: 0, currentReplicas: 2 };
    const labels = createdPods(decide(set, [], { options })).map(
      ({ metadata }) => metadata.labels?.['controller-revision-hash'],
    );
    expect(labels).toEqual(['web-new', 'web-new']);
  });

  it('SS-425, SS-444: a lost old pod comes back at the revision of its side of the partition', () => {
    const lost = (partition: number, ordinal: number) => {
      const set = buildSet({ replicas: 3, ...rolling({ partition }) });
      const pods = members(set, ['ready', 'ready', 'ready'], 'web-old');
      const left = pods.filter(({ metadata }) => metadata.name !== `web-${ordinal}`);
      return createdPods(decide(set, left))[0]?.metadata.labels?.['controller-revision-hash'];
    };
    expect(lost(0, 0)).toBe('web-new');
    expect(lost(2, 1)).toBe('web-old');
    expect(lost(2, 2)).toBe('web-new');
  });
});

describe('rolling update, one by one', () => {
  it('SS-432: an updated or terminating pod that is unavailable stops the scan', () => {
    const states: PodCondition[] = ['ready', 'ready', 'unready'];
    expect(deletedFor(parallel, states, { updated: [2] })).toEqual([]);
    expect(deletedFor(parallel, ['ready', 'ready', 'terminating'])).toEqual([]);
    expect(deletedFor(parallel, ['unready', 'ready', 'ready'], { updated: [2] })).toEqual([
      'delete web-1 (update)',
    ]);
  });

  it('SS-435: the next pod goes when the updated one is available', () => {
    const spec = { ...parallel, minReadySeconds: 30 };
    const after = (readySeconds: number) =>
      deletedFor(spec, ['ready', 'ready', { readySeconds }], { updated: [2] });
    expect(after(29)).toEqual([]);
    expect(after(30)).toEqual(['delete web-1 (update)']);
  });

  it('SS-442: nothing is updated behind a partition of all slots', () => {
    const spec = rolling({ partition: 3 });
    expect(deletedFor(spec, ['ready', 'ready', 'ready'])).toEqual([]);
    expect(deletedFor(rolling({ partition: 99 }), ['ready', 'ready', 'ready'])).toEqual([]);
    expect(revisionsOf(spec)).toEqual(['web-old', 'web-old', 'web-old']);
  });

  it('SS-443: a lower partition goes on downwards, a higher one takes nothing back', () => {
    const ready: PodCondition[] = ['ready', 'ready', 'ready'];
    expect(deletedFor(rolling({ partition: 1 }), ready, { updated: [2] })).toEqual([
      'delete web-1 (update)',
    ]);
    expect(deletedFor(rolling({ partition: 3 }), ready, { updated: [1, 2] })).toEqual([]);
  });

  it('SS-460: without the gate a stored maxUnavailable is 1', () => {
    const spec = rolling({ partition: 0, maxUnavailable: 3 });
    expect(deletedFor(spec, ['ready', 'ready', 'ready'])).toEqual(['delete web-2 (update)']);
  });

  it('SS-474: minReadySeconds holds creation under OnDelete too', () => {
    const set = buildSet({ minReadySeconds: 30, updateStrategy: { type: 'OnDelete' } });
    expect(texts(set, members(set, [{ readySeconds: 29 }]))).toEqual([]);
    expect(texts(set, members(set, [{ readySeconds: 30 }]))).toEqual(['create web-1']);
  });

  it('SS-471: OnDelete knows no partition: a pod comes back at the update revision', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { partition: 9 } };
    expect(revisionsOf({ updateStrategy })).toEqual(['web-new', 'web-new', 'web-new']);
  });

  it('SS-494: a rollout rests while a low pod is unready, and goes on', () => {
    const during = (state: PodCondition) =>
      deletedFor({}, [state, 'ready', 'ready'], { updated: [2] });
    expect(during('unready')).toEqual([]);
    expect(during('ready')).toEqual(['delete web-1 (update)']);
  });
});

describe('maxUnavailable', () => {
  it.each([
    [undefined, 25, 1],
    [3, 2, 3],
    ['10%', 25, 2],
    ['50%', 5, 2],
    ['10%', 5, 1],
    ['100%', 5, 5],
    ['1%', 0, 1],
    [3, 0, 3],
  ])('SS-451: %s of %d is %d', (maxUnavailable, replicas, effective) => {
    const block = maxUnavailable === undefined ? {} : { maxUnavailable };
    expect(maxUnavailableOf(buildSet({ replicas, ...rolling(block) }))).toBe(effective);
  });

  const limited = (maxUnavailable: number, partition = 0) => ({
    ...parallel,
    ...rolling({ partition, maxUnavailable }),
  });

  it.each<[string, PodCondition]>([
    ['unready', 'unready'],
    ['terminating', 'terminating'],
    ['ready for too short', { readySeconds: 1 }],
  ])('SS-452: a pod that is %s uses the budget', (_, state) => {
    const spec = { ...limited(2), minReadySeconds: 30 };
    const states: PodCondition[] = [state, 'ready', 'ready'];
    expect(deletedFor(spec, states, { options: GATE_136, updated: [0] })).toEqual([
      'delete web-2 (update)',
    ]);
  });

  it('SS-453: the highest old pods go within what is left of the budget', () => {
    const ready = Array<PodCondition>(5).fill('ready');
    expect(deletedFor(limited(2), ready, { options: GATE_136 })).toEqual([
      'delete web-4 (update)',
      'delete web-3 (update)',
    ]);
    expect(deletedFor(limited(2, 4), ready, { options: GATE_136 })).toEqual([
      'delete web-4 (update)',
    ]);
    const broken: PodCondition[] = ['unready', 'ready', 'unready', 'ready', 'ready'];
    expect(deletedFor(limited(2), broken, { options: GATE_136 })).toEqual([]);
    expect(deletedFor(limited(3), broken, { options: GATE_136 })).toEqual([
      'delete web-4 (update)',
    ]);
  });

  it('SS-446: pods below the partition use the budget as well', () => {
    const states: PodCondition[] = ['unready', 'ready', 'ready', 'ready'];
    for (const options of [GATE_136, OPTIONS_137]) {
      const removed = (max: number) =>
        deletedFor(limited(max, 2), states, { options, updated: [0] });
      expect(removed(1)).toEqual([]);
      expect(removed(2)).toEqual(['delete web-3 (update)']);
    }
  });

  it('SS-454: an ordered rollout starts a wave only when all are available', () => {
    const spec = rolling({ partition: 0, maxUnavailable: 2 });
    const wave = (states: PodCondition[]) =>
      deletedFor(spec, states, { options: GATE_136, updated: [2, 3] });
    expect(wave(['ready', 'ready', 'ready', 'unready'])).toEqual([]);
    expect(wave(['ready', 'ready', 'ready', 'ready'])).toEqual([
      'delete web-1 (update)',
      'delete web-0 (update)',
    ]);
  });

  it('SS-456, SS-455: in 1.37 broken old pods go whatever the budget is', () => {
    const states: PodCondition[] = ['ready', 'unready', 'unready', 'ready'];
    expect(deletedFor(limited(1), states, { options: GATE_136 })).toEqual([]);
    expect(deletedFor(limited(1), states, { options: OPTIONS_137 })).toEqual([
      'delete web-2 (update)',
      'delete web-1 (update)',
    ]);
    const budget = deletedFor(limited(3), states, { options: OPTIONS_137 });
    expect(budget).toEqual([
      'delete web-2 (update)',
      'delete web-1 (update)',
      'delete web-3 (update)',
    ]);
  });

  it('SS-456, SS-422: without a block, what would come back old is not deleted for ever', () => {
    const spec = { ...parallel, ...rolling() };
    const states: PodCondition[] = ['unready', 'ready', 'ready'];
    expect(deletedFor(spec, states, { options: OPTIONS_137 })).toEqual([]);
    const broken: PodCondition[] = ['unready', 'unready', 'unready'];
    expect(deletedFor(spec, broken, { options: OPTIONS_137 })).toHaveLength(3);
  });

  it.each([
    { replicas: 1, max: 1, unready: [0], left: [0] },
    { replicas: 3, max: 1, unready: [2], left: [0, 1, 2] },
    { replicas: 5, max: 2, unready: [4], left: [0, 1, 2, 3] },
    { replicas: 5, max: 3, unready: [3], terminating: [4], left: [0, 1, 2, 4] },
    { replicas: 5, max: 3, unready: [4], terminating: [3], left: [0, 1, 2, 3] },
  ])('SS-459: the update step alone, ordered, %j', ({ replicas, max, left, ...states }) => {
    const set = buildSet({ replicas, ...rolling({ partition: 0, maxUnavailable: max }) });
    const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
    const pods = ordinals.map((ordinal): Pod => {
      const terminating = states.terminating?.includes(ordinal) ?? false;
      const state = states.unready.includes(ordinal) ? 'unready' : 'ready';
      const condition = terminating ? 'terminating' : state;
      return buildMember(set, ordinal, { state: condition, revision: 'web-old' });
    });
    const snapshot = buildSnapshot(set, pods, { options: OPTIONS_137 });
    const { tasks } = planUpdate(snapshot, layOut(snapshot).slots, true);
    const deleted = tasks.map(({ ordinal }) => ordinal);
    expect(ordinals.filter((ordinal) => !deleted.includes(ordinal))).toEqual(left);
  });

  it('SS-461: scale-down and replacement of terminal pods do not look at it', () => {
    const set = buildSet({ replicas: 3, ...limited(1) });
    const pods = members(set, ['failed', 'failed', 'unready', 'ready', 'ready']);
    expect(texts(set, pods, { options: GATE_136 })).toEqual([
      'delete web-0 (terminal)',
      'delete web-1 (terminal)',
      'delete web-4 (condemned)',
      'delete web-3 (condemned)',
    ]);
  });
});

describe('completion', () => {
  const counts = { replicas: 3, readyReplicas: 3, updatedReplicas: 3, currentReplicas: 0 };
  const finished = (
    change: object = {},
    {
      spec = {},
      options = DEFAULT_OPTIONS,
    }: { spec?: Partial<StatefulSet['spec']>; options?: EngineOptions } = {},
  ) => {
    const status = { ...counts, currentRevision: 'web-old', updateRevision: 'web-new', ...change };
    const set = buildSet({ replicas: 3, ...spec });
    const result = finishStatus(set, status, { updateDeletions: 0, options });
    return [result.currentRevision, result.currentReplicas];
  };
  const waiting = ['web-old', 0];
  const completed = ['web-new', 3];

  it('SS-481: all replicas there, ready and updated', () => {
    expect(finished()).toEqual(completed);
    expect(finished({ updatedReplicas: 2 })).toEqual(waiting);
    expect(finished({ readyReplicas: 2 })).toEqual(waiting);
    expect(finished({ replicas: 4 })).toEqual(waiting);
  });

  it('SS-472, SS-473: OnDelete completes in 1.37 only', () => {
    const spec = { updateStrategy: { type: 'OnDelete' } };
    expect(finished({}, { spec })).toEqual(waiting);
    expect(finished({}, { spec, options: OPTIONS_137 })).toEqual(completed);
  });

  it('SS-482: availability is not looked at', () => {
    const spec = { minReadySeconds: 30 };
    expect(finished({ availableReplicas: 0 }, { spec })).toEqual(completed);
  });

  it('SS-483: terminating and condemned pods count and hold it up', () => {
    const set = buildSet({ replicas: 2 });
    const pods = members(set, ['ready', 'ready', 'terminating']);
    const { status } = decide(set, pods);
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 2 });
    const options = DEFAULT_OPTIONS;
    const result = finishStatus(set, status, { updateDeletions: 0, options });
    expect(result.currentRevision).toBe('web-old');
  });

  it('SS-445: a partition holds it up', () => {
    const set = buildSet({ replicas: 2, ...rolling({ partition: 1 }) });
    const pods = [
      buildMember(set, 0, { revision: 'web-old' }),
      buildMember(set, 1, { revision: 'web-new' }),
    ];
    const decided = decide(set, pods);
    expect(decided.stages).toEqual([]);
    const { status } = decided;
    const options = OPTIONS_137;
    const result = finishStatus(set, status, { updateDeletions: 0, options });
    expect(result).toMatchObject({ currentRevision: 'web-old', updateRevision: 'web-new' });
  });

  it('SS-484: no replicas complete at once, partition or not', () => {
    const spec = { replicas: 0, ...rolling({ partition: 2 }) };
    const none = { replicas: 0, readyReplicas: 0, updatedReplicas: 0 };
    expect(finished(none, { spec })).toEqual(['web-new', 0]);
  });
});

describe('stuck rollouts', () => {
  it('SS-491: the broken pod of the highest slot stays and is waited for', () => {
    const states: PodCondition[] = ['ready', 'ready', 'unready'];
    expect(deletedFor({}, states, { updated: [2] })).toEqual([]);
  });

  it('SS-492: a reverted template waits too; the pod deleted by hand comes back right', () => {
    const set = buildSet({ replicas: 3 });
    const broken = buildMember(set, 2, { state: 'unready', revision: 'web-broken' });
    const good = members(set, ['ready', 'ready']);
    expect(texts(set, [...good, broken])).toEqual([]);
    const [created] = createdPods(decide(set, good));
    expect(created?.metadata.labels).toMatchObject({ 'controller-revision-hash': 'web-new' });
  });

  it('SS-493: deleted before the template is mended, it comes back broken', () => {
    const set = buildSet({ replicas: 3 });
    const update = { ...buildSnapshot(set, []).revisions.update };
    const [created] = createdPods(decide(set, members(set, ['ready', 'ready'], 'web-old')));
    expect(created?.metadata.labels).toMatchObject({
      'controller-revision-hash': update.metadata.name,
    });
  });
});
