// Proofs of sections 2, 3 and 10 of the rules on a real server: claims, owners, deletion, names.
import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, StatefulSet } from '../../src/api/generated/types.ts';
import { nameOf } from '../../src/api/meta/object.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  statefulSets,
} from '../../src/api/resources.ts';
import { useCluster } from './control-plane.ts';
import { createRunningSet, type RunningSet } from './running-set.ts';

// Without a scheduler pods have no node, so that their deletion is immediate.
const cluster = useCluster({ controllers: '*' });

const claimTemplate = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'manual',
    resources: { requests: { storage: '1Gi' } },
  },
};

type Choice = 'Retain' | 'Delete';

/** Makes a pod run and be ready where it is, once it is there. */
async function makeReady(running: RunningSet, namespace: string, ordinal: number): Promise<void> {
  const there = async () => {
    const pod = await running.pod(ordinal);
    return pod !== undefined && pod.metadata.deletionTimestamp === undefined;
  };
  await cluster.eventually(there, true);
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await cluster.client
    .resource(pods)
    .patch(
      { namespace, name: `web-${ordinal}`, subresource: 'status' },
      { type: 'merge', body: { status } },
    );
}

/** A set of two running pods with a claim each, in a namespace of its own. */
async function runningPair(
  prefix: string,
  {
    whenScaled = 'Retain',
    whenDeleted = 'Retain',
  }: { whenScaled?: Choice; whenDeleted?: Choice } = {},
): Promise<RunningSet & { namespace: string }> {
  const namespace = await cluster.namespace(prefix);
  const running = await createRunningSet(cluster, namespace, {
    volumeClaimTemplates: [claimTemplate],
    persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted },
  });
  const run = (ordinal: number) => makeReady(running, namespace, ordinal);
  await run(0);
  await run(1);
  const ready = async () => (await running.set()).status?.readyReplicas;
  await cluster.eventually(ready, 2);
  return { ...running, run, namespace };
}

const claim = (namespace: string, ordinal: number) =>
  cluster.get(persistentVolumeClaims, { namespace, name: `data-web-${ordinal}` });

const claims = async (namespace: string) => {
  const { items } = await cluster.client.resource(persistentVolumeClaims).list({ namespace });
  return items.map(nameOf);
};

