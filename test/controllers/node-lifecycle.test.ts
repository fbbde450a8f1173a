// Nodes that live by their leases, against the real server with short periods of grace: what a set
// and its pods see when one of them falls silent.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCondition, isConditionTrue } from '../../src/api/meta/conditions.ts';
import { volumeAttachments } from '../../src/api/other-resources.ts';
import { leases, nodes, pods, storageClasses } from '../../src/api/resources.ts';
import { formatMicroTime } from '../../src/base/time.ts';
import { claimOf, useCluster } from './control-plane.ts';
import { createRunningSet } from './running-set.ts';

const PREFIX = 'node.kubernetes.io/';
const BEAT_MS = 100;
const cluster = useCluster({
  nodeMonitor: { periodMs: 50, graceMs: 2000, startupGraceMs: 2000 },
});
const alive = new Set<string>();
let beating: NodeJS.Timeout;

beforeAll(async () => {
  beating = setInterval(() => alive.forEach((name) => void beat(name)), BEAT_MS);
  await liveNode('calm');
  await cluster.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'ordinal.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
});
afterAll(() => clearInterval(beating));

/** Each in a zone of its own, as a zone evicts one node in 10 s. */
async function liveNode(name: string, labels: Record<string, string> = {}): Promise<void> {
  await cluster.create(leases, { metadata: { namespace: 'kube-node-lease', name } });
  await cluster.node(name, { 'topology.kubernetes.io/zone': name, ...labels });
  alive.add(name);
}

async function beat(name: string): Promise<void> {
  const body = { spec: { renewTime: formatMicroTime(Date.now()) } };
  const lease = { namespace: 'kube-node-lease', name };
  await cluster.client.resource(leases).patch(lease, { type: 'merge', body });
}

const ready = async (name: string) => {
  const node = await cluster.get(nodes, { name });
  return findCondition(node?.status?.conditions, 'Ready')?.status;
};

/** Without times; the taints of the control plane without their prefix. */
const taints = async (name: string) => {
  const node = await cluster.get(nodes, { name });
  return (node?.spec?.taints ?? [])
    .map(({ key, effect }) => `${key.replace(PREFIX, '')}:${effect}`)
    .toSorted();
};

/** A set of two running pods, on two nodes of its own, and the node of the second. */
async function runningPair(prefix: string, tolerations: object[] = []) {
  const namespace = await cluster.namespace(prefix);
  for (const name of ['a', 'b']) await liveNode(`${prefix}-${name}`, { pair: prefix });
  const containers = [{ name: 'c', image: 'app:1' }];
  const web = await createRunningSet(cluster, namespace, {
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers, tolerations, nodeSelector: { pair: prefix } },
    },
  });
  await web.run(0);
  await web.run(1);
  await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 2);
  const node = (await web.pod(1))?.spec?.nodeName ?? '';
  expect(node).not.toBe((await web.pod(0))?.spec?.nodeName);
  return { namespace, web, node };
}

/** The node comes back and says that it is well. */
async function revive(name: string): Promise<void> {
  alive.add(name);
  const status = {
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
  };
  const target = { name, subresource: 'status' };
  await cluster.client.resource(nodes).patch(target, { type: 'strategic', body: { status } });
  await cluster.eventually(() => taints(name), []);
}

describe('a node that falls silent', () => {
  it('SS-941: its pods are not ready, but nothing is deleted; then all is as before', async () => {
    const { namespace, web, node } = await runningPair('silent');
    const uid = await web.uid(1);
    alive.delete(node);
    await cluster.eventually(() => ready(node), 'Unknown');
    await cluster.eventually(
      () => taints(node),
      ['unreachable:NoExecute', 'unreachable:NoSchedule'],
    );
    await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 1);
    expect(await cluster.eventsOf(namespace, 'web-1')).toContain('NodeNotReady: Node is not ready');
    expect(await web.uid(1)).toBe(uid);
    expect(isConditionTrue((await web.pod(0))?.status?.conditions, 'Ready')).toBe(true);
    await revive(node);
    await web.run(1);
    await cluster.eventually(async () => (await web.set()).status?.readyReplicas, 2);
    expect(await web.uid(1)).toBe(uid);
  });

  it('SS-943, SS-944, SS-945: an evicted pod stays until its node comes back', async () => {
    const { namespace, web, node } = await runningPair('evicted', [
      {
        key: `${PREFIX}unreachable`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 1,
      },
    ]);
    const uid = await web.uid(1);
    alive.delete(node);
    await cluster.eventually(async () => {
      const pod = await web.pod(1);
      return pod?.metadata.deletionGracePeriodSeconds;
    }, 30);
    const conditions = (await web.pod(1))?.status?.conditions;
    expect(findCondition(conditions, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
    });
    expect(await cluster.eventsOf(namespace, 'web-1')).toContain(
      `TaintManagerEviction: Marking for deletion Pod ${namespace}/web-1`,
    );
    expect(await web.uid(1)).toBe(uid);
    await revive(node);
    await web.finish(1);
    await web.run(1);
    expect(await web.uid(1)).not.toBe(uid);
  });

  it('SS-948: its volumes are attached to nothing, so nothing is detached; their pod waits', async () => {
    const namespace = await cluster.namespace('volumes');
    const claim = claimOf(namespace, 'data', { storageClassName: 'local' });
    const web = await createRunningSet(cluster, namespace, {
      replicas: 1,
      volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim }],
    });
    await web.run(0);
    const node = (await web.pod(0))?.spec?.nodeName ?? '';
    const uid = await web.uid(0);
    alive.delete(node);
    await cluster.eventually(() => ready(node), 'Unknown');
    const { items } = await cluster.client.resource(volumeAttachments).list();
    expect(items).toEqual([]);
    const name = { namespace, name: 'web-0' };
    await cluster.client.resource(pods).delete(name, { gracePeriodSeconds: 0 });
    await cluster.eventually(async () => {
      const pod = await web.pod(0);
      const scheduled = findCondition(pod?.status?.conditions, 'PodScheduled');
      return pod?.metadata.uid !== uid && scheduled?.reason;
    }, 'Unschedulable');
    await revive(node);
    await web.run(0);
    expect((await web.pod(0))?.spec?.nodeName).toBe(node);
  });
});

describe('a node out of service', () => {
  it('SS-947: loses its pods at once', async () => {
    const { web, node } = await runningPair('out-of-service');
    const uid = await web.uid(0);
    const taint = { key: `${PREFIX}out-of-service`, value: 'nodeshutdown', effect: 'NoExecute' };
    const body = { spec: { taints: [taint] } };
    await cluster.client.resource(nodes).patch({ name: node }, { type: 'merge', body });
    await cluster.eventually(async () => {
      const pod = await web.pod(1);
      return findCondition(pod?.status?.conditions, 'DisruptionTarget')?.reason;
    }, 'DeletionByTaintManager');
    await web.finish(1);
    await web.run(1);
    expect((await web.pod(1))?.spec?.nodeName).not.toBe(node);
    expect(await web.uid(0)).toBe(uid);
  });
});
