import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pod, Taint } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { nodes, pods } from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import { createPodGcController } from './podgc-controller.ts';

let clock: ManualClock;
let api: FakeApi;
let client: Client;
let running: Runnable[];

beforeEach(async () => {
  clock = new ManualClock();
  const random = seededRandom(1);
  api = createFakeApi({ clock, random });
  client = createClient(api.transport);
  const logger = silentLogger;
  const informers = createInformerFactory({ client, clock, random, logger });
  const controller = createPodGcController({ client, informers, clock, random, logger });
  running = [controller, informers];
  await informers.start();
  await controller.start();
  await settle();
});

afterEach(async () => {
  for (const part of running) await part.stop();
});

/** Lets so many seconds pass, one after the other. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await settle();
  }
}

const createPod = (name: string, nodeName: string): Promise<Pod> =>
  client.resource(pods).create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName, containers: [{ name: 'c', image: 'app:1' }] },
  });

const podNames = () => api.list(pods, 'shop').map(nameOf);

describe('pods of a node that is gone', () => {
  it('SS-946: are failed and removed after 40 seconds; others stay', async () => {
    await client
      .resource(nodes)
      .create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'here' } });
    await createPod('stays', 'here');
    await createPod('goes', 'gone');
    await pass(39);
    expect(podNames()).toEqual(['goes', 'stays']);
    await pass(41);
    expect(podNames()).toEqual(['stays']);
    const written = api.requests.filter(({ path }) => path.endsWith('/pods/goes/status'));
    expect(written[0]?.body).toMatchObject({
      status: {
        phase: 'Failed',
        conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' }],
      },
    });
  });

  it('SS-946: stay when the node comes back in time', async () => {
    await createPod('p', 'late');
    await pass(30);
    await client
      .resource(nodes)
      .create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'late' } });
    await pass(120);
    expect(podNames()).toEqual(['p']);
  });

  it('SS-946: stay when the node turns out to be there, which the cache does not show', async () => {
    await createPod('p', 'unseen');
    let asked = 0;
    api.beforeRequest = async ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/nodes/unseen') || asked++ > 0) return;
      api.pauseWatches();
      const metadata = { name: 'unseen' };
      await client.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata });
    };
    await pass(120);
    expect(asked).toBeGreaterThan(0);
    expect(podNames()).toEqual(['p']);
  });

  it('SS-944, SS-946: a pod of a node that is there stays, terminating or not', async () => {
    await client
      .resource(nodes)
      .create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'silent' } });
    await createPod('p', 'silent');
    await createPod('q', 'silent');
    await client.resource(pods).delete({ namespace: 'shop', name: 'q' });
    await pass(120);
    expect(podNames()).toEqual(['p', 'q']);
  });
});

describe('terminating pods without a node', () => {
  /** A finalizer keeps the pod, as no node is there to end it. */
  const createHeld = (name: string) =>
    client.resource(pods).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', finalizers: ['example.com/held'] },
      spec: { containers: [{ name: 'c', image: 'app:1' }] },
    });
  const deletionsOf = (name: string) =>
    api.requests.filter(({ method, path }) => method === 'DELETE' && path.endsWith(`/${name}`));

  it('SS-950: are failed and deleted by force; waiting ones stay', async () => {
    await createHeld('waits');
    await createHeld('goes');
    await client.resource(pods).delete({ namespace: 'shop', name: 'goes' });
    await pass(20);
    const goes = api.get(pods, { namespace: 'shop', name: 'goes' });
    expect(goes?.status).toEqual({ phase: 'Failed', observedGeneration: 2 });
    const [, byUs] = deletionsOf('goes');
    expect(byUs?.body).toMatchObject({
      gracePeriodSeconds: 0,
      preconditions: { uid: goes?.metadata.uid },
    });
    expect(deletionsOf('waits')).toEqual([]);
    expect(podNames()).toEqual(['goes', 'waits']);
  });
});

describe('terminating pods of a node that is out of service', () => {
  const outOfService = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
  const createNode = (name: string, { taints, ready }: { taints: Taint[]; ready: string }) =>
    client.resource(nodes).create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { taints },
      status: { conditions: [{ type: 'Ready', status: ready }] },
    });

  it('SS-945, SS-947: are failed and deleted by force', async () => {
    await createNode('lost', { taints: [outOfService], ready: 'Unknown' });
    await createNode('silent', { taints: [], ready: 'Unknown' });
    await createNode('well', { taints: [outOfService], ready: 'True' });
    for (const node of ['lost', 'silent', 'well']) {
      await createPod(node, node);
      await createPod(`${node}-terminating`, node);
      await client.resource(pods).delete({ namespace: 'shop', name: `${node}-terminating` });
    }
    await pass(20);
    expect(podNames()).toEqual([
      'lost',
      'silent',
      'silent-terminating',
      'well',
      'well-terminating',
    ]);
    const written = api.requests.filter(({ path }) => path.endsWith('/lost-terminating/status'));
    expect(written[0]?.body).toMatchObject({ status: { phase: 'Failed' } });
    expect(written[0]?.body).not.toHaveProperty('status.conditions');
  });
});
