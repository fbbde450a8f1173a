// The agent against the fake API and a runtime in memory.
import { afterEach, describe, expect, test } from 'vitest';
import { OBJECT_MODIFIED, conflict } from '../api/meta/status-error.ts';
import { isConditionTrue } from '../api/meta/conditions.ts';
import { configMaps, events, leases, nodes, pods } from '../api/resources.ts';
import {
  AgentHarness,
  NODE_NAME,
  breathe,
  isTrue,
  testContainer,
  testPod,
  until,
} from './testing/agent-harness.ts';
import type { AgentHarnessOptions } from './testing/agent-harness.ts';

let harness: AgentHarness;

async function start(options: AgentHarnessOptions = {}): Promise<AgentHarness> {
  harness = new AgentHarness(options);
  await harness.startAgent();
  return harness;
}

afterEach(() => harness.close());

const create = (pod: ReturnType<typeof testPod>) => harness.client.resource(pods).create(pod);
const remove = (name: string, gracePeriodSeconds?: number) =>
  harness.client
    .resource(pods)
    .delete(
      { namespace: 'default', name },
      gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
    );
const reasons = () => harness.api.list(events).map(({ reason }) => reason);

describe('node', () => {
  test('start() registers the node and its lease', async () => {
    const { api } = await start();
    const node = api.get(nodes, { name: NODE_NAME });
    expect(node?.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': NODE_NAME });
    expect(node?.status?.capacity).toMatchObject({ pods: '110' });
    expect(node?.status?.addresses).toContainEqual({ type: 'InternalIP', address: '10.244.0.1' });
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    const lease = api.get(leases, { namespace: 'kube-node-lease', name: NODE_NAME });
    expect(lease?.spec).toMatchObject({ holderIdentity: NODE_NAME, leaseDurationSeconds: 40 });
  });

  test('the lease is renewed every 10 s', async () => {
    const { api, clock } = await start();
    const renewed = () =>
      api.get(leases, { namespace: 'kube-node-lease', name: NODE_NAME })?.spec?.renewTime;
    const before = renewed();
    clock.advance(10_000);
    await until('renewal', () => renewed() !== before);
  });

  test('a status that is true is not written again before 5 min', async () => {
    const { api } = await start();
    const writes = () =>
      api.requests.filter(({ path }) => path.endsWith(`/nodes/${NODE_NAME}/status`));
    await harness.advance(290_000, 10_000);
    expect(writes()).toEqual([]);
    await harness.advance(20_000, 10_000);
    await until('report', () => writes().length === 1);
  });

  test('SS-941: a node that was given up says within 10 s that it and its pods are there', async () => {
    const { api, client, clock } = await start();
    await create(testPod('web-0'));
    const pod = await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const name = { name: NODE_NAME };
    const silent = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }];
    const node = await client.resource(nodes).get(name);
    await client
      .resource(nodes)
      .updateStatus({ ...node, status: { ...node.status, conditions: silent } });
    const conditions = (pod.status?.conditions ?? []).map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False' } : condition,
    );
    await client.resource(pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
    clock.advance(10_000);
    await until('node ready', () =>
      isConditionTrue(api.get(nodes, name)?.status?.conditions, 'Ready'),
    );
    await harness.untilPod('web-0', 'ready again', (one) => isTrue(one, 'Ready'));
  });
});

