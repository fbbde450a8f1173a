import { describe, expect, it } from 'vitest';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../src/api/resources.ts';
import { claimOf, createVolume, podOf, useCluster } from './control-plane.ts';
import { pods } from '../../src/api/resources.ts';

const cluster = useCluster({ controllers: '*' });

async function claimState(namespace: string, name: string): Promise<string> {
  const claim = await cluster.get(persistentVolumeClaims, { namespace, name });
  return `${claim?.status?.phase} ${claim?.spec?.volumeName ?? ''}`.trim();
}

const volumePhase = async (name: string) =>
  (await cluster.get(persistentVolumes, { name }))?.status?.phase;

const makeClaim = (namespace: string, name: string, spec: Parameters<typeof claimOf>[2]) =>
  cluster.create(persistentVolumeClaims, claimOf(namespace, name, spec));

const removeClaim = (namespace: string, name: string) =>
  cluster.client.resource(persistentVolumeClaims).delete({ namespace, name });

/** A class that provisions nothing, for volumes made by hand. */
const makeClass = (name: string, change: object = {}) =>
  cluster.create(storageClasses, {
    metadata: { name },
    provisioner: 'example.com/disk',
    ...change,
  });

describe('binding', () => {
  it('SS-861, SS-862: the smallest volume that suffices, with both marks of the binder', async () => {
    const namespace = await cluster.namespace('bind');
    const storageClassName = namespace;
    await createVolume(cluster, `${namespace}-large`, { storageClassName, storage: '9Gi' });
    await createVolume(cluster, `${namespace}-small`, { storageClassName, storage: '1Gi' });
    await createVolume(cluster, `${namespace}-fit`, { storageClassName, storage: '3Gi' });
    await cluster.eventually(() => volumePhase(`${namespace}-fit`), 'Available');
    await makeClaim(namespace, 'c', { storageClassName, storage: '2Gi' });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${namespace}-fit`);
    const claim = await cluster.get(persistentVolumeClaims, { namespace, name: 'c' });
    expect(claim?.metadata.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect(claim?.status).toEqual({
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '3Gi' },
    });
    const volume = await cluster.get(persistentVolumes, { name: `${namespace}-fit` });
    expect(volume?.spec?.claimRef).toMatchObject({
      namespace,
      name: 'c',
      uid: claim?.metadata.uid,
    });
    expect(volume?.status?.phase).toBe('Bound');
  });

  it('SS-862: a volume that comes later is found at once', async () => {
    const namespace = await cluster.namespace('later');
    await makeClass(namespace);
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(
      async () => (await cluster.eventsOf(namespace, 'c')).map((text) => text.split(':')[0]),
      ['ExternalProvisioning'],
    );
    await createVolume(cluster, `${namespace}-a`, { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${namespace}-a`);
  });

  it('SS-861: claims that come together get a volume each', async () => {
    const namespace = await cluster.namespace('race');
    const all = Array.from({ length: 20 }, (_, index) => index);
    const storageClassName = namespace;
    await Promise.all(
      all.map((index) => createVolume(cluster, `${namespace}-${index}`, { storageClassName })),
    );
    await Promise.all(all.map((index) => makeClaim(namespace, `c${index}`, { storageClassName })));
    const boundTo = async () => {
      const { items } = await cluster.client.resource(persistentVolumeClaims).list({ namespace });
      const bound = items.filter(({ status }) => status?.phase === 'Bound');
      return new Set(bound.map(({ spec }) => spec?.volumeName)).size;
    };
    await cluster.eventually(boundTo, all.length);
  });

  it('SS-867: a claim that names a volume gets that one or none', async () => {
    const namespace = await cluster.namespace('named');
    const storageClassName = namespace;
    const volumeName = `${namespace}-a`;
    await makeClaim(namespace, 'c', { storageClassName, volumeName });
    await createVolume(cluster, volumeName, { storageClassName });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${volumeName}`);
    await makeClaim(namespace, 'd', { storageClassName, volumeName });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'd'),
      [`FailedBinding: volume "${volumeName}" already bound to a different claim.`],
    );
    expect(await claimState(namespace, 'd')).toBe(`Pending ${volumeName}`);
  });

  it('SS-867: a named volume that is not there or not fit is waited for', async () => {
    const namespace = await cluster.namespace('unfit');
    const storageClassName = namespace;
    const small = `${namespace}-small`;
    await createVolume(cluster, small, { storageClassName, storage: '1Gi' });
    await makeClaim(namespace, 'c', { storageClassName, volumeName: small, storage: '2Gi' });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      [`VolumeMismatch: Cannot bind to requested volume "${small}": requested PV is too small`],
    );
    expect(await claimState(namespace, 'c')).toBe(`Pending ${small}`);
    expect(await volumePhase(small)).toBe('Available');
    await makeClaim(namespace, 'd', { storageClassName, volumeName: `${namespace}-none` });
    await cluster.eventually(() => claimState(namespace, 'd'), `Pending ${namespace}-none`);
  });

  it('SS-862: a volume reserved by name binds even if its class differs', async () => {
    const namespace = await cluster.namespace('reserved');
    const storageClassName = namespace;
    const claimRef = { namespace, name: 'c' };
    await createVolume(cluster, `${namespace}-free`, { storageClassName });
    const mine = { storageClassName: 'another', claimRef };
    await createVolume(cluster, `${namespace}-mine`, mine);
    await cluster.eventually(() => volumePhase(`${namespace}-mine`), 'Available');
    await makeClaim(namespace, 'other', { storageClassName });
    await cluster.eventually(() => claimState(namespace, 'other'), `Bound ${namespace}-free`);
    await makeClaim(namespace, 'c', { storageClassName });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${namespace}-mine`);
  });

  it('SS-864: a waiting class waits for a pod, unless a volume is reserved for the claim', async () => {
    const namespace = await cluster.namespace('consumer');
    const storageClassName = namespace;
    await makeClass(namespace, { volumeBindingMode: 'WaitForFirstConsumer' });
    await createVolume(cluster, `${namespace}-free`, { storageClassName });
    const claimRef = { namespace, name: 'mine' };
    await createVolume(cluster, `${namespace}-mine`, { storageClassName, claimRef });
    await cluster.eventually(() => volumePhase(`${namespace}-free`), 'Available');
    await makeClaim(namespace, 'c', { storageClassName });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      ['WaitForFirstConsumer: waiting for first consumer to be created before binding'],
    );
    expect(await claimState(namespace, 'c')).toBe('Pending');
    await makeClaim(namespace, 'mine', { storageClassName });
    await cluster.eventually(() => claimState(namespace, 'mine'), `Bound ${namespace}-mine`);
  });

  it('SS-865: a class that is not there is told as a warning', async () => {
    const namespace = await cluster.namespace('absent');
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      [`ProvisioningFailed: storageclass.storage.k8s.io "${namespace}" not found`],
    );
    expect(await claimState(namespace, 'c')).toBe('Pending');
  });

  it('SS-865: without class and volume a claim waits and says so', async () => {
    const namespace = await cluster.namespace('none');
    await makeClaim(namespace, 'c', { storageClassName: '' });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      ['FailedBinding: no persistent volumes available for this claim and no storage class is set'],
    );
  });

  it('SS-866: a default class that comes later is given to waiting claims', async () => {
    const namespace = await cluster.namespace('default');
    await makeClaim(namespace, 'c', {});
    await makeClaim(namespace, 'never', { storageClassName: '' });
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await makeClass(namespace, { metadata: { name: namespace, annotations } });
    const classOf = async (name: string) =>
      (await cluster.get(persistentVolumeClaims, { namespace, name }))?.spec?.storageClassName;
    await cluster.eventually(() => classOf('c'), namespace);
    expect(await classOf('never')).toBe('');
    await cluster.client.resource(storageClasses).delete({ name: namespace });
  });

  it('SS-868, SS-872: a bound volume stays; a claim whose volume vanished is lost', async () => {
    const namespace = await cluster.namespace('lost');
    const name = `${namespace}-a`;
    await createVolume(cluster, name, { storageClassName: namespace });
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
    const volumes = cluster.client.resource(persistentVolumes);
    await volumes.delete({ name });
    expect((await volumes.get({ name })).metadata.deletionTimestamp).toBeDefined();
    await volumes.patch({ name }, { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.eventually(() => claimState(namespace, 'c'), `Lost ${name}`);
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      ['ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!'],
    );
    // A fresh volume of the name brings it back.
    await createVolume(cluster, name, { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
  });

  it('SS-868: a volume whose claimRef was taken away is bound again', async () => {
    const namespace = await cluster.namespace('cleared');
    const name = `${namespace}-a`;
    await createVolume(cluster, name, { storageClassName: namespace });
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
    const volumes = cluster.client.resource(persistentVolumes);
    await volumes.patch({ name }, { type: 'merge', body: { spec: { claimRef: null } } });
    const owner = async () => (await volumes.get({ name })).spec?.claimRef?.name;
    await cluster.eventually(owner, 'c');
    expect(await claimState(namespace, 'c')).toBe(`Bound ${name}`);
    expect(await cluster.eventsOf(namespace, 'c')).toEqual([]);
  });

  it('SS-868: a claim whose volume went to another claim is lost: ClaimMisbound', async () => {
    const namespace = await cluster.namespace('misbound');
    const name = `${namespace}-a`;
    await createVolume(cluster, name, { storageClassName: namespace });
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
    const volumes = cluster.client.resource(persistentVolumes);
    const claimRef = { namespace, name: 'd', uid: 'another' };
    await volumes.patch({ name }, { type: 'merge', body: { spec: { claimRef } } });
    await cluster.eventually(() => claimState(namespace, 'c'), `Lost ${name}`);
    await cluster.eventually(
      async () => (await cluster.eventsOf(namespace, 'c')).map((text) => text.split(':')[0]),
      ['ClaimMisbound'],
    );
  });
});

describe('reclaiming', () => {
  it('SS-869, SS-870: Retain keeps the volume from a new claim of the same name', async () => {
    const namespace = await cluster.namespace('retain');
    const storageClassName = namespace;
    const name = `${namespace}-a`;
    await createVolume(cluster, name, { storageClassName });
    await makeClaim(namespace, 'c', { storageClassName });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
    await removeClaim(namespace, 'c');
    await cluster.eventually(() => volumePhase(name), 'Released');
    await makeClaim(namespace, 'c', { storageClassName });
    await cluster.eventually(
      () => cluster.eventsOf(namespace, 'c'),
      [`ProvisioningFailed: storageclass.storage.k8s.io "${namespace}" not found`],
    );
    const body = { spec: { claimRef: null } };
    await cluster.client.resource(persistentVolumes).patch({ name }, { type: 'merge', body });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
  });

  it('SS-869: Delete without somebody who can delete fails and says so', async () => {
    const namespace = await cluster.namespace('cannot');
    const name = `${namespace}-a`;
    await cluster.create(persistentVolumes, {
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: namespace,
        persistentVolumeReclaimPolicy: 'Delete',
        nfs: { server: 'nfs.example.com', path: '/' },
      },
    });
    await makeClaim(namespace, 'c', { storageClassName: namespace });
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${name}`);
    await removeClaim(namespace, 'c');
    await cluster.eventually(() => volumePhase(name), 'Failed');
  });

  it('SS-864, SS-865, SS-869, SS-874: a volume of the local class is made, grows and goes', async () => {
    const namespace = await cluster.namespace('local');
    const labels = { 'kubernetes.io/hostname': 'machine' };
    await cluster.create(nodes, { metadata: { name: 'n', labels } });
    await cluster.create(storageClasses, {
      metadata: { name: 'local' },
      provisioner: 'ordinal.dev/local',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    });
    const claim = await makeClaim(namespace, 'c', { storageClassName: 'local' });
    await cluster.create(pods, podOf(namespace, 'p', { claim: 'c' }));
    await cluster.eventually(
      async () => (await cluster.eventsOf(namespace, 'c')).at(-1),
      'WaitForPodScheduled: waiting for pod p to be scheduled',
    );
    const claims = cluster.client.resource(persistentVolumeClaims);
    const annotations = { 'volume.kubernetes.io/selected-node': 'n' };
    const patch = (body: object) => claims.patch({ namespace, name: 'c' }, { type: 'merge', body });
    await patch({ metadata: { annotations } });
    const volumeName = `pvc-${claim.metadata.uid}`;
    await cluster.eventually(() => claimState(namespace, 'c'), `Bound ${volumeName}`);
    const volume = await cluster.get(persistentVolumes, { name: volumeName });
    const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: ['machine'] };
    expect(volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
      { matchExpressions: [expression] },
    ]);
    expect(volume?.spec).toMatchObject({
      claimRef: { namespace, name: 'c', uid: claim.metadata.uid },
      persistentVolumeReclaimPolicy: 'Delete',
    });
    expect(volume?.metadata.annotations).toEqual({
      'pv.kubernetes.io/provisioned-by': 'ordinal.dev/local',
    });
    await patch({ spec: { resources: { requests: { storage: '3Gi' } } } });
    await cluster.eventually(
      async () => (await claims.get({ namespace, name: 'c' })).status?.capacity,
      { storage: '3Gi' },
    );
    const grown = await cluster.get(persistentVolumes, { name: volumeName });
    expect(grown?.spec?.capacity).toEqual({ storage: '3Gi' });
    await removeClaim(namespace, 'c');
    await cluster.gone(persistentVolumes, { name: volumeName });
  });

  it('SS-864: a selected node that is gone is taken back, so that another can be chosen', async () => {
    const namespace = await cluster.namespace('reselect');
    await makeClaim(namespace, 'c', { storageClassName: 'local' });
    const name = { namespace, name: 'c' };
    const key = 'volume.kubernetes.io/selected-node';
    const claims = cluster.client.resource(persistentVolumeClaims);
    const body = { metadata: { annotations: { [key]: 'nowhere' } } };
    await claims.patch(name, { type: 'merge', body });
    await cluster.eventually(
      async () => (await claims.get(name)).metadata.annotations?.[key],
      undefined,
    );
  });
});
