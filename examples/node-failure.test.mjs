// What your operator sees when a node dies: nodes made by hand that live by their leases, as those
// of a real cluster do. Run it with `node --test`; docs/guides/nodes.md says what happens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { leases, nodes, pods } from 'ordinalset';
import { startControlPlane } from 'ordinalset/testing';

const BEAT_MS = 200;
const namespace = 'default';
let plane;
/** Stop these, and their nodes fall silent. */
const heartbeats = new Map();

before(async () => {
  plane = await startControlPlane({
    // The scheduler is only on by itself when nodes of ours run.
    controllers: '*,scheduler',
    // As in a real cluster, but 50 s would be long for a test.
    nodeMonitor: { periodMs: 100, graceMs: 2000 },
  });
});
after(async () => {
  for (const heartbeat of heartbeats.values()) clearInterval(heartbeat);
  await plane.stop();
});

/** A node as a kubelet registers it: object, status and lease. */
async function startNode(name) {
  const metadata = { name, labels: { 'kubernetes.io/hostname': name } };
  await plane.client.resource(nodes).create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    },
  });
  const lease = { namespace: 'kube-node-lease', name };
  await plane.client.resource(leases).create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: lease,
    spec: { holderIdentity: name, leaseDurationSeconds: 40 },
  });
  const beat = async () => {
    // Times of leases have six digits behind the point.
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const body = { spec: { renewTime } };
    await plane.client.resource(leases).patch(lease, { type: 'merge', body });
  };
  await beat();
  const heartbeat = setInterval(() => void beat().catch(console.error), BEAT_MS);
  heartbeats.set(name, heartbeat);
}

/** Resolves with what `look` answers as soon as that is something. */
async function eventually(look) {
  const deadlineMs = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadlineMs, `waited in vain for ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const getPod = (name) => plane.client.resource(pods).get({ namespace, name });
const conditionOf = (object, type) => object.status?.conditions?.find((one) => one.type === type);

await test('a pod of a dead node is not ready, then evicted', async () => {
  for (const name of ['node-a', 'node-b', 'node-c']) await startNode(name);
  const unreachable = { key: 'node.kubernetes.io/unreachable', operator: 'Exists' };
  await plane.client.resource(pods).create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db', namespace },
    spec: {
      containers: [{ name: 'db', image: 'db:1' }],
      // 300 s if it says nothing.
      tolerations: [{ ...unreachable, effect: 'NoExecute', tolerationSeconds: 1 }],
    },
  });
  const { spec } = await eventually(async () => {
    const pod = await getPod('db');
    return pod.spec.nodeName && pod;
  });
  const body = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
  const status = { namespace, name: 'db', subresource: 'status' };
  await plane.client.resource(pods).patch(status, { type: 'strategic', body });

  clearInterval(heartbeats.get(spec.nodeName));
  await eventually(async () => conditionOf(await getPod('db'), 'Ready').status === 'False');
  const evicted = await eventually(async () => {
    const pod = await getPod('db');
    return pod.metadata.deletionTimestamp && pod;
  });
  assert.equal(conditionOf(evicted, 'DisruptionTarget').reason, 'DeletionByTaintManager');
});
