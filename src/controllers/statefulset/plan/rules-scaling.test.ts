// Proofs of sections 4, 5 and 13 of the rules that need no server: slots, order, scaling.
import { describe, expect, it } from 'vitest';
import type { Pod, StatefulSet } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { layOut } from './slots.ts';
import {
  actionsOf,
  buildSetWithClaims,
  createdPods,
  decide,
  members,
  parallel,
  texts,
} from './rules-test-kit.ts';
import { buildMember, buildSet, buildSnapshot, type PodCondition } from './set-builder.ts';

/** What is done to a set of `replicas` whose pods have these states. */
function reaction(
  replicas: number,
  states: readonly PodCondition[],
  spec: Partial<StatefulSet['spec']> = {},
): string[] {
  const set = buildSet({ replicas, ...spec });
  return texts(set, members(set, states));
}

describe('slots', () => {
  it('SS-303, SS-324: ordered work ends at the first slot that is not settled', () => {
    expect(reaction(4, ['ready', 'unready', 'failed'])).toEqual([]);
    expect(reaction(4, ['ready', 'failed', 'failed'])).toEqual(['delete web-1 (terminal)']);
    expect(reaction(3, ['ready', 'pending'])).toEqual([]);
    expect(reaction(1, ['pending', 'ready', 'ready'])).toEqual([]);
    const set = buildSet({ replicas: 2 });
    expect(texts(set, members(set, ['pending', 'ready'], 'web-old'))).toEqual([]);
  });

  it('SS-304: burst slots are one stage of slow start, and none stops the others', () => {
    const set = buildSet({ ...parallel, replicas: 4 });
    const { stages } = decide(set, members(set, ['pending', 'failed', 'terminating']));
    expect(stages.map(({ step, order }) => [step, order])).toEqual([['replicas', 'slow-start']]);
    expect(reaction(4, ['pending', 'failed', 'terminating'], parallel)).toEqual([
      'delete web-1 (terminal)',
      'create web-3',
    ]);
  });

  it('SS-305: the instant of the snapshot decides, and nothing else', () => {
    const set = buildSet({ replicas: 2, minReadySeconds: 30 });
    const pods = members(set, [{ readySeconds: 29 }]);
    const { nowMs } = buildSnapshot(set, pods);
    expect(texts(set, pods, { nowMs: nowMs + 999 })).toEqual([]);
    expect(texts(set, pods, { nowMs: nowMs + 1000 })).toEqual(['create web-1']);
    expect(decide(set, pods, { nowMs: nowMs + 999 }).status.availableReplicas).toBe(0);
    expect(decide(set, pods, { nowMs: nowMs + 1000 }).status.availableReplicas).toBe(1);
  });

  it('SS-306: a terminal pod that terminates already is only waited for', () => {
    const set = buildSet({ replicas: 2 });
    const [pod] = members(set, ['failed']) as [Pod];
    pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(texts(set, [pod])).toEqual([]);
  });

  it('SS-310, SS-339: ordered work waits for a terminating pod, however long', () => {
    const set = buildSet({ replicas: 2 });
    const [pod] = members(set, ['terminating']) as [Pod];
    pod.metadata.deletionTimestamp = '2025-01-01T00:00:00Z';
    pod.metadata.finalizers = ['example.com/hold'];
    expect(texts(set, [pod])).toEqual([]);
    const shrinking = buildSet({ replicas: 0 });
    const above = buildMember(shrinking, 1, { state: 'terminating' });
    expect(texts(shrinking, [buildMember(shrinking, 0), above])).toEqual([]);
  });

  it('SS-311, SS-322: ordered creation waits for a lower pod to be ready again', () => {
    expect(reaction(4, ['unready', 'ready', 'ready'])).toEqual([]);
    expect(reaction(4, ['ready', 'ready', 'ready'])).toEqual(['create web-3']);
  });

  it('SS-312: and to be available', () => {
    const spec = { minReadySeconds: 10 };
    expect(reaction(3, [{ readySeconds: 10 }, { readySeconds: 9 }], spec)).toEqual([]);
    expect(reaction(3, [{ readySeconds: 9 }, { readySeconds: 10 }], spec)).toEqual([]);
    expect(reaction(3, [{ readySeconds: 10 }, { readySeconds: 10 }], spec)).toEqual([
      'create web-2',
    ]);
  });

  it('SS-313: each settled slot is put right; the loop goes on after it', () => {
    const set = buildSet({ replicas: 3 });
    const pods = members(set, ['ready', 'ready']);
    for (const { metadata } of pods) {
      delete metadata.labels?.['statefulset.kubernetes.io/pod-name'];
    }
    expect(texts(set, pods)).toEqual(['update web-0', 'update web-1', 'create web-2']);
  });

  it('SS-315: burst waits neither for readiness nor for termination or availability', () => {
    const states: PodCondition[] = ['unready', 'terminating', { readySeconds: 1 }, 'pending'];
    const spec = { ...parallel, minReadySeconds: 30 };
    expect(reaction(5, states, spec)).toEqual(['create web-4']);
    expect(reaction(3, ['ready', 'succeeded', 'unready'], spec)).toEqual([
      'delete web-1 (terminal)',
    ]);
  });

  it('SS-345, SS-346: phase and Ready condition count, containers do not', () => {
    const set = buildSet({ replicas: 2 });
    const unknown = buildMember(set, 0);
    unknown.status = { ...unknown.status, phase: 'Unknown' };
    expect(texts(set, [unknown])).toEqual([]);
    expect(decide(set, [unknown]).status).toMatchObject({ replicas: 1, readyReplicas: 0 });
    const crashing = buildMember(set, 0);
    crashing.status = {
      ...crashing.status,
      containerStatuses: [
        {
          name: 'c',
          image: 'nginx',
          imageID: '',
          ready: false,
          restartCount: 9,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
        },
      ],
    };
    expect(texts(set, [crashing])).toEqual(['create web-1']);
  });
});

