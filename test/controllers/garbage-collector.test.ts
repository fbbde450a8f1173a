import { describe, expect, it } from 'vitest';
import type { ConfigMap, OwnerReference } from '../../src/api/generated/types.ts';
import { nameOf, uidOf, type KubernetesObject } from '../../src/api/meta/object.ts';
import {
  configMaps,
  persistentVolumes,
  secrets,
  serviceAccounts,
} from '../../src/api/resources.ts';
import { createVolume, useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: '*' });

const NOBODY = '00000000-0000-4000-8000-000000000000';

function ownedBy(owner: KubernetesObject, change: Partial<OwnerReference> = {}): OwnerReference {
  const { apiVersion, kind } = owner;
  return { apiVersion, kind, name: nameOf(owner), uid: uidOf(owner), ...change };
}

const create = (
  namespace: string,
  name: string,
  metadata: Partial<ConfigMap['metadata']> = {},
): Promise<ConfigMap> => cluster.create(configMaps, { metadata: { name, namespace, ...metadata } });

const remove = (namespace: string, name: string, propagationPolicy = 'Background') =>
  cluster.client.resource(configMaps).delete({ namespace, name }, { propagationPolicy });

const find = (namespace: string, name: string) => cluster.get(configMaps, { namespace, name });

const release = (namespace: string, name: string) =>
  cluster.client
    .resource(configMaps)
    .patch({ namespace, name }, { type: 'merge', body: { metadata: { finalizers: null } } });

/** Passes when everything that was caused so far has been worked on: a later chain is through. */
async function worked(namespace: string): Promise<void> {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: NOBODY };
  const name = `probe-${namespace}`;
  await create(namespace, name, { ownerReferences: [owner] });
  await cluster.gone(configMaps, { namespace, name });
}

describe('background', () => {
  it('SS-601, SS-607: three levels go, whatever their kinds', async () => {
    const namespace = await cluster.namespace('tree');
    const a = await create(namespace, 'a');
    const b = await create(namespace, 'b', { ownerReferences: [ownedBy(a)] });
    await cluster.create(secrets, {
      metadata: { name: 'c', namespace, ownerReferences: [ownedBy(b)] },
    });
    await remove(namespace, 'a');
    await cluster.gone(secrets, { namespace, name: 'c' });
  });

  it('SS-607: of two owners the last one takes the dependent along', async () => {
    const namespace = await cluster.namespace('two');
    const a = await create(namespace, 'a');
    const b = await create(namespace, 'b');
    await create(namespace, 'c', { ownerReferences: [ownedBy(a), ownedBy(b)] });
    await remove(namespace, 'a');
    await cluster.eventually(
      async () => (await find(namespace, 'c'))?.metadata.ownerReferences?.map(({ name }) => name),
      ['b'],
    );
    await remove(namespace, 'b');
    await cluster.gone(configMaps, { namespace, name: 'c' });
  });

  it('SS-607: an owner of another uid is none; one of an unknown kind might be', async () => {
    const namespace = await cluster.namespace('uid');
    const a = await create(namespace, 'a');
    await create(namespace, 'b', { ownerReferences: [ownedBy(a, { uid: NOBODY })] });
    const unknown = { apiVersion: 'example.com/v1', kind: 'Gizmo' };
    await create(namespace, 'c', { ownerReferences: [ownedBy(a, { ...unknown, uid: NOBODY })] });
    await cluster.gone(configMaps, { namespace, name: 'b' });
    await worked(namespace);
    expect(await find(namespace, 'c')).toBeDefined();
    expect(await find(namespace, 'a')).toBeDefined();
  });

  it('SS-601: an owner that is held by a finalizer still lives', async () => {
    const namespace = await cluster.namespace('held');
    const a = await create(namespace, 'a', { finalizers: ['example.com/x'] });
    await create(namespace, 'b', { ownerReferences: [ownedBy(a)] });
    await remove(namespace, 'a');
    await worked(namespace);
    expect(await find(namespace, 'b')).toBeDefined();
    await release(namespace, 'a');
    await cluster.gone(configMaps, { namespace, name: 'b' });
  });

  it('an owner in another namespace counts as absent, and an event says so', async () => {
    const home = await cluster.namespace('home');
    const abroad = await cluster.namespace('abroad');
    const a = await create(home, 'a');
    await create(abroad, 'b', { ownerReferences: [ownedBy(a)] });
    await cluster.gone(configMaps, { namespace: abroad, name: 'b' });
    await cluster.eventually(
      () => cluster.eventsOf(abroad, 'b'),
      [
        `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: ${abroad}, name: a, uid: ` +
          `${uidOf(a)}] does not exist in namespace "${abroad}"`,
      ],
    );
  });

  it('a cluster-wide object is never collected for an owner in a namespace', async () => {
    const namespace = await cluster.namespace('wide');
    const a = await create(namespace, 'a');
    const name = `${namespace}-a`;
    await createVolume(cluster, name);
    const body = { metadata: { ownerReferences: [ownedBy(a, { uid: NOBODY })] } };
    await cluster.client.resource(persistentVolumes).patch({ name }, { type: 'merge', body });
    await worked(namespace);
    expect(await cluster.get(persistentVolumes, { name })).toBeDefined();
  });
});

