import { describe, expect, it } from 'vitest';
import type { Pod, StatefulSet } from '../../../api/generated/types.ts';
import { deepFreeze, nameOf } from '../../../api/meta/object.ts';
import { plan } from './plan.ts';
import {
  DEFAULT_OPTIONS,
  actionTexts,
  buildMember,
  buildSet,
  buildSnapshot,
  waitTexts,
  type PodCondition,
} from './set-builder.ts';
import type { Snapshot } from './snapshot.ts';

function decide(set: StatefulSet, pods: readonly Pod[], parts: Partial<Snapshot> = {}) {
  return plan(deepFreeze(buildSnapshot(set, pods, parts)));
}

function members(set: StatefulSet, states: readonly PodCondition[], revision = 'web-new'): Pod[] {
  return states.map((state, ordinal) => buildMember(set, ordinal, { state, revision }));
}

const parallel = { podManagementPolicy: 'Parallel' };

describe('plan(): creation', () => {
  it('SS-308, SS-320: one pod at a time, the lowest missing slot first', () => {
    expect(actionTexts(decide(buildSet(), []))).toEqual(['create web-0']);
    const set = buildSet();
    expect(actionTexts(decide(set, members(set, ['ready'])))).toEqual(['create web-1']);
    expect(actionTexts(decide(set, members(set, ['unready'])))).toEqual([]);
  });

  it('SS-321, SS-323: a gap is filled at once, whatever the higher slots do', () => {
    const set = buildSet();
    const pods = [buildMember(set, 1, { state: 'unready' }), buildMember(set, 2)];
    expect(actionTexts(decide(set, pods))).toEqual(['create web-0']);
  });

  it('SS-326: Parallel creates all missing slots in one sync', () => {
    const set = buildSet(parallel);
    expect(actionTexts(decide(set, [buildMember(set, 1, { state: 'unready' })]))).toEqual([
      'create web-0',
      'create web-2',
    ]);
  });

  it('SS-325: minReadySeconds delays the next slot', () => {
    const set = buildSet({ minReadySeconds: 30 });
    expect(actionTexts(decide(set, members(set, [{ readySeconds: 29 }])))).toEqual([]);
    expect(actionTexts(decide(set, members(set, [{ readySeconds: 30 }])))).toEqual([
      'create web-1',
    ]);
  });

  it('SS-306, SS-307: terminal pods are deleted and not replaced in the same sync', () => {
    const set = buildSet();
    expect(actionTexts(decide(set, members(set, ['failed'])))).toEqual(['delete web-0 (terminal)']);
    expect(actionTexts(decide(set, members(set, ['succeeded'])))).toEqual([
      'delete web-0 (terminal)',
    ]);
  });

  it('SS-105, SS-111, SS-112, SS-205: identity, hostname, subdomain and claim volumes', () => {
    const template = { metadata: { name: 'data' }, spec: {} };
    const claims = [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...template }];
    const decided = decide(buildSet({ volumeClaimTemplates: claims }), []);
    const action = decided.stages[0]?.tasks[0]?.actions[0];
    if (action?.type !== 'create-pod') throw new Error('no pod is created');
    expect(action.pod.metadata.labels).toEqual({
      app: 'web',
      at: 'web-new',
      'statefulset.kubernetes.io/pod-name': 'web-0',
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': 'web-new',
    });
    expect(action.pod.spec).toMatchObject({
      hostname: 'web-0',
      subdomain: 'nginx',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }],
    });
    expect(action.claims.create.map(nameOf)).toEqual(['data-web-0']);
    expect(action.claims.create[0]?.metadata.labels).toEqual({ app: 'web' });
  });
});

