import { describe, expect, it } from 'vitest';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  statefulSets,
  storageClasses,
} from '../../src/api/resources.ts';
import { claimOf, podOf, useCluster } from './control-plane.ts';

const cluster = useCluster();

const nodeOf = async (namespace: string, name: string) =>
  (await cluster.get(pods, { namespace, name }))?.spec?.nodeName;

const condition = async (namespace: string, name: string) => {
  const pod = await cluster.get(pods, { namespace, name });
  const found = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return found && `${found.status} ${found.reason ?? ''} ${found.message ?? ''}`.trim();
};

describe('the scheduler', () => {
  it('says why a pod waits, places it when a node appears, and tells both', async () => {
    const namespace = await cluster.namespace('place');
    await cluster.create(pods, podOf(namespace, 'p', { spec: { nodeSelector: { room: '1' } } }));
    const message = 'no nodes available to schedule pods';
    await cluster.eventually(() => condition(namespace, 'p'), `False Unschedulable ${message}`);
    await cluster.node('room-1', { room: '1' });
    await cluster.eventually(() => nodeOf(namespace, 'p'), 'room-1');
    expect(await condition(namespace, 'p')).toBe('True');
    const told = async () => {
      const texts = await cluster.eventsOf(namespace, 'p');
      return [texts[0], texts.at(-1)];
    };
    await cluster.eventually(told, [
      `FailedScheduling: ${message}`,
      `Scheduled: Successfully assigned ${namespace}/p to room-1`,
    ]);
  });

  it('places a pod when another one makes room', async () => {
    const namespace = await cluster.namespace('room');
    const spec = { nodeSelector: { room: '1' } };
    await cluster.create(pods, podOf(namespace, 'a', { cpu: '3', spec }));
    await cluster.eventually(() => nodeOf(namespace, 'a'), 'room-1');
    await cluster.create(pods, podOf(namespace, 'b', { cpu: '3', spec }));
    await cluster.eventually(
      () => condition(namespace, 'b'),
      'False Unschedulable 0/1 nodes are available: 1 Insufficient cpu.',
    );
    const name = { namespace, name: 'a' };
    await cluster.client.resource(pods).delete(name, { gracePeriodSeconds: 0 });
    await cluster.eventually(() => nodeOf(namespace, 'b'), 'room-1');
  });

  it('leaves pods of other schedulers and gated pods alone', async () => {
    const namespace = await cluster.namespace('others');
    const nodeSelector = { room: '1' };
    const other = { nodeSelector, schedulerName: 'mine' };
    await cluster.create(pods, podOf(namespace, 'other', { spec: other }));
    const gated = { nodeSelector, schedulingGates: [{ name: 'example.com/wait' }] };
    await cluster.create(pods, podOf(namespace, 'gated', { spec: gated }));
    await cluster.create(pods, podOf(namespace, 'plain', { spec: { nodeSelector } }));
    await cluster.eventually(() => nodeOf(namespace, 'plain'), 'room-1');
    expect(await nodeOf(namespace, 'other')).toBeUndefined();
    expect(await nodeOf(namespace, 'gated')).toBeUndefined();
    const name = { namespace, name: 'gated' };
    const body = { spec: { schedulingGates: [] } };
    await cluster.client.resource(pods).patch(name, { type: 'merge', body });
    await cluster.eventually(() => nodeOf(namespace, 'gated'), 'room-1');
  });

  it('SS-873: a pod waits for its claim to be there', async () => {
    const namespace = await cluster.namespace('claim');
    await cluster.create(pods, podOf(namespace, 'p', { claim: 'data' }));
    await cluster.eventually(
      () => condition(namespace, 'p'),
      'False Unschedulable 0/1 nodes are available: persistentvolumeclaim "data" not found.',
    );
    await cluster.create(storageClasses, {
      metadata: { name: 'local' },
      provisioner: 'ordinal.dev/local',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    });
    await cluster.create(
      persistentVolumeClaims,
      claimOf(namespace, 'data', { storageClassName: 'local' }),
    );
    await cluster.eventually(() => nodeOf(namespace, 'p'), 'room-1');
  });

  it('SS-875: ReadWriteOnce is for the pods of one node, ReadWriteOncePod for one pod', async () => {
    const namespace = await cluster.namespace('modes');
    await cluster.node('modes-1', { room: 'modes' });
    await cluster.node('modes-2', { room: 'modes' });
    const spec = { nodeSelector: { room: 'modes' } };
    for (const mode of ['ReadWriteOnce', 'ReadWriteOncePod']) {
      const claim = mode.toLowerCase();
      const wanted = claimOf(namespace, claim, { storageClassName: 'local', mode });
      await cluster.create(persistentVolumeClaims, wanted);
      await cluster.create(pods, podOf(namespace, `${claim}-a`, { claim, spec }));
      await cluster.eventually(
        async () => (await nodeOf(namespace, `${claim}-a`)) !== undefined,
        true,
      );
      await cluster.create(pods, podOf(namespace, `${claim}-b`, { claim, spec }));
    }
    const first = await nodeOf(namespace, 'readwriteonce-a');
    await cluster.eventually(() => nodeOf(namespace, 'readwriteonce-b'), first);
    await cluster.eventually(
      async () => /ReadWriteOncePod/.test((await condition(namespace, 'readwriteoncepod-b')) ?? ''),
      true,
    );
    const name = { namespace, name: 'readwriteoncepod-a' };
    const now = { gracePeriodSeconds: 0 };
    await cluster.client.resource(pods).delete(name, now);
    await cluster.eventually(
      async () => (await nodeOf(namespace, 'readwriteoncepod-b')) !== undefined,
      true,
    );
    for (const node of ['modes-1', 'modes-2']) {
      await cluster.client.resource(nodes).delete({ name: node });
    }
  });

  it('SS-864: every pod of a set has its own volume, on the node that was chosen', async () => {
    await cluster.node('room-2', { room: '2' });
    const namespace = await cluster.namespace('set');
    await cluster.create(statefulSets, {
      metadata: { name: 'web', namespace },
      spec: {
        replicas: 4,
        serviceName: 'web',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'app:1' }] },
        },
        volumeClaimTemplates: [
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            ...claimOf(namespace, 'data', { storageClassName: 'local' }),
          },
        ],
      },
    });
    const placed = async () => {
      const { items } = await cluster.client.resource(pods).list({ namespace });
      return items.map(({ spec }) => spec?.nodeName ?? '').toSorted();
    };
    await cluster.eventually(placed, ['room-1', 'room-1', 'room-2', 'room-2']);
    for (const ordinal of [0, 1, 2, 3]) {
      const name = `data-web-${ordinal}`;
      const claim = await cluster.get(persistentVolumeClaims, { namespace, name });
      expect(claim?.status).toMatchObject({ phase: 'Bound', capacity: { storage: '1Gi' } });
      const volumeName = claim?.spec?.volumeName ?? '';
      expect(volumeName).toBe(`pvc-${claim?.metadata.uid}`);
      const volume = await cluster.get(persistentVolumes, { name: volumeName });
      const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms;
      const values = [await nodeOf(namespace, `web-${ordinal}`)];
      expect(terms?.[0]?.matchExpressions?.[0]?.values).toEqual(values);
      expect(volume?.spec?.local?.path).toMatch(new RegExp(`/${volumeName}$`));
    }
  });

  it('places hundreds of pods, none twice, as many a node as it can hold', async () => {
    const namespace = await cluster.namespace('many');
    const spec = { nodeSelector: { crowd: 'yes' } };
    await cluster.node('crowd-1', { crowd: 'yes' });
    await cluster.node('crowd-2', { crowd: 'yes' });
    const all = Array.from({ length: 230 }, (_, index) => podOf(namespace, `p-${index}`, { spec }));
    await Promise.all(all.map((pod) => cluster.create(pods, pod)));
    const count = async () => {
      const { items } = await cluster.client.resource(pods).list({ namespace });
      const on = (name: string) =>
        items.filter((pod) => (pod.spec?.nodeName ?? '') === name).length;
      return [on('crowd-1'), on('crowd-2'), on('')];
    };
    await cluster.eventually(count, [110, 110, 10]);
  });
});
