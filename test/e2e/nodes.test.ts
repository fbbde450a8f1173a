// Nodes as kubectl shows them: one that falls silent, and what becomes of its pod. The node of
// these tests is an object only, so that it can die without the server.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, ordinal, TestServer } from './server.ts';

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'mute' },
  status: {
    capacity: { cpu: '4', memory: '8Gi', pods: '10' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
  },
};

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'none' }] },
};

describeWithKubectl('nodes', () => {
  const server = new TestServer(
    '--nodes=0',
    '--controllers=*,scheduler',
    '--node-monitor-period=200ms',
    '--node-monitor-grace-period=5s',
  );
  beforeAll(() => server.start());
  afterAll(() => server.dispose());

  test('SS-941: one that falls silent is NotReady and tainted, its pod is not ready', async () => {
    await server.apply(NODE);
    await server.apply(POD);
    await server.kubectl('wait', '--for=condition=PodScheduled', 'pod/p', '--timeout=20s');
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = JSON.stringify({ status: { phase: 'Running', conditions } });
    await server.kubectl('patch', 'pod', 'p', '--subresource=status', '--type=merge', '-p', status);
    const ready = '{.status.conditions[?(@.type=="Ready")].status}';
    await server.untilField('pod p', ready, { is: 'False' });
    expect(await server.kubectl('get', 'nodes')).toMatch(/^mute +NotReady /m);
    // The only node: whether it died or we are cut off cannot be told, so nothing is evicted.
    expect(await server.kubectl('describe', 'node', 'mute')).toMatch(
      /^Taints: +node\.kubernetes\.io\/unreachable:NoSchedule$/m,
    );
    expect(await server.kubectl('events', '--for', 'pod/p')).toMatch(/NodeNotReady/);
  });

  test('SS-941: a cordoned one has a taint, until it is uncordoned', async () => {
    await server.kubectl('cordon', 'mute');
    const keys = '{.spec.taints[*].key}';
    await server.untilField('node mute', keys, { is: /unschedulable/ });
    await server.kubectl('uncordon', 'mute');
    await server.untilField('node mute', keys, { is: 'node.kubernetes.io/unreachable' });
  });
});

test.each(['0s', 'soon', '-1s'])('a period of "%s" is refused', async (period) => {
  const directory = join(tmpdir(), 'ordinal-e2e-never');
  const flags = [`--data-dir=${directory}`, `--node-monitor-period=${period}`];
  const result = await ordinal(['up', ...flags]);
  expect(result).toMatchObject({ code: 1 });
  expect(result.stderr).toMatch(/--node-monitor-period.* must be a duration such as 15s/);
});