describe('plan(): scale-down', () => {
  it('SS-329, SS-330: the highest ordinal first, one a sync, and it waits for terminating ones', () => {
    const set = buildSet({ replicas: 1 });
    expect(actionTexts(decide(set, members(set, ['ready', 'ready', 'ready'])))).toEqual([
      'delete web-2 (condemned)',
    ]);
    expect(actionTexts(decide(set, members(set, ['ready', 'ready', 'terminating'])))).toEqual([]);
  });

  it('SS-333: with three unready pods nothing goes; a single unready one goes', () => {
    const none = buildSet({ replicas: 0 });
    const unready: PodCondition[] = ['unready', 'unready', 'unready'];
    expect(actionTexts(decide(none, members(none, unready)))).toEqual([]);
    expect(actionTexts(decide(none, members(none, ['unready'])))).toEqual([
      'delete web-0 (condemned)',
    ]);
  });

  it('SS-334: with only pod 0 unready, pod 2 goes first', () => {
    const none = buildSet({ replicas: 0 });
    expect(actionTexts(decide(none, members(none, ['unready', 'ready', 'ready'])))).toEqual([
      'delete web-2 (condemned)',
    ]);
  });

  it('SS-335: an unsettled slot blocks scale-down', () => {
    const set = buildSet({ replicas: 1 });
    expect(actionTexts(decide(set, members(set, ['unready', 'ready'])))).toEqual([]);
  });

  it('SS-336: Parallel deletes all condemned pods at once, skipping terminating ones', () => {
    const set = buildSet({ ...parallel, replicas: 1 });
    const pods = members(set, ['ready', 'unready', 'terminating', 'ready']);
    expect(actionTexts(decide(set, pods))).toEqual([
      'delete web-3 (condemned)',
      'delete web-1 (condemned)',
    ]);
  });

  it('SS-763: a raised start creates the new range first, then condemns from the highest', () => {
    const set = buildSet({ replicas: 2, ordinals: { start: 4 } });
    expect(actionTexts(decide(set, members(set, ['ready', 'ready'])))).toEqual(['create web-4']);
    const moved = [...members(set, ['ready', 'ready']), buildMember(set, 4), buildMember(set, 5)];
    expect(actionTexts(decide(set, moved))).toEqual(['delete web-1 (condemned)']);
  });
});

describe('plan(): rolling update', () => {
  it('SS-431: the highest old pod goes, one a sync', () => {
    const set = buildSet();
    const pods = members(set, ['ready', 'ready', 'ready'], 'web-old');
    expect(actionTexts(decide(set, pods))).toEqual(['delete web-2 (update)']);
  });

  it('SS-433, SS-491, SS-492: an unready pod in range stops the rollout, also a reverted one', () => {
    const set = buildSet();
    const pods = members(set, ['ready', 'ready', 'unready'], 'web-old');
    const decided = decide(set, pods);
    expect(actionTexts(decided)).toEqual([]);
    expect(decided.waits[0]).toMatchObject({ object: 'Pod/web-2', gate: 'PodNotReady' });
  });

  it('SS-434: Parallel replaces an unhealthy old pod', () => {
    const set = buildSet(parallel);
    const pods = members(set, ['ready', 'ready', 'unready'], 'web-old');
    expect(actionTexts(decide(set, pods))).toEqual(['delete web-2 (update)']);
  });

  it('SS-441: partition counts slots, not ordinals', () => {
    const rollingUpdate = { partition: 1 };
    const set = buildSet({
      ordinals: { start: 5 },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    });
    const at = (revisions: readonly string[]) =>
      revisions.map((revision, index) => buildMember(set, 5 + index, { revision }));
    expect(actionTexts(decide(set, at(['web-old', 'web-old', 'web-new'])))).toEqual([
      'delete web-6 (update)',
    ]);
    expect(actionTexts(decide(set, at(['web-old', 'web-new', 'web-new'])))).toEqual([]);
  });

  it('SS-421, SS-444: below the partition pods come back at the current revision', () => {
    const rollingUpdate = { partition: 1 };
    const set = buildSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    const decided = decide(set, []);
    const action = decided.stages[0]?.tasks[0]?.actions[0];
    expect(action).toMatchObject({
      pod: { metadata: { labels: { 'controller-revision-hash': 'web-old', at: 'web-old' } } },
    });
  });

  it('SS-471: OnDelete deletes nothing', () => {
    const set = buildSet({ updateStrategy: { type: 'OnDelete' } });
    expect(actionTexts(decide(set, members(set, ['ready', 'ready', 'ready'], 'web-old')))).toEqual(
      [],
    );
  });

  it('SS-546, SS-606: a set that is being deleted only keeps its status', () => {
    const set = buildSet();
    set.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const decided = decide(set, members(set, ['ready', 'unready']));
    expect(decided.stages).toEqual([]);
    expect(decided.status).toMatchObject({ replicas: 2, readyReplicas: 1 });
  });
});

