// Proofs of section 9 of the rules: which pods and revisions a set takes, keeps and lets go.
import { describe, expect, it } from 'vitest';
import type { OwnerReference, StatefulSet } from '../../api/generated/types.ts';
import { controllerOf, nameOf } from '../../api/meta/object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import { controllerRevisions, pods, statefulSets } from '../../api/resources.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { parallel } from './plan/rules-test-kit.ts';
import { buildSet } from './plan/set-builder.ts';

const kit = useController();
const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const boom = () => statusError('InternalError', 'boom');

/** Labels and owner as a merge patch; `null` removes. */
const patchPod = async (name: string, metadata: object) => {
  await kit.client.resource(pods).patch({ namespace, name }, { type: 'merge', body: { metadata } });
  await kit.converge();
};

const ownerOf = (name: string) => controllerOf(kit.pod(name))?.uid;
const revisionOwner = (name: string) => {
  const revision = kit.api.get(controllerRevisions, { namespace, name });
  return revision && controllerOf(revision)?.uid;
};
const setUid = () => kit.set().metadata.uid;
const podWrites = () => kit.writes().filter((text) => text.includes(' pods/'));

const createSet = async (name: string, spec: Partial<StatefulSet['spec']> = {}) => {
  const set = buildSet(spec);
  await kit.client.resource(statefulSets).create({ ...set, metadata: { name, namespace } });
  await kit.converge();
};

const createRevision = (name: string, ownerReferences: OwnerReference[] = []) =>
  kit.client.resource(controllerRevisions).create({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { namespace, name, labels: { app: 'web' }, ownerReferences },
    data: { spec: { template: { $patch: 'replace', metadata: { labels: { old: 'yes' } } } } },
    revision: 1,
  });

const foreign: OwnerReference = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'r',
  uid: 'uid-r',
  controller: true,
};