describe('scale-down', () => {
  it('SS-328: comes after all slots are settled, or after the slots of burst', () => {
    expect(reaction(2, ['ready', 'unready', 'ready'])).toEqual([]);
    expect(reaction(3, ['ready', 'ready'])).toEqual(['create web-2']);
    const set = buildSet({ ...parallel, replicas: 2 });
    const pods = [buildMember(set, 1, { state: 'unready' }), buildMember(set, 2)];
    const { stages } = decide(set, pods);
    expect(stages.map(({ step }) => step)).toEqual(['replicas', 'condemned']);
  });

  it('SS-329: pods below a raised start come last', () => {
    const set = buildSet({ replicas: 1, ordinals: { start: 3 } });
    const pods = [0, 1, 3, 5].map((ordinal) => buildMember(set, ordinal));
    const { condemned } = layOut(buildSnapshot(set, pods));
    expect(condemned.map(nameOf)).toEqual(['web-5', 'web-1', 'web-0']);
    expect(texts(set, pods)).toEqual(['delete web-5 (condemned)']);
  });

  it('SS-331: the first unavailable pod is a slot before it is a condemned pod', () => {
    const first = (replicas: number, states: readonly PodCondition[]) => {
      const set = buildSet({ replicas });
      return layOut(buildSnapshot(set, members(set, states))).firstUnavailable;
    };
    expect(first(2, ['ready', 'unready', 'unready'])).toBe('web-1');
    expect(first(2, ['ready'])).toBe('web-1');
    expect(first(1, ['ready', 'ready', 'unready', 'terminating'])).toBe('web-2');
    expect(first(1, ['ready', 'ready'])).toBeUndefined();
  });

  it('SS-332: an unhealthy condemned pod goes only as the first unavailable one', () => {
    expect(reaction(1, ['ready', 'ready', 'unready'])).toEqual(['delete web-2 (condemned)']);
    expect(reaction(1, ['ready', 'unready', 'unready'])).toEqual([]);
    const spec = { minReadySeconds: 30 };
    const fresh = { readySeconds: 1 };
    expect(reaction(0, [fresh, fresh], spec)).toEqual([]);
    expect(reaction(0, [{ readySeconds: 30 }, fresh], spec)).toEqual(['delete web-1 (condemned)']);
  });

  it('SS-333: each goes once it is healthy, the last in any state', () => {
    expect(reaction(0, ['unready', 'unready', 'ready'])).toEqual(['delete web-2 (condemned)']);
    expect(reaction(0, ['unready', 'unready'])).toEqual([]);
    expect(reaction(0, ['unready', 'ready'])).toEqual(['delete web-1 (condemned)']);
  });

  it('SS-334: and so on down', () => {
    expect(reaction(0, ['unready', 'ready'])).toEqual(['delete web-1 (condemned)']);
    expect(reaction(0, ['unready'])).toEqual(['delete web-0 (condemned)']);
  });

  it('SS-337: terminal condemned pods are pods that are not ready', () => {
    expect(reaction(1, ['ready', 'ready', 'failed'])).toEqual(['delete web-2 (condemned)']);
    expect(reaction(1, ['ready', 'failed', 'failed'])).toEqual([]);
    expect(reaction(1, ['ready', 'unready', 'succeeded'])).toEqual([]);
  });

  it('SS-340: comes before updates when ordered, with them in burst', () => {
    const mixed = (spec: Partial<StatefulSet['spec']>, count: number) => {
      const set = buildSet({ replicas: 2, ...spec });
      return texts(set, members(set, Array<PodCondition>(count).fill('ready'), 'web-old'));
    };
    expect(mixed({}, 3)).toEqual(['delete web-2 (condemned)']);
    expect(mixed({}, 2)).toEqual(['delete web-1 (update)']);
    expect(mixed(parallel, 3)).toEqual(['delete web-2 (condemned)', 'delete web-1 (update)']);
  });

  it('SS-807: every deletion names the uid of the pod that it was decided on', () => {
    const set = buildSet({ ...parallel, replicas: 2 });
    const pods = [
      buildMember(set, 0, { state: 'failed' }),
      buildMember(set, 1, { revision: 'web-old' }),
      buildMember(set, 2),
    ];
    const deletions = actionsOf(decide(set, pods));
    expect(deletions).toEqual([
      { type: 'delete-pod', name: 'web-0', uid: 'uid-0', why: 'terminal' },
      { type: 'delete-pod', name: 'web-2', uid: 'uid-2', why: 'condemned' },
      { type: 'delete-pod', name: 'web-1', uid: 'uid-1', why: 'update' },
    ]);
  });

  it('SS-341: no replicas means no pods', () => {
    expect(reaction(0, [])).toEqual([]);
    expect(reaction(0, [], parallel)).toEqual([]);
    expect(decide(buildSet({ replicas: 0 }), []).status).toMatchObject({ replicas: 0 });
  });
});

