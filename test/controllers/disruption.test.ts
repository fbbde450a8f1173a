// Disruption budgets over real objects: the numbers that their controller writes, and what
// evictions make of them.
import { expect, it } from 'vitest';
import type { PodDisruptionBudget } from '../../src/api/generated/types.ts';
import { StatusError } from '../../src/api/meta/status-error.ts';
import { customResourceDefinitions } from '../../src/api/other-resources.ts';
import { podDisruptionBudgets, pods } from '../../src/api/resources.ts';
import { podOf, useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const cluster = useCluster();

async function createBudget(namespace: string, spec: Partial<PodDisruptionBudget['spec']>) {
  const selector = { matchLabels: { app: 'web' } };
  return cluster.create(podDisruptionBudgets, {
    metadata: { namespace, name: 'b' },
    spec: { selector, ...spec },
  });
}

/** Healthy, desired, expected, allowed. */
async function numbers(namespace: string) {
  const budget = await cluster.get(podDisruptionBudgets, { namespace, name: 'b' });
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = budget?.status ?? {};
  return [currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed];
}

const evict = (namespace: string, name: string) =>
  cluster.client
    .resource(pods)
    .createSubresource(
      { namespace, name, subresource: 'eviction' },
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } },
    );

it('SS-967, SS-968: follow a set through readiness, evictions and scaling', async () => {
  await cluster.node('calm');
  const namespace = await cluster.namespace('calm');
  await createBudget(namespace, { maxUnavailable: 1 });
  await cluster.eventually(() => numbers(namespace), [0, 0, 0, 0]);
  const web = await createRunningSet(cluster, namespace, { replicas: 3 });
  for (const ordinal of [0, 1, 2]) await web.run(ordinal);
  await cluster.eventually(() => numbers(namespace), [3, 2, 3, 1]);
  await web.run(1, false);
  await cluster.eventually(() => numbers(namespace), [2, 2, 3, 0]);
  await web.run(1);
  await cluster.eventually(() => numbers(namespace), [3, 2, 3, 1]);
  await evict(namespace, 'web-2');
  await cluster.eventually(() => numbers(namespace), [2, 2, 3, 0]);
  const refused: unknown = await evict(namespace, 'web-0').catch((error: unknown) => error);
  expect(refused instanceof StatusError && refused.code).toBe(429);
  await web.finish(2);
  await web.run(2);
  await cluster.eventually(() => numbers(namespace), [3, 2, 3, 1]);
  await web.change({ replicas: 2 });
  await cluster.eventually(() => numbers(namespace), [2, 1, 2, 1]);
});

it('SS-967: a change of the budget is followed', async () => {
  const namespace = await cluster.namespace('changed');
  await createBudget(namespace, { minAvailable: 0 });
  await cluster.create(pods, podOf(namespace, 'p'));
  const name = { namespace, name: 'b' };
  await cluster.eventually(() => numbers(namespace), [0, 0, 0, 0]);
  const body = { spec: { minAvailable: 3, selector: { matchLabels: null } } };
  await cluster.client.resource(podDisruptionBudgets).patch(name, { type: 'merge', body });
  await cluster.eventually(() => numbers(namespace), [0, 3, 1, 0]);
  const generation = (await cluster.get(podDisruptionBudgets, name))?.status?.observedGeneration;
  expect(generation).toBe(2);
});

it('SS-967: a pod without controller counts for nothing, one with a strange controller closes', async () => {
  const namespace = await cluster.namespace('unmanaged');
  await createBudget(namespace, { minAvailable: '50%' });
  const metadata = { namespace, name: 'p', labels: { app: 'web' } };
  await cluster.create(pods, { ...podOf(namespace, 'p'), metadata });
  await cluster.eventually(
    async () =>
      (await cluster.eventsOf(namespace, 'b')).some((text) => text.startsWith('Unmanaged')),
    true,
  );
  const owner = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'x',
    uid: 'a0000000-0000-4000-8000-000000000000',
    controller: true,
  };
  const body = { metadata: { ownerReferences: [owner] } };
  await cluster.client.resource(pods).patch({ namespace, name: 'p' }, { type: 'merge', body });
  await cluster.eventually(async () => {
    const budget = await cluster.get(podDisruptionBudgets, { namespace, name: 'b' });
    return budget?.status?.conditions?.map(({ reason, message }) => `${reason}: ${message}`);
  }, ['SyncFailed: configmaps does not implement the scale subresource']);
});

it('SS-967: other controllers tell their size by their scale', async () => {
  const namespace = await cluster.namespace('scaled');
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    subresources: {
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
    },
  };
  const names = { plural: 'rings', kind: 'Ring' };
  await cluster.create(customResourceDefinitions, {
    metadata: { name: 'rings.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version] },
  });
  const path = `/apis/example.com/v1/namespaces/${namespace}/rings`;
  const body = {
    apiVersion: 'example.com/v1',
    kind: 'Ring',
    metadata: { name: 'ring' },
    spec: { size: 5 },
  };
  const create = async (): Promise<string | undefined> => {
    const made = await cluster.client.transport
      .request({ method: 'POST', path, body })
      .catch(() => undefined);
    return (made as { metadata?: { uid?: string } } | undefined)?.metadata?.uid;
  };
  let uid: string | undefined;
  await cluster.eventually(async () => (uid ??= await create()) !== undefined, true);
  const owner = { apiVersion: 'example.com/v1', kind: 'Ring', name: 'ring', uid: uid ?? '' };
  const ownerReferences = [{ ...owner, controller: true }];
  const metadata = { namespace, name: 'p', labels: { app: 'web' }, ownerReferences };
  await cluster.create(pods, { ...podOf(namespace, 'p'), metadata });
  await createBudget(namespace, { maxUnavailable: '40%' });
  await cluster.eventually(() => numbers(namespace), [0, 3, 5, 0]);
});