describe('adoption', () => {
  it('SS-561, SS-562, SS-566: a matching orphan gets our reference, by its uid', async () => {
    await kit.createOrphan('web-0');
    await kit.createOrphan('web-1', { ownerReferences: [foreign] });
    await kit.createOrphan('web-2', { labels: { app: 'other' } });
    const { uid } = kit.pod('web-0').metadata;
    await kit.create({ ...parallel, replicas: 1 });
    expect(kit.pod('web-0').metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        name: 'web',
        uid: setUid(),
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    const patch = kit.api.requests.find(({ method }) => method === 'PATCH');
    expect(patch?.body).toMatchObject({ metadata: { uid } });
    expect(ownerOf('web-1')).toBe('uid-r');
    expect(ownerOf('web-2')).toBeUndefined();
    expect(podWrites().filter((text) => /^P(UT|ATCH) .*web-[12]/.test(text))).toEqual([]);
  });

  it('SS-563, SS-116: matching labels are not enough, the name must be a member’s', async () => {
    await kit.createOrphan('other-0');
    await kit.createOrphan('web-1-0');
    await kit.create({ replicas: 0 });
    expect([ownerOf('other-0'), ownerOf('web-1-0')]).toEqual([undefined, undefined]);
  });

  it('SS-566: a terminating orphan is left', async () => {
    await kit.createOrphan('web-0', { finalizers: ['example.com/hold'] });
    await kit.client.resource(pods).delete({ namespace, name: 'web-0' });
    await kit.create({ replicas: 0 });
    expect(ownerOf('web-0')).toBeUndefined();
    expect(podWrites()).toEqual(['POST pods/web-0', 'DELETE pods/web-0']);
  });

  it('SS-566: one that is gone meanwhile is no error', async () => {
    kit.refuse(/^PATCH pods\/web-5/, () => statusError('NotFound', 'gone'));
    await kit.createOrphan('web-5');
    await kit.create({ replicas: 1 });
    expect(kit.podNames()).toEqual(['web-0', 'web-5']);
    expect(kit.set().status).toMatchObject({ replicas: 1 });
  });

  it.each([
    ['gone', () => statusError('NotFound', 'statefulsets.apps "web" not found')],
    ['unreadable', boom],
  ])('SS-567: with the set %s nothing is adopted, and the sync fails', async (_, error) => {
    kit.refuse(/^GET statefulsets\/web$/, error);
    await kit.createOrphan('web-0');
    await kit.create({ replicas: 2 });
    expect(ownerOf('web-0')).toBeUndefined();
    expect(kit.podNames()).toEqual(['web-0']);
    expect(kit.set().status).toBeUndefined();
    kit.refuse(/./, undefined);
    await kit.pass(10_000);
    expect(ownerOf('web-0')).toBe(setUid());
  });

  it('SS-567: a set that the cache does not know to be going adopts nothing', async () => {
    await kit.create({ replicas: 0 }, { finalizers: ['example.com/hold'] });
    kit.api.beforeRequest = async ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/statefulsets/web')) return;
      kit.api.beforeRequest = undefined;
      kit.api.pauseWatches();
      await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    };
    await kit.createOrphan('web-0');
    kit.api.resumeWatches();
    await kit.pass(5000);
    expect(kit.set().metadata.deletionTimestamp).toBeDefined();
    expect(ownerOf('web-0')).toBeUndefined();
  });

  it('SS-568: all are tried; an error ends the sync before slots are looked at', async () => {
    await kit.createOrphan('web-0');
    await kit.createOrphan('web-1');
    kit.refuse(/^PATCH pods\/web-0/, boom);
    await kit.create({ ...parallel, replicas: 3 });
    expect(ownerOf('web-1')).toBe(setUid());
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    kit.refuse(/./, undefined);
    await kit.pass(10_000);
    expect(kit.podNames()).toEqual(['web-0', 'web-1', 'web-2']);
  });

  it('SS-571: labels stay; without one of a revision the pod is old, a name label is repaired', async () => {
    await kit.createOrphan('web-0');
    await kit.ready('web-0');
    const { uid } = kit.pod('web-0').metadata;
    await kit.create({ replicas: 1, updateStrategy: { type: 'OnDelete' } });
    expect(kit.pod('web-0').metadata).toMatchObject({ uid, labels: { [POD_NAME]: 'web-0' } });
    expect(kit.pod('web-0').metadata.labels).not.toHaveProperty('controller-revision-hash');
    expect(kit.set().status).toMatchObject({ replicas: 1, updatedReplicas: 0 });
    await kit.change((set) =>
      Object.assign(set.spec ?? {}, { updateStrategy: { type: 'RollingUpdate' } }),
    );
    expect(kit.pod('web-0').metadata.uid).not.toBe(uid);
  });
});

