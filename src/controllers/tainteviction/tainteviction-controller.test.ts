import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Taint, Toleration } from '../../api/generated/types.ts';
import { conflict, OBJECT_MODIFIED } from '../../api/meta/status-error.ts';
import { events, nodes, pods } from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import { createTaintEvictionController } from './tainteviction-controller.ts';

const GONE: Taint = { key: 'gone', effect: 'NoExecute' };
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
  const controller = createTaintEvictionController({ client, informers, clock, random, logger });
  running = [controller, informers];
  await informers.start();
  await controller.start();
  const metadata = { name: 'n' };
  await client.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata });
  await settle();
});

afterEach(async () => {
  const stopped = Promise.all(running.map((part) => part.stop()));
  await settle();
  clock.advance(2000);
  await stopped;
});

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await settle();
  }
}

async function taint(...taints: Taint[]): Promise<void> {
  await client.resource(nodes).patch({ name: 'n' }, { type: 'merge', body: { spec: { taints } } });
  await settle();
}

/** A pod on the node that tolerates the taint for so long; undefined: not at all. */
async function createPod(name: string, seconds?: number | 'ever'): Promise<void> {
  const toleration: Toleration = {
    key: GONE.key,
    operator: 'Exists',
    ...(typeof seconds === 'number' ? { tolerationSeconds: seconds } : {}),
  };
  await client.resource(pods).create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: {
      nodeName: 'n',
      containers: [{ name: 'c', image: 'app:1' }],
      tolerations: seconds === undefined ? [] : [toleration],
    },
  });
  await settle();
}

const find = (name: string) => api.get(pods, { namespace: 'shop', name });
const isEvicted = (name: string) => find(name)?.metadata.deletionTimestamp !== undefined;
const eventsOf = (name: string) =>
  api
    .list(events)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message, count }) => `${reason}: ${message} x${count}`);

describe('pods of a node that gets a NoExecute taint', () => {
  it('SS-943: go at once, after their time, or never', async () => {
    await createPod('now');
    await createPod('later', 30);
    await createPod('never', 'ever');
    await taint({ key: 'other', effect: 'NoSchedule' });
    expect(isEvicted('now')).toBe(false);
    await taint(GONE);
    expect(isEvicted('now')).toBe(true);
    expect(find('now')?.status?.conditions).toEqual([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
        observedGeneration: 1,
        lastTransitionTime: expect.any(String),
      },
    ]);
    await pass(29);
    expect(isEvicted('later')).toBe(false);
    await pass(1);
    expect(isEvicted('later')).toBe(true);
    await pass(1000);
    expect(isEvicted('never')).toBe(false);
    expect(eventsOf('later')).toEqual([
      'TaintManagerEviction: Marking for deletion Pod shop/later x1',
    ]);
    // Deleted as anybody would: its node, which may be silent, has the last word (SS-944).
    expect(find('later')?.metadata.deletionGracePeriodSeconds).toBe(30);
  });

  it('SS-943: a pod that comes to it later has its own time', async () => {
    await taint(GONE);
    await createPod('now');
    await createPod('later', 10);
    expect([isEvicted('now'), isEvicted('later')]).toEqual([true, false]);
    await pass(10);
    expect(isEvicted('later')).toBe(true);
  });

  it('SS-943: stay when the taint goes in time, and are told', async () => {
    await createPod('p', 30);
    await taint(GONE);
    await pass(29);
    await taint();
    await pass(60);
    expect(isEvicted('p')).toBe(false);
    expect(eventsOf('p')).toEqual(['TaintManagerEviction: Cancelling deletion of Pod shop/p x1']);
    // The next time counts anew.
    await taint(GONE);
    await pass(29);
    expect(isEvicted('p')).toBe(false);
    await pass(1);
    expect(isEvicted('p')).toBe(true);
  });

  it('SS-943: another taint in its place does not start the time anew', async () => {
    const tolerations = ['a', 'b'].map((key) => ({
      key,
      operator: 'Exists',
      tolerationSeconds: 30,
    }));
    await createPod('p');
    const name = { namespace: 'shop', name: 'p' };
    await client.resource(pods).patch(name, { type: 'merge', body: { spec: { tolerations } } });
    await taint({ key: 'a', effect: 'NoExecute' });
    await pass(20);
    await taint({ key: 'b', effect: 'NoExecute' });
    await pass(10);
    expect(isEvicted('p')).toBe(true);
  });

  it('SS-943, SS-947: another taint that it does not tolerate ends its time', async () => {
    await createPod('p', 300);
    await taint(GONE);
    const outOfService = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
    await taint(GONE, outOfService);
    expect(isEvicted('p')).toBe(true);
    expect(eventsOf('p')).toEqual([
      'TaintManagerEviction: Cancelling deletion of Pod shop/p x1',
      'TaintManagerEviction: Marking for deletion Pod shop/p x1',
    ]);
  });

  it('SS-943: a new pod of the name is another pod', async () => {
    await createPod('p', 30);
    await taint(GONE);
    await pass(20);
    const name = { namespace: 'shop', name: 'p' };
    await client.resource(pods).delete(name, { gracePeriodSeconds: 0 });
    await createPod('p', 30);
    await pass(20);
    expect(isEvicted('p')).toBe(false);
    await pass(10);
    expect(isEvicted('p')).toBe(true);
  });

  it('SS-943: a write that fails is tried again', async () => {
    let refusals = 2;
    api.beforeRequest = ({ method }) => {
      if (method === 'PUT' && refusals-- > 0) throw conflict(pods, 'p', OBJECT_MODIFIED);
    };
    await createPod('p');
    await taint(GONE);
    await pass(2);
    expect(isEvicted('p')).toBe(true);
    expect(eventsOf('p')).toHaveLength(1);
  });
});
