import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lease, Node, Pod } from '../../api/generated/types.ts';
import { findCondition } from '../../api/meta/conditions.ts';
import { events, leases, nodes, pods } from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Runnable } from '../../base/runnable.ts';
import { formatMicroTime, formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import { createNodeLifecycleController } from './nodelifecycle-controller.ts';

const PREFIX = 'node.kubernetes.io/';
const LEASES = 'kube-node-lease';
const timers = new ManualClock();
/** The wall clock is that of the timers, and so much later: machines are suspended. */
let suspendedMs: number;
let api: FakeApi;
let client: Client;
let running: Runnable[];
/** Nodes that renew their leases. */
let alive: Set<string>;

beforeEach(async () => {
  suspendedMs = 0;
  alive = new Set();
  const clock = {
    now: () => timers.now() + suspendedMs,
    schedule: timers.schedule.bind(timers),
  };
  const random = seededRandom(1);
  api = createFakeApi({ clock, random });
  client = createClient(api.transport);
  const logger = silentLogger;
  const informers = createInformerFactory({ client, clock, random, logger });
  const controller = createNodeLifecycleController({ client, informers, clock, random, logger });
  running = [controller, informers];
  await informers.start();
  await controller.start();
  await settle();
});

afterEach(async () => {
  const stopped = Promise.all(running.map((part) => part.stop()));
  await settle();
  timers.advance(2000);
  await stopped;
});

/** Lets so many seconds pass, one after the other; nodes that live beat every 10 s. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    timers.advance(1000);
    if (second % 10 === 0) for (const name of alive) await beat(name);
    await settle();
  }
}

async function beat(name: string): Promise<void> {
  const metadata = { namespace: LEASES, name };
  const spec = { renewTime: formatMicroTime(timers.now() + suspendedMs) };
  const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
  const known = api.get(leases, metadata);
  const resource = client.resource(leases);
  await (known ? resource.update({ ...known, spec }) : resource.create(lease));
}

/** A node that lives and is as ready as `ready` says. */
async function createNode(name: string, ready = 'True'): Promise<void> {
  await client.resource(nodes).create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { taints: [{ key: `${PREFIX}not-ready`, effect: 'NoSchedule' }] },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
  alive.add(name);
  await beat(name);
  await settle();
}

/** The node itself reports. */
async function say(name: string, ready: string): Promise<void> {
  const node = await client.resource(nodes).get({ name });
  const lastHeartbeatTime = formatTime(timers.now() + suspendedMs);
  const conditions = [{ type: 'Ready', status: ready, lastHeartbeatTime }];
  await client.resource(nodes).updateStatus({ ...node, status: { conditions } });
  await settle();
}

async function createPod(name: string, nodeName: string): Promise<void> {
  const metadata = { name, namespace: 'shop' };
  const spec = { nodeName, containers: [{ name: 'c', image: 'app:1' }] };
  const resource = client.resource(pods);
  const pod = await resource.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const conditions = [{ type: 'Ready', status: 'True' }];
  await resource.updateStatus({ ...pod, status: { phase: 'Running', conditions } });
  await settle();
}

const readyOf = (object: Node | Pod | undefined) =>
  findCondition<{ type: string; status: string }>(object?.status?.conditions, 'Ready')?.status;
const podReady = (name: string) => readyOf(api.get(pods, { namespace: 'shop', name }));
const nodeReady = (name: string) => readyOf(api.get(nodes, { name }));
const taints = (name: string) =>
  (api.get(nodes, { name })?.spec?.taints ?? [])
    .map(({ key, effect }) => `${key.replace(PREFIX, '')}:${effect}`)
    .toSorted();
const eventsOf = (name: string) =>
  api
    .list(events)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);

describe('a node that starts', () => {
  it('SS-941: may be used as soon as it is ready', async () => {
    await createNode('late', 'False');
    expect(taints('late')).toEqual(['not-ready:NoSchedule']);
    await createNode('ready');
    await say('late', 'True');
    expect([taints('late'), taints('ready')]).toEqual([[], []]);
    expect(eventsOf('ready')).toEqual([
      'RegisteredNode: Node ready event: Registered Node ready in Controller',
    ]);
  });

  it('SS-941: that never says anything is given up after a minute', async () => {
    const metadata = { name: 'mute' };
    await client.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata });
    await pass(58);
    expect(nodeReady('mute')).toBeUndefined();
    await pass(10);
    expect(nodeReady('mute')).toBe('Unknown');
    expect(taints('mute')).toEqual(['unreachable:NoSchedule']);
  });

  it('gets the old names of its labels', async () => {
    const metadata = { name: 'n', labels: { 'kubernetes.io/os': 'linux' } };
    await client.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata });
    await settle();
    const labels = { ...metadata.labels, 'beta.kubernetes.io/os': 'linux' };
    expect(api.get(nodes, { name: 'n' })?.metadata.labels).toEqual(labels);
  });
});