describe('foreground', () => {
  const blockOwnerDeletion = true;

  it('SS-603, SS-608: over three levels, each waits for the one below', async () => {
    const namespace = await cluster.namespace('deep');
    const a = await create(namespace, 'a');
    const b = await create(namespace, 'b', {
      ownerReferences: [ownedBy(a, { blockOwnerDeletion })],
    });
    await create(namespace, 'c', {
      finalizers: ['example.com/x'],
      ownerReferences: [ownedBy(b, { blockOwnerDeletion })],
    });
    await remove(namespace, 'a', 'Foreground');
    await cluster.eventually(
      async () => (await find(namespace, 'c'))?.metadata.deletionTimestamp !== undefined,
      true,
    );
    await worked(namespace);
    const finalizers = async (name: string) => (await find(namespace, name))?.metadata.finalizers;
    expect(await finalizers('a')).toEqual(['foregroundDeletion']);
    expect(await finalizers('b')).toEqual(['foregroundDeletion']);
    await release(namespace, 'c');
    await cluster.gone(configMaps, { namespace, name: 'a' });
    expect(await find(namespace, 'b')).toBeUndefined();
  });

  it('SS-608: objects that own each other, and block, go all the same', async () => {
    const namespace = await cluster.namespace('circle');
    const a = await create(namespace, 'a');
    const b = await create(namespace, 'b', {
      ownerReferences: [ownedBy(a, { blockOwnerDeletion: true })],
    });
    const body = { metadata: { ownerReferences: [ownedBy(b, { blockOwnerDeletion: true })] } };
    await cluster.client
      .resource(configMaps)
      .patch({ namespace, name: 'a' }, { type: 'merge', body });
    await remove(namespace, 'a', 'Foreground');
    await cluster.gone(configMaps, { namespace, name: 'a' });
    await cluster.gone(configMaps, { namespace, name: 'b' });
  });

  it('SS-603: dependents that do not block are not waited for', async () => {
    const namespace = await cluster.namespace('free');
    const a = await create(namespace, 'a');
    await create(namespace, 'b', {
      finalizers: ['example.com/x'],
      ownerReferences: [ownedBy(a)],
    });
    await remove(namespace, 'a', 'Foreground');
    await cluster.gone(configMaps, { namespace, name: 'a' });
    await cluster.eventually(
      async () => (await find(namespace, 'b'))?.metadata.deletionTimestamp !== undefined,
      true,
    );
    await release(namespace, 'b');
  });

  it('SS-607, SS-608: a dependent with another owner loses the reference only', async () => {
    const namespace = await cluster.namespace('other');
    const a = await create(namespace, 'a');
    const z = await create(namespace, 'z');
    await create(namespace, 'b', {
      ownerReferences: [ownedBy(a, { blockOwnerDeletion }), ownedBy(z)],
    });
    await remove(namespace, 'a', 'Foreground');
    await cluster.gone(configMaps, { namespace, name: 'a' });
    const references = (await find(namespace, 'b'))?.metadata.ownerReferences;
    expect(references?.map(({ name }) => name)).toEqual(['z']);
  });
});

describe('orphaning', () => {
  it('SS-604: dependents stay without reference, also those made a moment ago', async () => {
    const namespace = await cluster.namespace('orphan');
    const a = await create(namespace, 'a');
    const all = Array.from({ length: 10 }, (_, index) => `b${index}`);
    for (const name of all) await create(namespace, name, { ownerReferences: [ownedBy(a)] });
    await cluster.create(serviceAccounts, {
      metadata: { name: 'last', namespace, ownerReferences: [ownedBy(a)] },
    });
    await remove(namespace, 'a', 'Orphan');
    await cluster.gone(configMaps, { namespace, name: 'a' });
    await worked(namespace);
    for (const name of all) {
      const references = (await find(namespace, name))?.metadata.ownerReferences ?? [];
      expect(references).toEqual([]);
    }
    const account = await cluster.get(serviceAccounts, { namespace, name: 'last' });
    expect(account?.metadata.ownerReferences ?? []).toEqual([]);
  });
});