describe('start ordinal', () => {
  const at = (start: number | undefined, replicas: number) =>
    buildSet({ replicas, ...(start === undefined ? {} : { ordinals: { start } }) });
  const pods = (set: StatefulSet, ordinals: readonly number[]) =>
    ordinals.map((ordinal) => buildMember(set, ordinal));

  it('SS-761: the range begins there, at 0 by default', () => {
    const created = (spec: Partial<StatefulSet['spec']>) =>
      createdPods(decide(buildSet({ ...parallel, replicas: 2, ...spec }), [])).map(nameOf);
    expect(created({ ordinals: { start: 7 } })).toEqual(['web-7', 'web-8']);
    expect(created({ ordinals: {} })).toEqual(['web-0', 'web-1']);
    expect(created({})).toEqual(['web-0', 'web-1']);
  });

  it('SS-762, SS-763: up from 0 to 4, pod by pod', () => {
    const set = at(4, 2);
    const step = (ordinals: readonly number[]) => texts(set, pods(set, ordinals));
    expect(step([0, 1])).toEqual(['create web-4']);
    expect(step([0, 1, 4])).toEqual(['create web-5']);
    expect(step([0, 1, 4, 5])).toEqual(['delete web-1 (condemned)']);
    expect(step([0, 4, 5])).toEqual(['delete web-0 (condemned)']);
    const unready = [...pods(set, [0, 1]), buildMember(set, 4, { state: 'unready' })];
    expect(texts(set, unready)).toEqual([]);
  });

  it('SS-763, SS-764: down from 3 to 2, and back to 0', () => {
    const lower = at(2, 2);
    expect(texts(lower, pods(lower, [3, 4]))).toEqual(['create web-2']);
    expect(texts(lower, pods(lower, [2, 3, 4]))).toEqual(['delete web-4 (condemned)']);
    expect(texts(lower, pods(lower, [2, 3]))).toEqual([]);
    const removed = at(undefined, 2);
    expect(texts(removed, pods(removed, [3, 4]))).toEqual(['create web-0']);
    expect(texts(removed, pods(removed, [0, 1, 3, 4]))).toEqual(['delete web-4 (condemned)']);
  });

  it('SS-765: one replica is the pod of the start ordinal', () => {
    const set = at(5, 1);
    expect(texts(set, pods(set, [5, 6]))).toEqual(['delete web-6 (condemned)']);
    expect(texts(set, pods(set, [5]))).toEqual([]);
  });

  it('SS-766: claims have the ordinal in their name; below the start is scaled down', () => {
    const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Retain' };
    const set = buildSetWithClaims({
      replicas: 1,
      ordinals: { start: 5 },
      persistentVolumeClaimRetentionPolicy,
    });
    const created = actionsOf(decide(set, []));
    expect(created).toMatchObject([{ claims: { create: [{ metadata: { name: 'data-web-5' } }] } }]);
    const claim = (name: string) =>
      name === 'data-web-0'
        ? { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name } }
        : undefined;
    const moved = decide(set, pods(set, [0, 5]), { claim });
    expect(actionsOf(moved)[0]).toMatchObject({
      type: 'update-claims',
      claims: { update: [{ metadata: { ownerReferences: [{ kind: 'Pod', name: 'web-0' }] } }] },
    });
  });

  it('SS-767: partition and currentReplicas count from there', () => {
    const revisionsOf = (updateStrategy: object, currentReplicas = 0) => {
      const set = buildSet({ ...parallel, replicas: 3, ordinals: { start: 5 }, updateStrategy });
      set.status = { replicas: 3, currentReplicas };
      return createdPods(decide(set, [])).map(
        ({ metadata }) => metadata.labels?.['controller-revision-hash'],
      );
    };
    const type = 'RollingUpdate';
    const expected = ['web-old', 'web-new', 'web-new'];
    expect(revisionsOf({ type, rollingUpdate: { partition: 1 } })).toEqual(expected);
    expect(revisionsOf({ type }, 1)).toEqual(expected);
  });
});