const owners = (found: PersistentVolumeClaim | undefined) =>
  (found?.metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`);

const hold = (namespace: string, name: string, finalizers: string[] | null) =>
  cluster.client
    .resource(pods)
    .patch({ namespace, name }, { type: 'merge', body: { metadata: { finalizers } } });

const removeSet = (namespace: string, propagationPolicy?: string) =>
  cluster.client
    .resource(statefulSets)
    .delete({ namespace, name: 'web' }, propagationPolicy ? { propagationPolicy } : {});

/** Passes when the collector has worked on everything that happened before. */
async function collected(namespace: string): Promise<void> {
  const uid = '00000000-0000-4000-8000-000000000000';
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'nobody', uid }];
  const name = 'garbage';
  await cluster.create(persistentVolumeClaims, {
    metadata: { namespace, name, ownerReferences },
    spec: claimTemplate.spec,
  });
  await cluster.gone(persistentVolumeClaims, { namespace, name });
}

describe('claims', () => {
  it('SS-217, SS-209: outlive scale-down, and are used again', async () => {
    const { namespace, change, run, podNames } = await runningPair('scale');
    const before = await claim(namespace, 1);
    await change({ replicas: 1 });
    await cluster.eventually(podNames, 'web-0');
    await collected(namespace);
    await change({ replicas: 2 });
    await run(1);
    expect((await claim(namespace, 1))?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('SS-218: outlive the set, and a new one of the name uses them', async () => {
    const { namespace, podNames } = await runningPair('outlive');
    const before = await claim(namespace, 0);
    await removeSet(namespace);
    await cluster.eventually(podNames, '');
    await collected(namespace);
    expect(await claims(namespace)).toEqual(['data-web-0', 'data-web-1']);
    const again = await createRunningSet(cluster, namespace, {
      volumeClaimTemplates: [claimTemplate],
    });
    await makeReady(again, namespace, 0);
    expect((await claim(namespace, 0))?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('SS-221: a template that nothing mounts is fine', async () => {
    const { pod } = await runningPair('mounts');
    const spec = (await pod(0))?.spec;
    expect(spec?.volumes?.map(({ name }) => name)).toContain('data');
    const mounts = spec?.containers[0]?.volumeMounts ?? [];
    expect(mounts.filter(({ name }) => name === 'data')).toEqual([]);
  });

  it('SS-277: what becomes of the volume is for its reclaim policy to say', async () => {
    const { namespace } = await runningPair('reclaim');
    const name = { namespace, name: 'data-web-1' };
    const { ownerReferences } = (await cluster.get(persistentVolumeClaims, name))?.metadata ?? {};
    expect(ownerReferences ?? []).toEqual([]);
    await cluster.create(persistentVolumes, {
      metadata: { name: `${namespace}-v` },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: name,
        hostPath: { path: '/tmp/ordinal-test-does-not-exist' },
      },
    });
    const phase = async () =>
      (await cluster.get(persistentVolumes, { name: `${namespace}-v` }))?.status?.phase;
    await cluster.eventually(phase, 'Bound');
    await cluster.client.resource(persistentVolumeClaims).delete(name);
    await cluster.eventually(phase, 'Released');
  });
});

describe('retention on scale-down', () => {
  it('SS-255: the collector deletes the claim, after its pod is gone', async () => {
    const { namespace, change, podNames } = await runningPair('whenscaled', {
      whenScaled: 'Delete',
    });
    await hold(namespace, 'web-1', ['example.com/hold']);
    await change({ replicas: 1 });
    await cluster.eventually(async () => owners(await claim(namespace, 1)), ['Pod web-1']);
    await collected(namespace);
    expect((await claim(namespace, 1))?.metadata.deletionTimestamp).toBeUndefined();
    await hold(namespace, 'web-1', null);
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'data-web-1' });
    expect(await podNames()).toBe('web-0');
    expect(owners(await claim(namespace, 0))).toEqual([]);
  });

  it('SS-255: a pod lost in range does not cost its claim', async () => {
    const { namespace, uid, end } = await runningPair('lost', {
      whenScaled: 'Delete',
      whenDeleted: 'Delete',
    });
    const before = [await claim(namespace, 1), await uid(1)] as const;
    await end(1, 'Failed');
    await cluster.eventually(
      async () => (await uid(1)) !== before[1] && (await uid(1)) !== undefined,
      true,
    );
    await collected(namespace);
    expect((await claim(namespace, 1))?.metadata.uid).toBe(before[0]?.metadata.uid);
  });

  it('SS-276: policies change on a live set', async () => {
    const { namespace, change } = await runningPair('policy', { whenDeleted: 'Delete' });
    const owned = async () => owners(await claim(namespace, 0));
    await cluster.eventually(owned, ['StatefulSet web']);
    await change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } });
    await cluster.eventually(owned, []);
  });
});

describe('deletion', () => {
  it('SS-601, SS-602: the set goes at once, the pods without order', async () => {
    const { namespace, podNames } = await runningPair('background');
    await hold(namespace, 'web-1', ['example.com/hold']);
    await removeSet(namespace);
    expect(await cluster.get(statefulSets, { namespace, name: 'web' })).toBeUndefined();
    await cluster.eventually(podNames, 'web-1');
    await hold(namespace, 'web-1', null);
    await cluster.eventually(podNames, '');
  });

  it('SS-610: pods that can not end stay behind, and do not come back', async () => {
    const { namespace, podNames, pod } = await runningPair('stuck');
    await hold(namespace, 'web-0', ['example.com/hold']);
    await removeSet(namespace);
    await cluster.eventually(podNames, 'web-0');
    await collected(namespace);
    expect((await pod(0))?.metadata.deletionTimestamp).toBeDefined();
    await hold(namespace, 'web-0', null);
    await cluster.eventually(podNames, '');
    await collected(namespace);
    expect(await podNames()).toBe('');
  });

  it('SS-273, SS-603: in foreground it waits for pods, revisions and its claims', async () => {
    const { namespace, podNames } = await runningPair('foreground', { whenDeleted: 'Delete' });
    const owned = async () => owners(await claim(namespace, 1));
    await cluster.eventually(owned, ['StatefulSet web']);
    await hold(namespace, 'web-0', ['example.com/hold']);
    await removeSet(namespace, 'Foreground');
    await cluster.eventually(podNames, 'web-0');
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'data-web-1' });
    await collected(namespace);
    const set = await cluster.get(statefulSets, { namespace, name: 'web' });
    expect(set?.metadata).toMatchObject({ finalizers: ['foregroundDeletion'] });
    await hold(namespace, 'web-0', null);
    await cluster.gone(statefulSets, { namespace, name: 'web' });
    expect(await claims(namespace)).toEqual([]);
    // The last sync of the set may make its revision once more, as in the reference.
    await cluster.eventually(async () => {
      const left = await cluster.client.resource(controllerRevisions).list({ namespace });
      return left.items;
    }, []);
  });

  it('SS-273: in background the claims of the set are collected as well', async () => {
    const { namespace } = await runningPair('deleted', { whenDeleted: 'Delete' });
    const owned = async () => owners(await claim(namespace, 1));
    await cluster.eventually(owned, ['StatefulSet web']);
    await removeSet(namespace);
    await cluster.eventually(() => claims(namespace), []);
  });

  it('SS-274: only claims of condemned pods go where that is the policy', async () => {
    const { namespace, change } = await runningPair('condemned', { whenScaled: 'Delete' });
    await hold(namespace, 'web-1', ['example.com/hold']);
    await change({ replicas: 1 });
    await cluster.eventually(async () => owners(await claim(namespace, 1)), ['Pod web-1']);
    await removeSet(namespace);
    await cluster.gone(pods, { namespace, name: 'web-0' });
    await hold(namespace, 'web-1', null);
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'data-web-1' });
    await collected(namespace);
    expect(await claims(namespace)).toEqual(['data-web-0']);
  });

  it('SS-275, SS-604: orphaning takes the references off, and nothing is collected', async () => {
    const { namespace, uid } = await runningPair('orphan', { whenDeleted: 'Delete' });
    await cluster.eventually(async () => owners(await claim(namespace, 1)), ['StatefulSet web']);
    const before = [await uid(0), await uid(1)];
    await removeSet(namespace, 'Orphan');
    await cluster.gone(statefulSets, { namespace, name: 'web' });
    await collected(namespace);
    expect([await uid(0), await uid(1)]).toEqual(before);
    expect(await claims(namespace)).toEqual(['data-web-0', 'data-web-1']);
    const { client } = cluster;
    const lists = [
      await client.resource(pods).list({ namespace }),
      await client.resource(persistentVolumeClaims).list({ namespace }),
      await client.resource(controllerRevisions).list({ namespace }),
    ];
    expect(lists.map(({ items }) => items.length)).toEqual([2, 2, 1]);
    const references = lists.flatMap(({ items }) =>
      items.flatMap(({ metadata }) => metadata.ownerReferences ?? []),
    );
    expect(references).toEqual([]);
  });

  it('SS-606: while it is being deleted, pods are neither made nor deleted', async () => {
    const { namespace, set, podNames, pod } = await runningPair('going');
    const name = { namespace, name: 'web' };
    const sets = cluster.client.resource(statefulSets);
    const finalize = (finalizers: string[] | null) =>
      sets.patch(name, { type: 'merge', body: { metadata: { finalizers } } });
    await finalize(['example.com/hold']);
    await removeSet(namespace);
    await cluster.client.resource(pods).delete({ namespace, name: 'web-1' });
    await cluster.eventually(async () => (await set()).status?.replicas, 1);
    const template = { spec: { containers: [{ name: 'c', image: 'app:2' }] } };
    await sets.patch(name, { type: 'strategic', body: { spec: { replicas: 0, template } } });
    const observed = async () => {
      const { status, metadata } = await set();
      return status?.observedGeneration === metadata.generation;
    };
    await cluster.eventually(observed, true);
    expect(await podNames()).toBe('web-0');
    expect((await pod(0))?.metadata.deletionTimestamp).toBeUndefined();
    const revisions = await cluster.client.resource(controllerRevisions).list({ namespace });
    expect(revisions.items).toHaveLength(2);
    await finalize(null);
    await cluster.eventually(podNames, '');
  });

  it('SS-607: a reference with the uid of the set and another name means nobody', async () => {
    const { namespace, set } = await runningPair('misnamed');
    const { uid = '' } = (await set()).metadata;
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', uid };
    const create = (name: string, ownerName: string) =>
      cluster.create(persistentVolumeClaims, {
        metadata: { namespace, name, ownerReferences: [{ ...owner, name: ownerName }] },
        spec: claimTemplate.spec,
      });
    await create('right', 'web');
    await create('wrong', 'other');
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'wrong' });
    await collected(namespace);
    expect(await claims(namespace)).toContain('right');
  });

  it('SS-608, SS-871: a pod and the claim that it owns do not wait for each other', async () => {
    const namespace = await cluster.namespace('owned-claim');
    const podApi = cluster.client.resource(pods);
    const name = { namespace, name: 'web-3' };
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-3' } }];
    const pod = await cluster.create(pods, {
      metadata: name,
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'app:1' }], volumes },
    });
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'web-3', uid: pod.metadata.uid ?? '' };
    const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }];
    await cluster.create(persistentVolumeClaims, {
      metadata: { namespace, name: 'data-web-3', ownerReferences },
      spec: claimTemplate.spec,
    });
    await podApi.delete(name, { propagationPolicy: 'Foreground', gracePeriodSeconds: 30 });
    const claimState = async () => {
      const { items } = await cluster.client.resource(persistentVolumeClaims).list({ namespace });
      return items.map(({ metadata }) => metadata.deletionTimestamp !== undefined);
    };
    await cluster.eventually(claimState, [true]);
    expect(await podApi.get(name)).toBeDefined();
    await podApi.delete(name, { gracePeriodSeconds: 0 }); // the node has ended it
    await cluster.eventually(claimState, []);
    await cluster.eventually(async () => (await podApi.list({ namespace })).items.length, 0);
  });

  it('SS-609: a pod made again under the name is not hit', async () => {
    const { namespace, uid, podNames } = await runningPair('again');
    await removeSet(namespace, 'Orphan');
    await cluster.gone(statefulSets, { namespace, name: 'web' });
    const earlier = await uid(0);
    await cluster.client.resource(pods).delete({ namespace, name: 'web-0' });
    await createRunningSet(cluster, namespace, { volumeClaimTemplates: [claimTemplate] });
    await cluster.eventually(async () => {
      const now = await uid(0);
      return now !== undefined && now !== earlier;
    }, true);
    const made = await uid(0);
    await collected(namespace);
    expect(await uid(0)).toBe(made);
    expect(await podNames()).toBe('web-0 web-1');
  });
});

describe('names', () => {
  /** A set without claims whose revision hash has ten characters. */
  const create = async (namespace: string, name: string) => {
    const labels = { app: 'long' };
    await cluster.create<StatefulSet>(statefulSets, {
      metadata: { namespace, name },
      spec: {
        replicas: 1,
        serviceName: 's',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'app:long' }] },
        },
      },
    });
    const revisions = cluster.client.resource(controllerRevisions);
    const revision = async () => {
      const { items } = await revisions.list({ namespace });
      return items.map(nameOf).find((found) => found.startsWith(`${name}-`))?.length;
    };
    await cluster.eventually(revision, name.length + 11);
  };

  it('SS-122: of 52 characters work; with 53 the pod is refused for its revision label', async () => {
    const namespace = await cluster.namespace('long');
    const fits = 'f'.repeat(52);
    await create(namespace, fits);
    await cluster.eventually(
      async () => (await cluster.get(pods, { namespace, name: `${fits}-0` })) !== undefined,
      true,
    );
    const long = 'l'.repeat(53);
    await create(namespace, long);
    const failure = async () => (await cluster.eventsOf(namespace, long))[0] ?? '';
    await cluster.eventually(async () => (await failure()).startsWith('FailedCreate: '), true);
    expect(await failure()).toContain('must be no more than 63');
    expect(await cluster.get(pods, { namespace, name: `${long}-0` })).toBeUndefined();
  });

  it('SS-123: a pod name has 63 characters, as a host and as a label', async () => {
    const namespace = await cluster.namespace('longer');
    const long = 'n'.repeat(62);
    await create(namespace, long);
    const failure = async () => (await cluster.eventsOf(namespace, long))[0] ?? '';
    await cluster.eventually(async () => (await failure()).startsWith('FailedCreate: '), true);
    expect(await failure()).toContain('spec.hostname');
    expect(await failure()).toContain('metadata.labels');
  });
});