describe('a node that falls silent', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await createNode(name);
    await createPod('on-a', 'a');
    await createPod('on-b', 'b');
    await pass(10);
    alive.delete('a');
  });

  it('SS-941: is Unknown and unreachable after 50 s; its pods are not ready', async () => {
    await pass(40);
    expect([nodeReady('a'), taints('a'), podReady('on-a')]).toEqual(['True', [], 'True']);
    await pass(20);
    expect(nodeReady('a')).toBe('Unknown');
    expect(taints('a')).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    expect(api.get(nodes, { name: 'a' })?.spec?.taints?.every(({ timeAdded }) => timeAdded)).toBe(
      true,
    );
    expect([podReady('on-a'), podReady('on-b')]).toEqual(['False', 'True']);
    expect(eventsOf('on-a')).toEqual(['NodeNotReady: Node is not ready']);
    expect(eventsOf('a')).toContain('NodeNotReady: Node a status is now: NodeNotReady');
    expect([nodeReady('b'), taints('b')]).toEqual(['True', []]);
  });

  it('SS-941: a pod that is seen there later is not ready either', async () => {
    await pass(60);
    api.pauseWatches();
    await createPod('late', 'a');
    api.resumeWatches();
    await pass(1);
    expect(podReady('late')).toBe('False');
  });

  it('SS-941, SS-945: is as before when it comes back', async () => {
    await pass(70);
    alive.add('a');
    await pass(20);
    // Its lease alone does not say that it is well.
    expect(nodeReady('a')).toBe('Unknown');
    await say('a', 'True');
    expect(taints('a')).toEqual([]);
  });

  it('SS-941: whatever fails is tried again at the next look', async () => {
    let refusals = 3;
    api.beforeRequest = ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/pods/on-a/status')) return;
      if (refusals-- > 0) throw new Error('cut off');
    };
    await pass(70);
    expect(podReady('on-a')).toBe('False');
  });

  it('a machine that was suspended does not count that time', async () => {
    alive.add('a');
    await pass(10);
    suspendedMs += 3_600_000;
    await pass(9);
    expect(['a', 'b', 'c'].map(nodeReady)).toEqual(['True', 'True', 'True']);
    expect(podReady('on-a')).toBe('True');
  });

  it('and is deleted is forgotten', async () => {
    await client.resource(nodes).delete({ name: 'a' });
    await pass(10);
    expect(eventsOf('a')).toContain('RemovingNode: Node a event: Removing Node a from Controller');
    await createNode('a');
    expect([nodeReady('a'), taints('a')]).toEqual(['True', []]);
  });
});

describe('a node that says that it is not ready', () => {
  it('SS-941: is tainted at the next look; its pods stay as they are', async () => {
    for (const name of ['a', 'b']) await createNode(name);
    await createPod('on-a', 'a');
    await pass(10);
    await say('a', 'False');
    expect(taints('a')).toEqual(['not-ready:NoSchedule']);
    await pass(5);
    expect(taints('a')).toEqual(['not-ready:NoExecute', 'not-ready:NoSchedule']);
    expect(podReady('on-a')).toBe('True');
    // Then it falls silent, too.
    alive.delete('a');
    await pass(70);
    expect(taints('a')).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    alive.add('a');
    await say('a', 'True');
    expect(taints('a')).toEqual([]);
  });
});

describe('many silent nodes', () => {
  const evicted = (names: readonly string[]) =>
    names.filter((name) => taints(name).includes('unreachable:NoExecute')).length;

  it('SS-941: are evicted one every 10 s', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await createNode(name);
    await pass(10);
    for (const name of ['a', 'b']) alive.delete(name);
    await pass(52);
    expect(evicted(names)).toBe(1);
    await pass(12);
    expect(evicted(names)).toBe(2);
  });

  it('SS-941: more than half of a small zone: nobody else is evicted', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await createNode(name);
    await pass(10);
    for (const name of ['a', 'b', 'c', 'd']) alive.delete(name);
    await pass(100);
    expect(names.map(nodeReady)).toEqual(['Unknown', 'Unknown', 'Unknown', 'Unknown', 'True']);
    expect(evicted(names)).toBe(0);
    await say('c', 'True');
    await say('d', 'True');
    alive.add('c').add('d');
    await pass(30);
    expect(evicted(names)).toBe(2);
  });

  it('SS-941: nobody is ready: nobody is evicted, but no pod is ready', async () => {
    for (const name of ['a', 'b']) await createNode(name);
    await createPod('on-a', 'a');
    await pass(10);
    alive.delete('a');
    await pass(70);
    expect(taints('a')).toContain('unreachable:NoExecute');
    alive.delete('b');
    await pass(70);
    expect([nodeReady('a'), nodeReady('b'), podReady('on-a')]).toEqual([
      'Unknown',
      'Unknown',
      'False',
    ]);
    expect([taints('a'), taints('b')]).toEqual([
      ['unreachable:NoSchedule'],
      ['unreachable:NoSchedule'],
    ]);
    await say('b', 'True');
    alive.add('b');
    await pass(15);
    expect(taints('a')).toContain('unreachable:NoExecute');
  });
});