describe('pod life', () => {
  test('a pod runs, becomes ready and shows its address', async () => {
    await start();
    await create(testPod('web-0'));
    const pod = await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    expect(pod.status).toMatchObject({
      phase: 'Running',
      hostIP: '10.244.0.1',
      podIP: '127.9.0.1',
      podIPs: [{ ip: '127.9.0.1' }],
    });
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      name: 'main',
      ready: true,
      started: true,
      restartCount: 0,
      imageID: 'host',
      containerID: 'process://container-2',
    });
    await until('events', () => reasons().includes('Started'));
    expect(reasons()).toEqual(expect.arrayContaining(['Pulled', 'Created', 'Started']));
  });

  test('deleting stops with grace, writes the final status and removes the object', async () => {
    await start();
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const { signals } = harness.runtime.container('main');
    const seen: (string | undefined)[] = [];
    harness.api.beforeRequest = (request) => {
      if (request.method === 'PUT')
        seen.push((request.body as { status?: { phase?: string } }).status?.phase);
    };
    await remove('web-0');
    await until('object gone', () => harness.pod('web-0') === undefined);
    expect(signals).toEqual(['TERM 30']);
    expect(seen.at(-1)).toBe('Succeeded');
    await until('runtime empty', () => harness.runtime.listPodSandboxes().length === 0);
  });

  test('a second, shorter delete is honoured', async () => {
    await start({ onTerm: () => false });
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const { signals } = harness.runtime.container('main');
    await remove('web-0', 300);
    await until('TERM', () => signals.length === 1);
    await remove('web-0', 3);
    await until('second TERM', () => signals.length === 2);
    expect(signals).toEqual(['TERM 300', 'TERM 3']);
    await harness.advance(3000);
    await until('object gone', () => harness.pod('web-0') === undefined);
  });

  test('a pod deleted by force is killed at once', async () => {
    await start({ onTerm: () => false });
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const { signals } = harness.runtime.container('main');
    await remove('web-0', 0);
    await until('killed', () => signals.includes('KILL'));
    await until('runtime empty', () => harness.runtime.listPodSandboxes().length === 0);
  });

  test('SS-952: a crashing container waits in CrashLoopBackOff and counts its restarts', async () => {
    await start();
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    harness.runtime.exit('main', 3);
    await harness.untilPod(
      'web-0',
      'restarted',
      (one) => one.status?.containerStatuses?.[0]?.restartCount === 1,
    );
    harness.runtime.exit('main', 3);
    const waiting = await harness.untilPod(
      'web-0',
      'in back-off',
      (one) => one.status?.containerStatuses?.[0]?.state?.waiting !== undefined,
    );
    const [status] = waiting.status?.containerStatuses ?? [];
    expect(status?.state?.waiting).toEqual({
      reason: 'CrashLoopBackOff',
      message:
        'back-off 10s restarting failed container=main ' +
        `pod=web-0_default(${waiting.metadata.uid})`,
    });
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    await harness.advance(10_500);
    await harness.untilPod(
      'web-0',
      'back',
      (one) => one.status?.containerStatuses?.[0]?.restartCount === 2,
    );
    await until('event', () => reasons().includes('BackOff'));
  });

  test('restartPolicy Never: the pod ends for good and keeps its containers', async () => {
    await start({ onStart: ({ name }) => (name === 'bad' ? 2 : 0) });
    await create(testPod('good', { restartPolicy: 'Never', containers: [testContainer('ok')] }));
    await create(testPod('worse', { restartPolicy: 'Never', containers: [testContainer('bad')] }));
    const good = await harness.untilPod('good', 'over', (one) => one.status?.phase === 'Succeeded');
    expect(good.status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed');
    const conditions = good.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(conditions).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    await harness.untilPod('worse', 'over', (one) => one.status?.phase === 'Failed');
    expect(harness.runtime.listContainers()).toHaveLength(2);
  });

  test('init containers run in order before the others', async () => {
    const started: string[] = [];
    await start({
      onStart: ({ name }) => {
        started.push(name);
        return name.startsWith('init') ? 0 : undefined;
      },
    });
    const initContainers = [
      testContainer('init-1'),
      testContainer('side', { restartPolicy: 'Always' }),
      testContainer('init-2'),
    ];
    await create(testPod('web-0', { initContainers }));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    expect(started).toEqual(['init-1', 'side', 'init-2', 'main']);
  });

  test('without command: CreateContainerConfigError and an event that says why', async () => {
    await start();
    const containers = [{ name: 'main', image: 'nginx' }];
    await create(testPod('web-0', { containers }));
    const pod = await harness.untilPod(
      'web-0',
      'refused',
      (one) =>
        one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      'no image store: container main needs `command` ' +
        '(image "nginx" is not pulled; the host file system is the image)',
    );
    await until('event', () => reasons().includes('Failed'));
  });

  test('a pod that does not fit is rejected', async () => {
    await start({ capacity: { cpu: '1' } });
    const resources = { requests: { cpu: '800m' } };
    const containers = [testContainer('main', { resources })];
    await create(testPod('one', { containers }));
    await harness.untilPod('one', 'ready', (one) => isTrue(one, 'Ready'));
    await create(testPod('two', { containers }));
    const pod = await harness.untilPod('two', 'rejected', (one) => one.status?.phase === 'Failed');
    expect(pod.status).toMatchObject({
      reason: 'OutOfcpu',
      message:
        "Pod was rejected: Node didn't have enough resource: cpu, " +
        'requested: 800, used: 800, capacity: 1000',
    });
  });

  test('SS-949: a pod re-created under its name waits until the old one has gone', async () => {
    await start();
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await remove('web-0', 0);
    await create(testPod('web-0'));
    await harness.untilPod(
      'web-0',
      'ready again',
      (one) => isTrue(one, 'Ready') && one.status?.podIP !== '127.9.0.1',
    );
    expect(
      harness.runtime.listContainers().filter(({ state }) => state === 'running'),
    ).toHaveLength(1);
  });
});

