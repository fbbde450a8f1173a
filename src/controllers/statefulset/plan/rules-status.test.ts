// Proofs of section 8 of the rules that need no server: what is counted, and when it is written.
import { describe, expect, it } from 'vitest';
import type { StatefulSet, StatefulSetStatus } from '../../../api/generated/types.ts';
import { decide, members, OPTIONS_137 } from './rules-test-kit.ts';
import { finishStatus, statusDiffers } from './status.ts';
import { buildMember, buildSet, buildSnapshot, DEFAULT_OPTIONS, OLD } from './set-builder.ts';

describe('counts', () => {
  it('SS-541, SS-548: generation, revisions and collisions', () => {
    const set = buildSet();
    set.metadata.generation = 7;
    const { update } = buildSnapshot(set, []).revisions;
    const revisions = { current: OLD, update, collisionCount: 2 };
    expect(decide(set, [], { revisions }).status).toEqual({
      observedGeneration: 7,
      replicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      currentReplicas: 0,
      updatedReplicas: 0,
      currentRevision: 'web-old',
      updateRevision: 'web-new',
      collisionCount: 2,
    });
    expect(decide(set, []).status).toHaveProperty('collisionCount', 0);
  });

  it('SS-542, SS-543: terminating and condemned pods count, those without a phase do not', () => {
    const set = buildSet({ replicas: 2 });
    const unborn = buildMember(set, 4);
    unborn.status = {};
    const pods = [...members(set, ['ready', 'terminating', 'terminating', 'failed']), unborn];
    expect(decide(set, pods).status).toMatchObject({ replicas: 4, readyReplicas: 3 });
  });

  it('SS-544: available are ready ones of some age', () => {
    const states = [{ readySeconds: 30 }, { readySeconds: 29 }, 'unready'] as const;
    const counted = (minReadySeconds: number) => {
      const set = buildSet({ minReadySeconds });
      return decide(set, members(set, states)).status;
    };
    expect(counted(30)).toMatchObject({ readyReplicas: 2, availableReplicas: 1 });
    expect(counted(0)).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
  });

  it('SS-544: without minReadySeconds a pod is available at once', () => {
    const { minReadySeconds: _, ...spec } = buildSet().spec ?? {};
    const set = { ...buildSet(), spec } as StatefulSet;
    const { status } = decide(set, members(set, [{ readySeconds: 0 }]));
    expect(status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });

  it('SS-545: pods of a revision count unless they terminate', () => {
    const set = buildSet({ replicas: 4 });
    const pods = [
      ...members(set, ['ready', 'unready', 'terminating'], 'web-old'),
      buildMember(set, 3, { revision: 'web-new' }),
    ];
    expect(decide(set, pods).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    const { update } = buildSnapshot(set, []).revisions;
    const revisions = { current: update, update, collisionCount: 0 };
    expect(decide(set, pods, { revisions }).status).toMatchObject({
      currentReplicas: 1,
      updatedReplicas: 1,
    });
  });

  it('SS-546: deletions for the update are taken off the current pods, down below zero', () => {
    const set = buildSet();
    const { status } = decide(set, members(set, ['ready', 'ready', 'ready'], 'web-third'));
    expect(status.currentReplicas).toBe(0);
    const options = DEFAULT_OPTIONS;
    expect(finishStatus(set, status, { updateDeletions: 1, options }).currentReplicas).toBe(-1);
  });

  it('SS-547: pods created or condemned in this sync are counted as they were', () => {
    const growing = buildSet({ replicas: 2 });
    expect(decide(growing, members(growing, ['ready'])).status.replicas).toBe(1);
    const shrinking = buildSet({ replicas: 1 });
    const decided = decide(shrinking, members(shrinking, ['ready', 'ready']));
    expect(decided.stages).toHaveLength(1);
    expect(decided.status).toMatchObject({ replicas: 2, readyReplicas: 2 });
  });

  it('SS-550: there are no conditions, and those of others are not kept', () => {
    const set = buildSet({ replicas: 1 });
    set.status = { replicas: 1, conditions: [{ type: 'Theirs', status: 'True' }] };
    for (const options of [DEFAULT_OPTIONS, OPTIONS_137]) {
      const { status } = decide(set, members(set, ['ready']), { options });
      const written = finishStatus(set, status, { updateDeletions: 0, options });
      expect(written.conditions ?? []).toEqual([]);
    }
  });

  it('SS-555, SS-606: a set that is being deleted is still counted, and left alone', () => {
    const set = buildSet();
    set.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const decided = decide(set, members(set, ['ready', 'failed', 'ready', 'ready'], 'web-old'));
    expect(decided.stages).toEqual([]);
    expect(decided.status).toMatchObject({ replicas: 4, readyReplicas: 3, currentReplicas: 4 });
  });
});

describe('writing', () => {
  const stored: StatefulSetStatus = {
    observedGeneration: 2,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: 'web-new',
    updateRevision: 'web-new',
    collisionCount: 0,
  };
  const set: StatefulSet = { ...buildSet(), status: stored };

  it.each([
    ['observedGeneration', 3],
    ['replicas', 2],
    ['readyReplicas', 2],
    ['availableReplicas', 2],
    ['currentReplicas', 2],
    ['updatedReplicas', 2],
    ['currentRevision', 'web-old'],
    ['updateRevision', 'web-old'],
  ])('SS-549: a change of %s is written', (field, value) => {
    expect(statusDiffers(set, { ...stored, [field]: value })).toBe(true);
  });

  it('SS-549, SS-550: nothing else is', () => {
    expect(statusDiffers(set, stored)).toBe(false);
    expect(statusDiffers(set, { ...stored, observedGeneration: 1 })).toBe(false);
    expect(statusDiffers(set, { ...stored, collisionCount: 1 })).toBe(false);
    const theirs = { ...set, status: { ...stored, conditions: [{ type: 'X', status: 'True' }] } };
    expect(statusDiffers(theirs, stored)).toBe(false);
  });

  it('SS-549: counts that are absent are zero', () => {
    const empty = { ...buildSet(), status: { observedGeneration: 2, replicas: 0 } };
    const zero = { ...stored, replicas: 0, readyReplicas: 0, availableReplicas: 0 };
    const none = {
      currentReplicas: 0,
      updatedReplicas: 0,
      currentRevision: '',
      updateRevision: '',
    };
    expect(statusDiffers(empty, { ...zero, ...none })).toBe(false);
  });
});
