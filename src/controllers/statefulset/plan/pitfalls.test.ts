// What has surprised users of StatefulSets, decided as Kubernetes decides it. Scenarios that need a
// server are in test/controllers/pitfalls.test.ts.
import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../../api/generated/types.ts';
import { claimWithPolicy } from './retention.ts';
import {
  buildSetWithClaims,
  claimsIn,
  createdClaims,
  createdPods,
  decide,
  members,
  parallel,
  storedClaim,
  texts,
} from './rules-test-kit.ts';
import { finishStatus } from './status.ts';
import { buildMember, buildSet, DEFAULT_OPTIONS, OLD, NEW } from './set-builder.ts';

const rollingWith = (rollingUpdate?: object): Partial<StatefulSet['spec']> => ({
  updateStrategy: { type: 'RollingUpdate', ...(rollingUpdate ? { rollingUpdate } : {}) },
});

const REVISION = 'controller-revision-hash';

describe('rollouts', () => {
  it('SS-1001: a broken pod stops the rollout, also back to what worked', () => {
    const set = buildSet();
    const pods = [
      ...members(set, ['ready', 'ready'], 'web-old'),
      buildMember(set, 2, { state: 'unready' }),
    ];
    expect(texts(set, pods)).toEqual([]);
    const reverted = { revisions: { current: OLD, update: OLD, collisionCount: 0 } };
    expect(texts(set, pods, reverted)).toEqual([]);
    const [pod] = createdPods(decide(set, pods.slice(0, 2), reverted));
    expect(pod?.metadata.labels?.[REVISION]).toBe('web-old');
  });

  it('SS-1002: with a block the partition decides on new pods, without one the status', () => {
    const revisionsOf = (spec: Partial<StatefulSet['spec']>) => {
      const set = buildSet({ ...parallel, ...spec });
      set.status = { replicas: 3, currentReplicas: 2 };
      return createdPods(decide(set, [])).map(({ metadata }) => metadata.labels?.[REVISION]);
    };
    expect(revisionsOf(rollingWith({ partition: 0 }))).toEqual(['web-new', 'web-new', 'web-new']);
    expect(revisionsOf(rollingWith())).toEqual(['web-old', 'web-old', 'web-new']);
  });

  it('SS-1003: partition 1 of the ordinals 5 to 7 holds pod 5', () => {
    const set = buildSet({ ...rollingWith({ partition: 1 }), ordinals: { start: 5 } });
    const pods = members(set, ['ready', 'ready', 'ready'], 'web-old');
    expect(texts(set, pods)).toEqual(['delete web-7 (update)']);
    const last = [...pods.slice(0, 2), buildMember(set, 7)];
    expect(texts(set, last)).toEqual(['delete web-6 (update)']);
    const rest = [...pods.slice(0, 1), buildMember(set, 6), buildMember(set, 7)];
    expect(texts(set, rest)).toEqual([]);
  });

  it('SS-1010: ready pods complete a rollout before they are available', () => {
    const set = buildSet({ minReadySeconds: 60 });
    set.status = { replicas: 3, currentRevision: 'web-old', updateRevision: 'web-new' };
    const pods = members(set, [{ readySeconds: 5 }, { readySeconds: 5 }, { readySeconds: 5 }]);
    const { status } = decide(set, pods);
    expect(status).toMatchObject({ readyReplicas: 3, availableReplicas: 0, updatedReplicas: 3 });
    const finished = finishStatus(set, status, { updateDeletions: 0, options: DEFAULT_OPTIONS });
    expect(finished.currentRevision).toBe('web-new');
  });

  it('SS-1012: what admission adds to a pod is no drift, only the label counts', () => {
    const set = buildSet();
    const pods = members(set, ['ready', 'ready', 'ready']);
    const sidecar = { name: 'injected', image: 'proxy:7' };
    for (const pod of pods) pod.spec = { ...pod.spec, containers: [sidecar], hostNetwork: true };
    expect(texts(set, pods)).toEqual([]);
  });

  it('SS-1013: without its revision label a pod is old, whenever it comes back', () => {
    const set = buildSet();
    const pods = members(set, ['ready', 'ready', 'ready']);
    for (const pod of pods) delete pod.metadata.labels?.[REVISION];
    expect(texts(set, pods)).toEqual(['delete web-2 (update)']);
    expect(decide(set, pods).status.updatedReplicas).toBe(0);
  });

  it('SS-1014: a revision label that was written by hand is believed', () => {
    const set = buildSet();
    const pods = members(set, ['ready', 'ready', 'ready'], 'web-old');
    for (const pod of pods) Object.assign(pod.metadata.labels ?? {}, { [REVISION]: 'web-new' });
    expect(texts(set, pods)).toEqual([]);
    expect(decide(set, pods).status.updatedReplicas).toBe(3);
    const reverted = { revisions: { current: NEW, update: OLD, collisionCount: 0 } };
    expect(texts(set, pods, reverted)).toEqual(['delete web-2 (update)']);
  });
});