describe('probes and hooks', () => {
  const status = (name: string) => harness.pod(name)?.status?.containerStatuses?.[0];

  test('a failed liveness probe restarts the container, with events', async () => {
    let healthy = true;
    await start({ onExec: () => ({ exitCode: healthy ? 0 : 1, stdout: Buffer.from('sick') }) });
    const livenessProbe = { exec: { command: ['ok'] }, periodSeconds: 1, failureThreshold: 2 };
    await create(testPod('web-0', { containers: [testContainer('main', { livenessProbe })] }));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    healthy = false;
    await harness.advance(3000);
    healthy = true;
    await until('restart', () => status('web-0')?.restartCount === 1);
    await until('event', () =>
      harness.api.list(events).some(({ message }) => message === 'Liveness probe failed: sick'),
    );
    await until('event', () =>
      harness.api
        .list(events)
        .some(
          ({ message }) => message === 'Container main failed liveness probe, will be restarted',
        ),
    );
  });

  test('readiness comes and goes with its probe', async () => {
    let ready = false;
    await start({ onExec: () => ({ exitCode: ready ? 0 : 1 }) });
    const readinessProbe = { exec: { command: ['ok'] }, periodSeconds: 1, failureThreshold: 1 };
    await create(testPod('web-0', { containers: [testContainer('main', { readinessProbe })] }));
    await until('running', () => status('web-0')?.state?.running !== undefined);
    expect(status('web-0')?.ready).toBe(false);
    ready = true;
    await harness.advance(1000);
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    ready = false;
    await harness.advance(1000);
    await harness.untilPod('web-0', 'unready', (one) => !isTrue(one, 'Ready'));
    expect(status('web-0')?.restartCount).toBe(0);
  });

  test('preStop runs before SIGTERM and uses up grace; its failure is told', async () => {
    const order: string[] = [];
    await start({
      onExec: (_config, argv) => {
        order.push(argv.join(' '));
        return { exitCode: 1 };
      },
      onTerm: () => {
        order.push('TERM');
        return true;
      },
    });
    const lifecycle = { preStop: { exec: { command: ['drain'] } } };
    await create(testPod('web-0', { containers: [testContainer('main', { lifecycle })] }));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await remove('web-0');
    await until('object gone', () => harness.pod('web-0') === undefined);
    expect(order).toEqual(['drain', 'TERM']);
    await until('event', () => reasons().includes('FailedPreStopHook'));
  });

  test('a preStop sleep delays SIGTERM', async () => {
    await start();
    const lifecycle = { preStop: { sleep: { seconds: 5 } } };
    await create(testPod('web-0', { containers: [testContainer('main', { lifecycle })] }));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const { signals } = harness.runtime.container('main');
    await remove('web-0');
    await harness.advance(4500);
    expect(signals).toEqual([]);
    await harness.advance(1000);
    await until('object gone', () => harness.pod('web-0') === undefined);
    expect(signals).toEqual(['TERM 25']);
  });

  test('a postStart hook that fails ends the container', async () => {
    await start({ onExec: () => ({ exitCode: 2 }) });
    const lifecycle = { postStart: { exec: { command: ['set-up'] } } };
    await create(testPod('web-0', { containers: [testContainer('main', { lifecycle })] }));
    await until('event', () => reasons().includes('FailedPostStartHook'));
    await until('restart', () => (status('web-0')?.restartCount ?? 0) >= 1);
  });
});

