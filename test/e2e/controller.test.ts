// `ordinal controller` in the place of the built-in controller: over HTTPS, against our own server
// that runs without it. The test itself is the kubelet: it makes pods ready.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { controllerRevisions, leases, pods, statefulSets } from '../../src/api/resources.ts';
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { isNotFound } from '../../src/api/meta/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createHttpTransport } from '../../src/client/http-transport.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { ordinal, TestServer } from './server.ts';
import { until } from './until.ts';

const command = fileURLToPath(new URL('../../bin/ordinal.js', import.meta.url));
const LEASE = { namespace: 'kube-system', name: 'ordinal-statefulset-controller' };
const NAMESPACE = 'default';

/** A short lease: the next one leads within some seconds of the leader's end. */
const ELECTION = [
  '--leader-elect',
  '--leader-elect-lease-duration=3s',
  '--leader-elect-renew-deadline=2s',
  '--leader-elect-retry-period=500ms',
];

const server = new TestServer('--nodes', '0', '--controllers', '*,-statefulset');
const started: ChildProcess[] = [];
let client: Client;
let folder: string;

interface Instance {
  readonly child: ChildProcess;
  /** All that it wrote. */
  readonly output: () => string;
}

/** Starts a controller; it is ended after the test at the latest. */
function startController(...args: readonly string[]): Instance {
  const all = [command, 'controller', '--log-level', 'info', ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  started.push(child);
  return { child, output: () => output };
}

async function end({ child }: { child: ChildProcess }, signal: NodeJS.Signals): Promise<void> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  if (!hasEnded()) child.kill(signal);
  await until('the controller has ended', hasEnded);
}

const leads = ({ output }: Instance) => output().includes('became leader');

function buildSet(name: string, replicas: number): StatefulSet {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      serviceName: name,
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } },
    },
  };
}

