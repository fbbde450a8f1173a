// Disruption budgets and sets: what a budget can stop and what it cannot.
import { beforeAll, describe, expect, it } from 'vitest';
import { podDisruptionBudgets, pods } from '../../src/api/resources.ts';
import { useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const cluster = useCluster();

beforeAll(async () => {
  await cluster.node('n');
});

/** A budget over the two pods of the set that allows `allowed` of them to go. */
async function createBudget(namespace: string, allowed: number): Promise<void> {
  const name = { name: 'web', namespace };
  await cluster.create(podDisruptionBudgets, {
    metadata: name,
    spec: { selector: { matchLabels: { app: 'web' } }, maxUnavailable: allowed },
  });
  await cluster.eventually(
    async () => (await cluster.get(podDisruptionBudgets, name))?.status?.disruptionsAllowed,
    allowed,
  );
}

async function evict(namespace: string, name: string): Promise<void> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const target = { namespace, name, subresource: 'eviction' };
  await cluster.client.resource(pods).createSubresource(target, body);
}

describe('a budget that allows nothing', () => {
  it('SS-961, SS-968: stops evictions, but no update, no scale-down and no replacement', async () => {
    const namespace = await cluster.namespace('budget');
    const web = await createRunningSet(cluster, namespace);
    await web.run(0);
    await web.run(1);
    await createBudget(namespace, 0);
    await expect(evict(namespace, 'web-1')).rejects.toMatchObject({ code: 429 });
    const spec = { containers: [{ name: 'c', image: 'app:2' }] };
    await web.change({ template: { metadata: { labels: { app: 'web' } }, spec } });
    await web.finish(1);
    await web.run(1);
    await web.finish(0);
    await web.run(0);
    await cluster.eventually(async () => (await web.set()).status?.updatedReplicas, 2);
    const uid = await web.uid(1);
    await web.end(1, 'Failed');
    await cluster.eventually(async () => {
      const next = await web.uid(1);
      return next !== undefined && next !== uid;
    }, true);
    await web.run(1);
    await web.change({ replicas: 1 });
    await web.finish(1);
    await cluster.eventually(() => web.podNames(), 'web-0');
  });
});

describe('a pod that is evicted', () => {
  it('SS-969: comes back under its name once it is gone', async () => {
    const namespace = await cluster.namespace('evicted');
    const web = await createRunningSet(cluster, namespace);
    await web.run(0);
    await web.run(1);
    await createBudget(namespace, 1);
    const uid = await web.uid(0);
    await evict(namespace, 'web-0');
    const pod = await web.pod(0);
    expect(pod?.metadata).toMatchObject({ uid, deletionGracePeriodSeconds: 30 });
    expect(pod?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }),
    );
    await web.finish(0);
    await web.run(0);
    expect(await web.uid(0)).not.toBe(uid);
  });
});
