// What has surprised users of StatefulSets, on a whole control plane. The decisions alone are in
// src/controllers/statefulset/plan/pitfalls.test.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../src/api/generated/types.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
  storageClasses,
} from '../../src/api/resources.ts';
import { claimOf, names, useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const cluster = useCluster();

beforeAll(async () => {
  await cluster.node('n');
  await cluster.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'ordinal.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
});

const templateOf = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

const claimTemplate = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  ...claimOf(namespace, 'data', { storageClassName: 'local' }),
});

const claimUid = async (namespace: string, name: string) =>
  (await cluster.get(persistentVolumeClaims, { namespace, name }))?.metadata.uid;

const createSet = (namespace: string, name: string, template: object) =>
  cluster.create(statefulSets, {
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: template as NonNullable<StatefulSet['spec']>['template'],
    },
  });

describe('rollouts', () => {
  it('SS-1001: a broken pod is to be deleted by hand, also when the template is mended', async () => {
    const namespace = await cluster.namespace('broken');
    const web = await createRunningSet(cluster, namespace, { template: templateOf('app:1') });
    await web.run(0);
    await web.run(1);
    await web.change({ template: templateOf('app:broken') });
    await web.finish(1);
    await web.run(1, false);
    const broken = await web.uid(1);
    await web.change({ template: templateOf('app:1') });
    expect(await web.uid(1)).toBe(broken);
    expect((await web.pod(1))?.metadata.deletionTimestamp).toBeUndefined();
    await cluster.client.resource(pods).delete({ namespace, name: 'web-1' });
    await web.finish(1);
    await web.run(1);
    expect((await web.pod(1))?.spec?.containers[0]?.image).toBe('app:1');
    await cluster.eventually(async () => (await web.set()).status?.updatedReplicas, 2);
  });

  it('SS-1009: the name of a revision stays that of the recorded template', async () => {
    const namespace = await cluster.namespace('hash');
    // Recorded from a 1.36 server: any other name restarts all pods of all sets after an upgrade.
    const grace = { terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'app:1' }] };
    const metadata = { labels: { app: 'web' } };
    await createSet(namespace, 'plain', { metadata, spec: grace });
    const annotations = { a: '<b>&"quoted"\\ \u2028 é 😀 \t \u0001' };
    await createSet(namespace, 'escaped', {
      metadata: { ...metadata, annotations },
      spec: grace,
    });
    const revisions = async () =>
      names((await cluster.client.resource(controllerRevisions).list({ namespace })).items);
    await cluster.eventually(revisions, ['escaped-558bb9856b', 'plain-5bdb797f4']);
  });
});

describe('claims', () => {
  it('SS-1005: whenScaled Delete, down and up at once: the ordinal waits and starts empty', async () => {
    const namespace = await cluster.namespace('down-up');
    const web = await createRunningSet(cluster, namespace, {
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
      volumeClaimTemplates: [claimTemplate(namespace)],
    });
    await web.run(0);
    await web.run(1);
    const before = await claimUid(namespace, 'data-web-1');
    const kept = await claimUid(namespace, 'data-web-0');
    await web.change({ replicas: 1 });
    await web.change({ replicas: 2 });
    await web.finish(1);
    await web.run(1);
    const after = await claimUid(namespace, 'data-web-1');
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
    expect(await claimUid(namespace, 'data-web-0')).toBe(kept);
  });

  it('SS-1008: a deleted set ends all its pods at once and leaves its claims', async () => {
    const namespace = await cluster.namespace('deleted');
    const web = await createRunningSet(cluster, namespace, {
      volumeClaimTemplates: [claimTemplate(namespace)],
    });
    await web.run(0);
    await web.run(1);
    await cluster.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await cluster.gone(statefulSets, { namespace, name: 'web' });
    // Neither waits for the other: nobody has ended them yet.
    const areEnding = async () =>
      [await web.pod(0), await web.pod(1)].map(
        (pod) => pod?.metadata.deletionTimestamp !== undefined,
      );
    await cluster.eventually(areEnding, [true, true]);
    expect(await web.podNames()).toBe('web-0 web-1');
    await web.finish(0);
    await web.finish(1);
    await cluster.eventually(() => web.podNames(), '');
    const { items } = await cluster.client.resource(persistentVolumeClaims).list({ namespace });
    expect(names(items)).toEqual(['data-web-0', 'data-web-1']);
    expect(items.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
  });
});

it('SS-1006: a name of 52 characters has pods, a longer one is told why it has none', async () => {
  const namespace = await cluster.namespace('long');
  const fits = 'a'.repeat(52);
  const long = 'b'.repeat(60);
  await createSet(namespace, fits, templateOf('app:1'));
  await createSet(namespace, long, templateOf('app:1'));
  await cluster.eventually(
    async () => (await cluster.get(pods, { namespace, name: `${fits}-0` })) !== undefined,
    true,
  );
  await cluster.eventually(
    async () =>
      (await cluster.eventsOf(namespace, long)).some((text) =>
        /^FailedCreate: .*must be no more than 63/.test(text),
      ),
    true,
  );
  expect(await cluster.get(pods, { namespace, name: `${long}-0` })).toBeUndefined();
});
