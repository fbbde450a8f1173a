// How kubectl reads the rollout of a set. No controller runs: the test writes each status, so that
// every answer of `rollout status` is seen.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, TestServer } from './server.ts';

describeWithKubectl('SS-745: kubectl rollout status', () => {
  const server = new TestServer('--nodes', '0', '--controllers', '');

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  async function create(name: string, updateStrategy?: object): Promise<void> {
    const labels = { app: name };
    await server.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name },
      spec: {
        replicas: 3,
        serviceName: name,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'app:1' }] },
        },
        ...(updateStrategy ? { updateStrategy } : {}),
      },
    });
  }

  async function setStatus(name: string, status: object): Promise<void> {
    const body = JSON.stringify({ status: { replicas: 3, observedGeneration: 1, ...status } });
    const patch = ['patch', 'statefulset', name, '--subresource=status', '--type=merge'];
    await server.kubectl(...patch, '-p', body);
  }

  const rolloutStatus = async (name: string) => {
    const command = ['rollout', 'status', `statefulset/${name}`, '--watch=false'];
    const { code, stdout, stderr } = await server.run(command);
    return code === 0 ? stdout.trim() : stderr.trim();
  };

  test('waits for the controller to see the spec, then for all pods to be ready', async () => {
    await create('web');
    await setStatus('web', { observedGeneration: 0 });
    expect(await rolloutStatus('web')).toBe(
      'Waiting for statefulset spec update to be observed...',
    );
    await setStatus('web', { readyReplicas: 1 });
    expect(await rolloutStatus('web')).toBe('Waiting for 2 pods to be ready...');
  });

  test('with a block the partition says how many must be updated', async () => {
    await create('parted', { type: 'RollingUpdate', rollingUpdate: { partition: 1 } });
    await setStatus('parted', { readyReplicas: 3, updatedReplicas: 1 });
    expect(await rolloutStatus('parted')).toBe(
      'Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...',
    );
    await setStatus('parted', { readyReplicas: 3, updatedReplicas: 2 });
    expect(await rolloutStatus('parted')).toBe(
      'partitioned roll out complete: 2 new pods have been updated...',
    );
  });

  test('without a block both revisions must be the same', async () => {
    await create('bare', { type: 'RollingUpdate' });
    const counts = { readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3 };
    const revisions = (currentRevision: string) => ({ currentRevision, updateRevision: 'bare-2' });
    await setStatus('bare', { ...counts, ...revisions('bare-1') });
    expect(await rolloutStatus('bare')).toMatch(/^waiting for statefulset rolling update/);
    await setStatus('bare', { ...counts, ...revisions('bare-2') });
    expect(await rolloutStatus('bare')).toMatch(/^statefulset rolling update complete 3 pods/);
  });

  test('has no answer for OnDelete', async () => {
    await create('manual', { type: 'OnDelete' });
    expect(await rolloutStatus('manual')).toBe(
      'error: rollout status is only available for RollingUpdate strategy type',
    );
  });
});