/** What a kubelet would do: every pod runs and is ready. */
async function makePodsReady(): Promise<void> {
  const { items } = await client.resource(pods).list({ namespace: NAMESPACE });
  for (const pod of items.filter(({ status }) => status?.phase !== 'Running')) {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
    const ready: Pod = { ...pod, status: { ...pod.status, phase: 'Running', conditions } };
    await client.resource(pods).updateStatus(ready).catch(ignoreNotFound);
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** Plays kubelet until the status of the set says that all replicas are ready and up to date. */
async function untilReady(name: string, replicas: number, seconds = 30): Promise<void> {
  let seen: StatefulSet | undefined;
  await until(
    `${name} has ${replicas} ready replicas`,
    async () => {
      await makePodsReady();
      seen = await client.resource(statefulSets).get({ namespace: NAMESPACE, name });
      const { status, metadata } = seen;
      return (
        status?.observedGeneration === metadata.generation &&
        status?.readyReplicas === replicas &&
        status.updatedReplicas === replicas
      );
    },
    { seconds, show: () => JSON.stringify(seen?.status) },
  );
}

async function scale(name: string, replicas: number): Promise<void> {
  const target = { namespace: NAMESPACE, name };
  await client
    .resource(statefulSets)
    .patch(target, { type: 'merge', body: { spec: { replicas } } });
}

const holder = async () => (await client.resource(leases).get(LEASE)).spec?.holderIdentity ?? '';

beforeAll(async () => {
  await server.start();
  folder = mkdtempSync(join(tmpdir(), 'ordinal-controller-'));
  const connection = loadKubeconfig({ path: server.ready.kubeconfig });
  const tools = { userAgent: 'ordinal-test', clock: systemClock, logger: silentLogger };
  client = createClient(createHttpTransport({ ...connection, ...tools }));
});

afterEach(async () => {
  for (const child of started.splice(0)) await end({ child }, 'SIGKILL');
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.dispose();
});

describe('ordinal controller', () => {
  test('without it nothing happens to a set; with it the set gets ready and rolls', async () => {
    await client.resource(statefulSets).create(buildSet('alone', 2));
    const instance = startController('--kubeconfig', server.ready.kubeconfig, '--workers', '2');
    await untilReady('alone', 2);
    expect(instance.output()).toContain(`runs against ${server.ready.server}`);

    const spec = { template: { spec: { containers: [{ name: 'c', image: 'next' }] } } };
    const target = { namespace: NAMESPACE, name: 'alone' };
    await client.resource(statefulSets).patch(target, { type: 'merge', body: { spec } });
    await untilReady('alone', 2);
    const { items } = await client.resource(pods).list({ namespace: NAMESPACE });
    expect(items.map((pod) => pod.spec?.containers[0]?.image)).toEqual(['next', 'next']);
    const revisions = await client.resource(controllerRevisions).list({ namespace: NAMESPACE });
    expect(revisions.items).toHaveLength(2);
    await client.resource(statefulSets).delete(target);
    await end(instance, 'SIGTERM');
    expect(instance.child.exitCode).toBe(0);
  });

  test('SS-810: of two only the leader acts; after kill -9 the other takes over', async () => {
    const options = ['--kubeconfig', server.ready.kubeconfig, ...ELECTION];
    const first = startController(...options);
    await until('the first one leads', () => leads(first), { show: first.output });
    const firstHolder = await holder();
    const second = startController(...options);
    await client.resource(statefulSets).create(buildSet('led', 1));
    await untilReady('led', 1);
    expect(leads(second)).toBe(false);
    expect(await holder()).toBe(firstHolder);

    await end(first, 'SIGKILL');
    await scale('led', 2);
    await untilReady('led', 2);
    expect(leads(second)).toBe(true);
    const lease = await client.resource(leases).get(LEASE);
    expect(lease.spec?.holderIdentity).not.toBe(firstHolder);
    expect(lease.spec?.leaseTransitions).toBe(1);
    expect(lease.spec?.leaseDurationSeconds).toBe(3);

    await end(second, 'SIGTERM');
    expect(second.child.exitCode).toBe(0);
    expect(await holder()).toBe(''); // released: nobody has to wait for the next leader
    await server.untilField('events -n kube-system', '{.items[*].message}', {
      is: /became leader.*stopped leading/,
    });
  });

  test('SS-810: it goes on after the connection was lost', async () => {
    const relay = await startRelay(Number(new URL(server.ready.server).port));
    const kubeconfig = join(folder, 'relayed');
    writeFileSync(
      kubeconfig,
      (await server.kubectl('config', 'view', '--raw')).replaceAll(
        server.ready.server,
        `https://127.0.0.1:${relay.port}`,
      ),
    );
    const instance = startController('--kubeconfig', kubeconfig);
    await client.resource(statefulSets).create(buildSet('cut', 1));
    await untilReady('cut', 1);
    relay.cut();
    await scale('cut', 2);
    await until('a try to reach the server', () => relay.refused() > 0, { show: instance.output });
    relay.mend();
    await untilReady('cut', 2, 60);
    await end(instance, 'SIGTERM');
    await relay.close();
  });

  test.each([
    [
      'a missing kubeconfig',
      ['--kubeconfig', '/nowhere/config'],
      /nowhere.*\(.+\).*ORD_KUBECONFIG/,
    ],
    [
      'durations that do not fit',
      ['--kubeconfig', 'x', '--leader-elect', '--leader-elect-lease-duration', '1s'],
      /--leader-elect-renew-deadline.*ORD_LEADER_ELECTION/,
    ],
    [
      'what is no duration',
      ['--kubeconfig', 'x', '--leader-elect-retry-period', '5'],
      /must be a duration/,
    ],
  ])('%s is refused in one line that says what to do', async (_what, args, message) => {
    const { code, stderr } = await ordinal(['controller', ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});

interface Relay {
  readonly port: number;
  /** Ends all connections and takes no new ones. */
  readonly cut: () => void;
  readonly mend: () => void;
  /** Connections that were refused since the cut. */
  readonly refused: () => number;
  readonly close: () => Promise<void>;
}

/** A wire to the server that can be cut. */
async function startRelay(target: number): Promise<Relay> {
  const open = new Set<Socket>();
  let whole = true;
  let refused = 0;
  const relay: Server = createServer((near) => {
    if (!whole) {
      refused++;
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      whole = false;
      for (const socket of open) socket.destroy();
    },
    mend: () => void (whole = true),
    refused: () => refused,
    close: () => new Promise((resolve) => relay.close(() => resolve())),
  };
}