describe('release', () => {
  it('SS-565, SS-563: an owned pod that no longer matches loses our reference only', async () => {
    await kit.create({ replicas: 1 });
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'uid-c' };
    const [ours] = kit.pod('web-0').metadata.ownerReferences ?? [];
    await patchPod('web-0', { labels: { app: 'other' }, ownerReferences: [owner, ours] });
    expect(kit.pod('web-0').metadata.ownerReferences).toEqual([owner]);
    const reference = { ...ours, blockOwnerDeletion: true };
    await kit.createOrphan('stranger-7', { ownerReferences: [reference as OwnerReference] });
    expect(kit.pod('stranger-7').metadata.ownerReferences ?? []).toEqual([]);
  });

  it.each([
    ['404', () => statusError('NotFound', 'gone')],
    ['422', () => statusError('Invalid', 'another uid')],
  ])('SS-565: %s on release is no error', async (_, error) => {
    await kit.create({ replicas: 2 });
    kit.refuse(/^PATCH pods\/stranger-1/, error);
    const [ours] = kit.pod('web-0').metadata.ownerReferences ?? [];
    await kit.createOrphan('stranger-1', { ownerReferences: [ours as OwnerReference] });
    await kit.ready('web-0');
    expect(kit.podNames()).toContain('web-1');
  });

  it('SS-565, SS-606: a set that is being deleted neither releases nor adopts', async () => {
    await kit.create({ replicas: 1 }, { finalizers: ['example.com/hold'] });
    await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await patchPod('web-0', { labels: { app: 'other' } });
    await kit.createOrphan('web-1');
    expect(ownerOf('web-0')).toBe(setUid());
    expect(ownerOf('web-1')).toBeUndefined();
  });

  it('SS-564: pods that match are kept, terminating or not', async () => {
    await kit.create({ ...parallel, replicas: 2 });
    await patchPod('web-1', { finalizers: ['example.com/hold'] });
    await kit.client.resource(pods).delete({ namespace, name: 'web-1' });
    await kit.converge();
    expect(ownerOf('web-1')).toBe(setUid());
    expect(kit.set().status).toMatchObject({ replicas: 2, currentReplicas: 1 });
  });

  it('SS-572: a released pod holds its name; there is no event until it is free', async () => {
    await kit.create({ replicas: 1 });
    await patchPod('web-0', { labels: { app: 'other' } });
    kit.writes();
    await kit.pass(2000);
    const tries = podWrites();
    expect(tries.length).toBeGreaterThan(1);
    expect(new Set(tries)).toEqual(new Set(['POST pods/web-0']));
    const created = 'SuccessfulCreate: Create Pod web-0 in StatefulSet web successful';
    expect(await kit.eventTexts()).toEqual([created]);
    await patchPod('web-0', { labels: { app: 'web' } });
    expect(ownerOf('web-0')).toBe(setUid());
  });

  it('SS-573: a pod of somebody else holds the name as well', async () => {
    await kit.createOrphan('web-0', { ownerReferences: [foreign] });
    await kit.create({ replicas: 1 });
    expect(ownerOf('web-0')).toBe('uid-r');
    expect(await kit.eventTexts()).toEqual([]);
    await kit.client.resource(pods).delete({ namespace, name: 'web-0' });
    await kit.pass(60_000);
    expect(ownerOf('web-0')).toBe(setUid());
  });
});

describe('revisions', () => {
  it('SS-535, SS-569: orphans are adopted before pods', async () => {
    await createRevision('web-x');
    await kit.createOrphan('web-0');
    kit.writes();
    await kit.create({ replicas: 1 });
    const patches = kit.writes().filter((text) => text.startsWith('PATCH'));
    expect(patches).toEqual(['PATCH controllerrevisions/web-x', 'PATCH pods/web-0']);
    expect(revisionOwner('web-x')).toBe(setUid());
  });

  it('SS-569: a set that is being deleted fails over an orphan revision, and tries again', async () => {
    await kit.create({ replicas: 1 }, { finalizers: ['example.com/hold'] });
    await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await kit.converge();
    await createRevision('web-x');
    const { status } = kit.set();
    kit.api.requests.length = 0;
    await patchPod('web-0', { labels: { app: 'web', more: 'x' } });
    await kit.phase('web-0', 'Running');
    const reads = kit.api.requests.filter(
      ({ method, path }) => method === 'GET' && path.endsWith('/web'),
    );
    expect(reads.length).toBeGreaterThan(1);
    expect(kit.set().status).toEqual(status);
    expect(revisionOwner('web-x')).toBeUndefined();
  });

  it('SS-570: with a shared selector the first set takes an orphan, whatever its name', async () => {
    await createRevision('other-x');
    await kit.create({ replicas: 0 });
    await createSet('other', { replicas: 0 });
    expect(revisionOwner('other-x')).toBe(setUid());
  });

  it('SS-518: those of others are not looked at', async () => {
    await createRevision('web-x', [foreign]);
    await kit.create({ replicas: 0, revisionHistoryLimit: 0 });
    const names = kit.api.list(controllerRevisions, namespace).map(nameOf);
    expect(names).toHaveLength(2);
    expect(names).toContain('web-x');
  });
});