describe('volumes', () => {
  test('a missing config map holds the pod up, with an event, until it is there', async () => {
    await start();
    const volumes = [{ name: 'settings', configMap: { name: 'settings' } }];
    await create(testPod('web-0', { volumes }));
    await until('event', () => reasons().includes('FailedMount'));
    expect(harness.runtime.listPodSandboxes()).toEqual([]);
    const metadata = { name: 'settings', namespace: 'default' };
    await harness.client
      .resource(configMaps)
      .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } });
    await harness.advance(2000);
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
  });

  test('a pod over its deadline fails', async () => {
    await start();
    await create(testPod('web-0', { activeDeadlineSeconds: 5 }));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await harness.advance(5500);
    const pod = await harness.untilPod('web-0', 'failed', (one) => one.status?.phase === 'Failed');
    expect(pod.status?.reason).toBe('DeadlineExceeded');
  });
});

describe('writing statuses', () => {
  test('conflicts and failures are retried, and foreign conditions are kept', async () => {
    await start();
    let failures = 3;
    harness.api.beforeRequest = ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/pods/web-0/status') || failures-- <= 0) return;
      throw failures === 1
        ? conflict(pods, 'web-0', OBJECT_MODIFIED)
        : new Error('connection reset');
    };
    const pod = testPod('web-0');
    await create(pod);
    await harness.advance(2000);
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    const current = harness.pod('web-0') ?? pod;
    const conditions = [...(current.status?.conditions ?? []), { type: 'x.y/z', status: 'True' }];
    await harness.client
      .resource(pods)
      .updateStatus({ ...current, status: { ...current.status, conditions } });
    harness.runtime.exit('main', 1);
    const after = await harness.untilPod(
      'web-0',
      'restarted',
      (one) => one.status?.containerStatuses?.[0]?.restartCount === 1,
    );
    expect(isTrue(after, 'x.y/z')).toBe(true);
  });
});

describe('conditions of others', () => {
  test('readiness gates decide on Ready; Ready set False by others is restored', async () => {
    await start();
    const set = async (type: string, value: string) => {
      const pod = harness.pod('web-0') ?? testPod('none');
      const others = (pod.status?.conditions ?? []).filter((one) => one.type !== type);
      const conditions = [...others, { type, status: value }];
      const status = { ...pod.status, conditions };
      await harness.client.resource(pods).updateStatus({ ...pod, status });
    };
    await create(testPod('web-0', { readinessGates: [{ conditionType: 'x.y/gate' }] }));
    await harness.untilPod('web-0', 'running', (one) => isTrue(one, 'ContainersReady'));
    await set('x.y/gate', 'True');
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await set('x.y/gate', 'False');
    const closed = await harness.untilPod('web-0', 'unready', (one) => !isTrue(one, 'Ready'));
    expect(isTrue(closed, 'x.y/gate')).toBe(false);
    await set('x.y/gate', 'True');
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await set('Ready', 'False');
    await harness.untilPod('web-0', 'ready again', (one) => isTrue(one, 'Ready'));
  });
});

describe('survival', () => {
  test('a new agent adopts what runs: same container, no restart, ready all the time', async () => {
    await start();
    const readinessProbe = { exec: { command: ['ok'] }, periodSeconds: 1 };
    await create(testPod('web-0', { containers: [testContainer('main', { readinessProbe })] }));
    await until('container', () => harness.runtime.listContainers().length === 1);
    await harness.advance(1000);
    const before = await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await harness.stopAgent();
    await harness.startAgent();
    for (let turn = 0; turn < 50; turn++) {
      await breathe();
      expect(isTrue(harness.pod('web-0') ?? testPod('gone'), 'Ready')).toBe(true);
    }
    const after = harness.pod('web-0');
    expect(after?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    expect(harness.runtime.container('main').status.attempt).toBe(0);
  });

  test('orphans are removed once the pods are known', async () => {
    await start();
    await create(testPod('web-0'));
    await harness.untilPod('web-0', 'ready', (one) => isTrue(one, 'Ready'));
    await harness.stopAgent();
    await remove('web-0', 0);
    await harness.startAgent();
    expect(harness.runtime.listPodSandboxes()).toEqual([]);
  });
});
