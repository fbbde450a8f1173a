import { beforeAll, expect, it } from 'vitest';
import { useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const cluster = useCluster();

beforeAll(async () => {
  await cluster.node('n');
});

const templateOf = (image: string) => ({
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image }] },
  },
});

// kubernetes/kubernetes 75498
it('SS-546: negative currentReplicas: the server refuses the status, the next sync repairs it', async () => {
  const namespace = await cluster.namespace('negative');
  const web = await createRunningSet(cluster, namespace, {
    ...templateOf('app:1'),
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    replicas: 1,
  });
  await web.run(0);
  const replaced = async (before: string | undefined) => {
    await web.finish(0);
    await cluster.eventually(async () => {
      const uid = await web.uid(0);
      return uid !== undefined && uid !== before;
    }, true);
  };
  const [first] = [await web.uid(0)];
  await web.change(templateOf('app:2'));
  await replaced(first);
  // Never ready, so the second revision is not complete when the third comes: the deleted pod is
  // of neither the current nor the update revision.
  const second = await web.uid(0);
  await web.run(0, false);
  await web.change(templateOf('app:3'));
  await replaced(second);
  await web.run(0);
  await cluster.eventually(async () => {
    const { status } = await web.set();
    const promoted = status?.currentRevision === status?.updateRevision;
    return [status?.currentReplicas, status?.updatedReplicas, promoted];
  }, [1, 1, true]);
  expect((await web.pod(0))?.spec?.containers[0]?.image).toBe('app:3');
});
