// What becomes of a set when a node falls silent: the pods of these tests are on a node whose agent
// never answers, so a deleted pod stays terminating until somebody removes it by force.
import { beforeAll, describe, expect, it } from 'vitest';
import { persistentVolumeClaims, pods, storageClasses } from '../../src/api/resources.ts';
import { claimOf, useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const cluster = useCluster();

beforeAll(async () => {
  await cluster.node('silent');
  await cluster.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'ordinal.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
});

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

describe('a pod that terminates without end', () => {
  it('SS-944: is not replaced; OrderedReady neither scales nor updates', async () => {
    const namespace = await cluster.namespace('stuck');
    const web = await createRunningSet(cluster, namespace);
    await web.run(0);
    await web.run(1);
    const before = [await web.uid(0), await web.uid(1)];
    await cluster.client.resource(pods).delete({ namespace, name: 'web-1' });
    await web.change({ replicas: 3 });
    await web.change({ template: template('app:2') });
    expect(await web.podNames()).toBe('web-0 web-1');
    expect([await web.uid(0), await web.uid(1)]).toEqual(before);
    // The name is free again once the object is gone: then all goes on.
    await web.finish(1);
    await web.run(1);
    expect(await web.uid(1)).not.toBe(before[1]);
    await web.run(2);
    await web.finish(0);
    await web.run(0);
    await cluster.eventually(async () => (await web.set()).status?.updatedReplicas, 3);
  });

  it('SS-944: Parallel goes on with the others', async () => {
    const namespace = await cluster.namespace('parallel');
    const web = await createRunningSet(cluster, namespace, { podManagementPolicy: 'Parallel' });
    await web.run(0);
    await web.run(1);
    const before = await web.uid(0);
    await cluster.client.resource(pods).delete({ namespace, name: 'web-0' });
    await web.change({ replicas: 3 });
    await cluster.eventually(() => web.podNames(), 'web-0 web-1 web-2');
    expect(await web.uid(0)).toBe(before);
  });

  it('SS-945, SS-949: a deletion by force frees the name, whatever the node still runs', async () => {
    const namespace = await cluster.namespace('forced');
    const web = await createRunningSet(cluster, namespace);
    await web.run(0);
    await web.run(1);
    const before = await web.pod(1);
    await cluster.client.resource(pods).delete({ namespace, name: 'web-1' });
    const now = { gracePeriodSeconds: 0 };
    await cluster.client.resource(pods).delete({ namespace, name: 'web-1' }, now);
    await cluster.eventually(async () => {
      const uid = await web.uid(1);
      return uid !== undefined && uid !== before?.metadata.uid;
    }, true);
    // Nobody had to say that the old process ended: its node never did.
    expect(before?.spec?.nodeName).toBe('silent');
    expect(before?.status?.phase).toBe('Running');
  });
});

describe('pods that end on their node', () => {
  it.each(['Failed', 'Succeeded'] as const)(
    'SS-951: a pod of phase %s is made again under its name, with the same claim',
    async (phase) => {
      const namespace = await cluster.namespace(phase.toLowerCase());
      const claimTemplate = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        ...claimOf(namespace, 'data', { storageClassName: 'local' }),
      };
      const web = await createRunningSet(cluster, namespace, {
        replicas: 1,
        volumeClaimTemplates: [claimTemplate],
      });
      await web.run(0);
      const uid = await web.uid(0);
      const claimName = { namespace, name: 'data-web-0' };
      const claim = await cluster.get(persistentVolumeClaims, claimName);
      await web.end(0, phase);
      await cluster.eventually(async () => {
        const next = await web.uid(0);
        return next !== undefined && next !== uid;
      }, true);
      const kept = await cluster.get(persistentVolumeClaims, claimName);
      expect(kept?.metadata.uid).toBe(claim?.metadata.uid);
      const volume = (await web.pod(0))?.spec?.volumes?.find(({ name }) => name === 'data');
      expect(volume?.persistentVolumeClaim?.claimName).toBe('data-web-0');
    },
  );

  it('SS-952: a container that is restarted is a matter of readiness only', async () => {
    const namespace = await cluster.namespace('restart');
    const web = await createRunningSet(cluster, namespace);
    await web.run(0);
    await web.run(1);
    const before = [await web.uid(0), await web.uid(1)];
    await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 2);
    await web.run(1, false);
    await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 1);
    await web.run(1);
    await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 2);
    expect([await web.uid(0), await web.uid(1)]).toEqual(before);
  });
});

it('SS-914: a set needs no Service to come up, to scale and to update', async () => {
  const namespace = await cluster.namespace('alone');
  const web = await createRunningSet(cluster, namespace, { serviceName: 'nobody' });
  await web.run(0);
  await web.run(1);
  await web.change({ replicas: 1 });
  await web.finish(1);
  await web.change({ template: template('app:2') });
  await web.finish(0);
  await web.run(0);
  await cluster.eventually(async () => {
    const { readyReplicas, updatedReplicas, currentRevision, updateRevision } =
      (await web.set()).status ?? {};
    return [readyReplicas, updatedReplicas, currentRevision === updateRevision];
  }, [1, 1, true]);
});
