// The rules by which the simulation judges decisions can be broken, one by one, and a sound plan
// keeps to all of them.
import { expect, test } from 'vitest';
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { controllerReference } from '../../src/api/meta/object.ts';
import type { Action, Plan, Snapshot } from '../../src/controllers/statefulset/plan/snapshot.ts';
import { plan } from '../../src/controllers/statefulset/plan/plan.ts';
import {
  buildMember,
  buildSet,
  buildSnapshot,
} from '../../src/controllers/statefulset/plan/set-builder.ts';
import { brokenRule, planRules } from './plan-rules.ts';

const set = buildSet();
const parallel = buildSet({ podManagementPolicy: 'Parallel' });
const noClaims = { podName: '', create: [], terminating: [], update: [], conflicting: [] };

function member(ordinal: number, parts: Parameters<typeof buildMember>[2] = {}, of = set): Pod {
  const pod = buildMember(of, ordinal, parts);
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [controllerReference(of)] } };
}

const planOf = (...actions: Action[]): Plan => ({
  stages: [{ step: 'replicas', order: 'serial', tasks: [{ ordinal: 0, actions }] }],
  status: { replicas: 0 },
  waits: [],
});
const create = (ordinal: number, revision = 'web-new'): Action => {
  const pod = member(ordinal, { revision });
  return { type: 'create-pod', pod, claims: { ...noClaims, podName: `web-${ordinal}` } };
};
const remove = (
  ordinal: number,
  why: 'terminal' | 'condemned' | 'update',
  uid?: string,
): Action => {
  return { type: 'delete-pod', name: `web-${ordinal}`, uid: uid ?? `uid-${ordinal}`, why };
};
const old = { revision: 'web-old' };
const all = (...pods: Pod[]) => pods;
const three = all(member(0), member(1), member(2));
const threeOld = all(member(0, old), member(1, old), member(2, old));
const going = (of: StatefulSet): StatefulSet => ({
  ...of,
  metadata: { ...of.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
});
const given = (): Action => {
  const metadata = { name: 'data-web-0', ownerReferences: [controllerReference(set)] };
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
  return { type: 'update-claims', claims: { ...noClaims, podName: 'web-0', update: [claim] } };
};
const recreated = buildSet({
  podManagementPolicy: 'Parallel',
  updateStrategy: { type: 'Recreate' },
});
const partitioned = buildSet({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
});

const broken: Record<keyof typeof planRules, [string, Snapshot, Plan][]> = {
  onlyOwnPods: [['a stranger', buildSnapshot(set, [buildMember(set, 0)]), planOf()]],
  restWhileDeleted: [['a creation', buildSnapshot(going(set), []), planOf(create(0))]],
  createInOrder: [
    ['two at once', buildSnapshot(set, []), planOf(create(0), create(1))],
    ['a gap below', buildSnapshot(set, []), planOf(create(1))],
    ['out of range', buildSnapshot(parallel, []), planOf(create(7))],
    ['it exists', buildSnapshot(parallel, three), planOf(create(1))],
    ['unready below', buildSnapshot(set, [member(0, { state: 'unready' })]), planOf(create(1))],
  ],
  createAtRevision: [['the old one', buildSnapshot(set, []), planOf(create(0, 'web-old'))]],
  scaleDownInOrder: [
    ['in range', buildSnapshot(parallel, three), planOf(remove(1, 'condemned'))],
    [
      'not the highest',
      buildSnapshot(set, [...three, member(3), member(4)]),
      planOf(remove(3, 'condemned')),
    ],
    ['unsettled slots', buildSnapshot(set, [member(0), member(3)]), planOf(remove(3, 'condemned'))],
  ],
  recreateAlone: [
    ['old ones are there', buildSnapshot(recreated, [member(0, old)]), planOf(create(1))],
    ['up to date', buildSnapshot(recreated, three), planOf(remove(2, 'update'))],
  ],
  updateInOrder: [
    ['not the highest', buildSnapshot(set, threeOld), planOf(remove(0, 'update'))],
    ['below the partition', buildSnapshot(partitioned, threeOld), planOf(remove(1, 'update'))],
    ['up to date', buildSnapshot(set, three), planOf(remove(2, 'update'))],
  ],
  updateWithinBudget: [
    [
      'two without the gate',
      buildSnapshot(set, threeOld),
      planOf(remove(2, 'update'), remove(1, 'update')),
    ],
    [
      'one too many',
      buildSnapshot(parallel, [...threeOld.slice(0, 2), member(2, { state: 'unready' })], {
        options: { maxUnavailable: true, emulatedVersion: '1.36' },
      }),
      planOf(remove(1, 'update')),
    ],
  ],
  deleteByUid: [
    ['another uid', buildSnapshot(set, threeOld), planOf(remove(2, 'update', 'uid-other'))],
    ['not ended', buildSnapshot(set, three), planOf(remove(1, 'terminal'))],
  ],
  claimsByPolicy: [['given to the set', buildSnapshot(set, three), planOf(given())]],
};

test.each(
  Object.entries(broken).flatMap(([rule, cases]) =>
    cases.map(([what, snapshot, bad]) => ({ rule, what, snapshot, bad })),
  ),
)('$rule: $what', ({ rule, snapshot, bad }) => {
  expect(brokenRule(snapshot, bad)?.rule).toBe(rule);
});

test('every rule has a case that breaks it', () => {
  expect(Object.keys(broken)).toEqual(Object.keys(planRules));
});

test.each([
  ['nothing there', buildSnapshot(set, [])],
  ['a rollout', buildSnapshot(set, threeOld)],
  ['scale-down', buildSnapshot(set, [...three, member(3), member(4)])],
  ['Parallel', buildSnapshot(parallel, [member(1), member(5)])],
])('a sound plan keeps to all of them: %s', (_, snapshot) => {
  expect(brokenRule(snapshot, plan(snapshot))).toBeUndefined();
});
