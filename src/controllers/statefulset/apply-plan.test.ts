import { expect, it } from 'vitest';
import { keyOf, uidOf } from '../../api/meta/object.ts';
import { isConflict } from '../../api/meta/status-error.ts';
import { pods, statefulSets } from '../../api/resources.ts';
import { applyPlan } from './apply-plan.ts';
import { WriteLog } from './cache-freshness.ts';
import { namespace, useController } from './controller-test-kit.ts';
import type { Plan } from './plan/snapshot.ts';

const kit = useController();

const deletionOf = (name: string, uid: string): Plan => {
  const action = { type: 'delete-pod', name, uid, why: 'update' } as const;
  const task = { ordinal: 0, actions: [action] };
  return {
    stages: [{ step: 'update', order: 'serial', tasks: [task] }],
    status: { replicas: 0 },
    waits: [],
  };
};

async function apply(plan: Plan): Promise<{ writes: WriteLog; error: unknown }> {
  const writes = new WriteLog();
  const events = { pod() {}, claim() {}, conflictingController() {}, recreateStarted() {} };
  const { client, clock } = kit;
  const context = { client, clock, writes, events, set: kit.set(), cachedPod: () => undefined };
  const { error } = await applyPlan(plan, context);
  return { writes, error };
}

const stale = (writes: WriteLog, version: string) =>
  writes.staleCache(keyOf(kit.set()), { pods: version, claims: version, sets: version });

it('SS-801: the next sync waits until the cache knows of a deletion', async () => {
  await kit.create({ replicas: 1 });
  const pod = await kit.client.resource(pods).get({ namespace, name: 'web-0' });
  const before = pod.metadata.resourceVersion ?? '';
  const after = String(Number(before) + 1000);
  const { writes, error } = await apply(deletionOf('web-0', uidOf(pod)));
  expect(error).toBeUndefined();
  expect(stale(writes, String(Number(before) - 1))).toBe('pods');
  expect(stale(writes, after)).toBeUndefined();
});

it('SS-654: a pod that is gone is not waited for', async () => {
  await kit.create({ replicas: 1 });
  const { writes, error } = await apply(deletionOf('web-7', 'gone'));
  expect(error).toBeUndefined();
  expect(stale(writes, '0')).toBeUndefined();
  expect(kit.api.get(statefulSets, { namespace, name: 'web' })).toBeDefined();
});

it('SS-807: a conflict spares the pod, and the sync is tried again', async () => {
  await kit.create({ replicas: 1 });
  const { writes, error } = await apply(deletionOf('web-0', 'another'));
  expect(isConflict(error)).toBe(true);
  expect(stale(writes, '0')).toBeUndefined();
  expect(kit.podNames()).toEqual(['web-0']);
});