interface Row {
  rule: string;
  replicas: number;
  max: number;
  unready?: number[];
  terminating?: number[];
  fresh?: number[];
  partition?: number;
  left: number[];
}

/** The tables of SS-457 and SS-458: all pods at the old revision. */
const TWO_PHASE_ROWS: Row[] = [
  { rule: 'SS-457', replicas: 1, max: 1, unready: [0], left: [] },
  { rule: 'SS-457', replicas: 3, max: 1, unready: [2], left: [0, 1] },
  { rule: 'SS-457', replicas: 5, max: 2, unready: [3, 4], left: [0, 1, 2] },
  { rule: 'SS-457', replicas: 3, max: 1, terminating: [2], left: [0, 1, 2] },
  { rule: 'SS-457', replicas: 5, max: 3, terminating: [4], unready: [3], left: [0, 1, 4] },
  { rule: 'SS-457', replicas: 5, max: 3, terminating: [3], unready: [4], left: [0, 1, 3] },
  { rule: 'SS-457', replicas: 3, max: 1, fresh: [2], left: [0, 1] },
  { rule: 'SS-457', replicas: 4, max: 2, unready: [0, 1], left: [2, 3] },
  { rule: 'SS-457', replicas: 5, max: 3, unready: [0, 1], left: [2, 3] },
  { rule: 'SS-458', replicas: 5, partition: 2, max: 1, unready: [4], left: [0, 1, 2, 3] },
  { rule: 'SS-458', replicas: 5, partition: 2, max: 1, unready: [2], left: [0, 1, 3, 4] },
  { rule: 'SS-458', replicas: 5, partition: 2, max: 1, unready: [1], left: [0, 1, 2, 3, 4] },
  { rule: 'SS-458', replicas: 5, partition: 3, max: 2, unready: [3, 4], left: [0, 1, 2] },
  { rule: 'SS-458', replicas: 5, partition: 3, max: 2, unready: [1, 4], left: [0, 1, 2, 3] },
];

function survivors(row: Row): number[] {
  const { partition = 0, max: maxUnavailable } = row;
  const set = buildSet({
    ...parallel,
    replicas: row.replicas,
    minReadySeconds: row.fresh ? 30 : 0,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition, maxUnavailable } },
  });
  const state = (ordinal: number): PodCondition => {
    if (row.unready?.includes(ordinal)) return 'unready';
    if (row.terminating?.includes(ordinal)) return 'terminating';
    return row.fresh?.includes(ordinal) ? { readySeconds: 1 } : 'ready';
  };
  const ordinals = Array.from({ length: row.replicas }, (_, ordinal) => ordinal);
  const pods = members(set, ordinals.map(state), 'web-old');
  const options = { ...DEFAULT_OPTIONS, maxUnavailable: true, emulatedVersion: '1.37' as const };
  const deleted = actionTexts(decide(set, pods, { options }));
  return ordinals.filter((ordinal) => !deleted.includes(`delete web-${ordinal} (update)`));
}

describe('plan(): maxUnavailable', () => {
  for (const row of TWO_PHASE_ROWS) {
    it(`${row.rule}: two phases, ${JSON.stringify(row)}`, () => {
      expect(survivors(row)).toEqual(row.left);
    });
  }

  it('SS-454: OrderedReady goes in waves of max pods', () => {
    const rollingUpdate = { partition: 0, maxUnavailable: 2 };
    const set = buildSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    const options = { ...DEFAULT_OPTIONS, maxUnavailable: true };
    const pods = members(set, ['ready', 'ready', 'ready'], 'web-old');
    expect(actionTexts(decide(set, pods, { options }))).toEqual([
      'delete web-2 (update)',
      'delete web-1 (update)',
    ]);
  });

  it('SS-455: in 1.36 an unavailable old pod eats the whole budget under Parallel', () => {
    const rollingUpdate = { partition: 0, maxUnavailable: 1 };
    const set = buildSet({
      ...parallel,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    });
    const options = { ...DEFAULT_OPTIONS, maxUnavailable: true };
    const pods = members(set, ['ready', 'ready', 'unready'], 'web-old');
    const decided = decide(set, pods, { options });
    expect(actionTexts(decided)).toEqual([]);
    expect(waitTexts(decided)).toContain(
      'Pod/web-0…2 UpdateBudget: Pod/web-2 status.conditions[Ready].status = True',
    );
  });
});