describe('scaling', () => {
  it('SS-1004: of two unhealthy condemned pods neither goes', () => {
    const set = buildSet({ replicas: 1 });
    const stuck = members(set, ['ready', 'unready', 'unready']);
    expect(texts(set, stuck)).toEqual([]);
    expect(texts(set, members(set, ['ready', 'unready', 'ready']))).toEqual([
      'delete web-2 (condemned)',
    ]);
    expect(texts(set, members(set, ['ready', 'unready']))).toEqual(['delete web-1 (condemned)']);
  });

  it('SS-1005: with whenScaled Delete an ordinal waits for the end of its old claim', () => {
    const set = buildSetWithClaims({
      replicas: 2,
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
    });
    const condemned = { name: 'web-1', uid: 'uid-of-the-old-pod', ordinal: 1 };
    const smaller = buildSetWithClaims({ ...set.spec, replicas: 1 });
    const doomed = claimWithPolicy(smaller, storedClaim('data-web-1'), condemned);
    const kept = storedClaim('data-web-0');
    const pods = members(set, ['ready']);
    const waiting = decide(set, pods, { claim: claimsIn([kept, doomed]) });
    expect(createdPods(waiting)).toEqual([]);
    expect(waiting.waits.map(({ object }) => object)).toContain('Pod/web-1');
    const free = decide(set, pods, { claim: claimsIn([kept]) });
    expect(createdPods(free)).toHaveLength(1);
    expect(createdClaims(free)).toContain('data-web-1');
  });

  it('SS-1011: terminating pods count in replicas and, while ready, in readyReplicas', () => {
    const set = buildSet();
    const { status } = decide(set, members(set, ['ready', 'terminating', 'terminating']));
    expect(status).toMatchObject({ replicas: 3, readyReplicas: 3 });
    const gone = decide(set, members(set, ['ready'])).status;
    expect(gone).toMatchObject({ replicas: 1, readyReplicas: 1 });
  });
});

it('SS-1015: references of the retention policy block the deletion of their owner', () => {
  // Whoever writes them needs `update` on the finalizers of sets and pods where that is checked.
  const policy = { whenScaled: 'Delete', whenDeleted: 'Delete' };
  const set = buildSetWithClaims({ replicas: 1, persistentVolumeClaimRetentionPolicy: policy });
  for (const ordinal of [0, 1]) {
    const pod = { name: `web-${ordinal}`, uid: `uid-${ordinal}`, ordinal };
    const { metadata } = claimWithPolicy(set, storedClaim(`data-${pod.name}`), pod);
    expect(metadata.ownerReferences).toMatchObject([
      { kind: ordinal === 0 ? 'StatefulSet' : 'Pod', controller: true, blockOwnerDeletion: true },
    ]);
  }
});