describe('sets that share a selector', () => {
  it('SS-124, SS-576: each has its own pods, and an orphan goes to the one of its name', async () => {
    await kit.create({ ...parallel, replicas: 2 });
    await createSet('other', { ...parallel, replicas: 1 });
    expect(kit.podNames()).toEqual(['other-0', 'web-0', 'web-1']);
    expect(kit.set().status).toMatchObject({ replicas: 2 });
    const other = () => kit.api.get(statefulSets, { namespace, name: 'other' });
    await kit.createOrphan('other-1');
    await kit.pass(1000);
    expect(other()?.status).toMatchObject({ replicas: 1 });
    expect(kit.podNames()).toEqual(['other-0', 'web-0', 'web-1']);
  });

  it('SS-576, SS-577: an orphan queues every set that matches; one without labels none', async () => {
    await kit.create({ replicas: 0 });
    await createSet('other', { replicas: 0 });
    const reads = async (name: string, metadata: object) => {
      kit.api.requests.length = 0;
      await kit.createOrphan(name, metadata);
      return kit.api.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
    };
    const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
    expect(await reads('other-5', {})).toEqual([`${path}/other`]);
    expect(await reads('web-5', {})).toEqual([`${path}/web`]);
    expect(await reads('web-6', { labels: {} })).toEqual([]);
    expect(await reads('web-7', { labels: { app: 'not' } })).toEqual([]);
  });

  it('SS-577: orphans queue sets when their labels change, not when anything else does', async () => {
    await kit.create({ replicas: 0 });
    await kit.createOrphan('web-0', { labels: { app: 'not' } });
    kit.refuse(/^GET statefulsets\/web$/, boom);
    const reads = async (change: () => Promise<void>) => {
      kit.api.requests.length = 0;
      await change();
      return kit.api.requests.filter(({ path }) => path.endsWith('/statefulsets/web')).length;
    };
    expect(await reads(() => kit.phase('web-0', 'Running'))).toBe(0);
    expect(await reads(() => patchPod('web-0', { annotations: { a: 'b' } }))).toBe(0);
    expect(await reads(() => patchPod('web-0', { labels: { app: 'web' } }))).toBeGreaterThan(0);
  });
});

describe('a set made again', () => {
  /** Deletes the set alone; what it owned becomes orphaned, as the collector would do. */
  const orphan = async () => {
    await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    for (const name of kit.podNames()) await patchPod(name, { ownerReferences: null });
    for (const revision of kit.api.list(controllerRevisions, namespace)) {
      const name = { namespace, name: nameOf(revision) };
      const body = { metadata: { ownerReferences: null } };
      await kit.client.resource(controllerRevisions).patch(name, { type: 'merge', body });
    }
    await kit.converge();
  };
  const uids = () => kit.api.list(pods, namespace).map(({ metadata }) => metadata.uid);

  it('SS-574: takes pods and revision over without a restart', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    const before = { uids: uids(), revision: kit.set().status?.updateRevision };
    await orphan();
    await kit.create({ replicas: 2 });
    expect(uids()).toEqual(before.uids);
    expect(kit.set().status).toMatchObject({
      replicas: 2,
      currentRevision: before.revision,
      updateRevision: before.revision,
      updatedReplicas: 2,
    });
    expect(kit.api.list(controllerRevisions, namespace)).toHaveLength(1);
  });

  it('SS-575: with another template rolls them', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    const before = uids();
    await orphan();
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'other' }] },
    };
    await kit.create({ replicas: 2, template });
    expect(uids()[0]).toBe(before[0]);
    expect(uids()[1]).not.toBe(before[1]);
    await kit.ready('web-1', 'web-0');
    expect(uids()[0]).not.toBe(before[0]);
    expect(kit.set().status).toMatchObject({ updatedReplicas: 2 });
  });

  it('SS-611: waits for the names that pods of the earlier set still hold', async () => {
    await kit.create({ replicas: 1 });
    await patchPod('web-0', { finalizers: ['example.com/hold'] });
    await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await kit.client.resource(pods).delete({ namespace, name: 'web-0' });
    const { uid } = kit.pod('web-0').metadata;
    await kit.create({ replicas: 1 });
    kit.writes();
    await kit.pass(2000);
    expect(new Set(podWrites())).toEqual(new Set(['POST pods/web-0']));
    expect(kit.pod('web-0').metadata.uid).toBe(uid);
    await patchPod('web-0', { finalizers: null });
    await kit.pass(10_000);
    expect(ownerOf('web-0')).toBe(setUid());
  });
});
