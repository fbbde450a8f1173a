// The server is killed with kill -9 and started again: no acknowledged write is lost, pods go on
// running untouched, and work goes on where it was. And how it ends in good order.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Container } from '../../src/api/generated/types.ts';
import { leftovers } from './leftovers.ts';
import { pod, shell, WEB_SCRIPT, webSet } from './manifests.ts';
import { describeWithPods, isRunning, ordinal, TestServer } from './server.ts';
import { until } from './until.ts';

/** Per pod: uid, container id, restarts. */
const IDENTITY =
  '{range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].containerID} ' +
  '{.status.containerStatuses[0].restartCount}{"\\n"}{end}';

const identities = async (server: TestServer) => await server.field('pods', IDENTITY);

/**
 * Pids, as the host has them, of processes whose environment has POD_NAME, with their start times.
 */
function processesOf(server: TestServer): string[] {
  return leftovers(server.dataDir)
    .map((line) => line.split(' ')[0] ?? '')
    .filter((pid) => read(`/proc/${pid}/environ`).includes('POD_NAME='))
    .filter((pid) => read(`/proc/${pid}/cmdline`).startsWith('sh\0-c\0'))
    .map((pid) => `${pid} ${read(`/proc/${pid}/stat`).split(' ')[21] ?? ''}`)
    .sort();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const isReady = async (server: TestServer, replicas: number) =>
  await server.untilField('statefulset web', '{.status.readyReplicas}/{.status.replicas}', {
    is: `${replicas}/${replicas}`,
  });

describeWithPods('kill -9 of a server in the foreground', () => {
  const server = new TestServer();
  beforeAll(async () => {
    await server.start();
    await server.apply(webSet(2, WEB_SCRIPT));
    await isReady(server, 2);
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('pods run on and are adopted: same pid, container and no restart', async () => {
    const before = { objects: await identities(server), processes: processesOf(server) };
    expect(before.processes).toHaveLength(2);
    for (const victim of ['server', 'launcher'] as const) {
      await server.kill(victim === 'server' ? undefined : server.launcher?.pid);
      expect(processesOf(server)).toEqual(before.processes);
      await server.start();
      await isReady(server, 2);
      expect(await identities(server)).toBe(before.objects);
      expect(processesOf(server)).toEqual(before.processes);
    }
    expect((await server.run(['exec', 'web-0', '--', 'true'])).code).toBe(0);
    expect(await server.kubectl('logs', 'web-0')).toBe('web-0 runs\n');
  });

  test('a pod whose process dies while there is no server is started again', async () => {
    const [first = ''] = processesOf(server);
    await server.kill();
    process.kill(Number(first.split(' ')[0]), 'SIGKILL');
    await server.start();
    await until('one of them was started again', async () => {
      const restarts = '{.items[*].status.containerStatuses[0].restartCount}';
      return /^(0 1|1 0)$/.test(await server.field('pods', restarts));
    });
    await isReady(server, 2);
  });

  test('scaling goes on where it was', async () => {
    await server.kubectl('scale', 'statefulset', 'web', '--replicas=4');
    await until('web-2 is on its way', async () => {
      return (await server.run(['get', 'pod', 'web-2'])).code === 0;
    });
    await server.kill();
    await server.start();
    await isReady(server, 4);
    await server.kubectl('scale', 'statefulset', 'web', '--replicas=1');
    await server.kill();
    await server.start();
    await isReady(server, 1);
    await until('web-0 alone is left', async () => {
      return (await server.kubectl('get', 'pods', '-o', 'name')) === 'pod/web-0\n';
    });
    expect(await server.kubectl('get', 'pvc', '-o', 'name')).toContain('/www-web-3\n');
  });

  test('no acknowledged write is lost', async () => {
    let acknowledged = -1;
    const writing = (async () => {
      for (let index = 0; ; index++) {
        const data = { index: `${index}` };
        const configMap = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `w${index}` },
          data,
        };
        const { code } = await server.run(['create', '-f', '-'], {
          stdin: JSON.stringify(configMap),
        });
        if (code !== 0) return;
        acknowledged = index;
      }
    })();
    await until('some writes are acknowledged', () => acknowledged >= 5);
    await server.kill();
    await writing;
    await server.start();
    const names = (await server.kubectl('get', 'configmaps', '-o', 'name')).split('\n');
    for (let index = 0; index <= acknowledged; index++) {
      expect(names).toContain(`configmap/w${index}`);
    }
    expect(await server.field(`configmap w${acknowledged}`, '{.data.index}')).toBe(
      `${acknowledged}`,
    );
  });
});

describeWithPods('a detached server', () => {
  let server: TestServer;
  let shared: string;
  beforeEach(async () => {
    shared = mkdtempSync(join(tmpdir(), 'ordinal-shared-'));
    server = new TestServer('--detach');
    await server.start();
  });
  afterEach(async () => {
    rmSync(shared, { recursive: true, force: true });
    await server.dispose();
  });

  /** A pod that notes its end on a host path, where the test sees it. */
  const noting = (more: Partial<Container> = {}) => {
    const volumeMounts = [{ name: 'host', mountPath: '/host' }];
    const script =
      'trap "echo term >>/host/log; exit 0" TERM; echo up >>/host/log; while :; do sleep 0.05; done';
    return pod('noting', shell(script, { volumeMounts, ...more }), {
      volumes: [{ name: 'host', hostPath: { path: shared } }],
    });
  };
  const log = () => read(join(shared, 'log'));

  test('down stops pods gracefully and keeps the data; up starts them again', async () => {
    expect((await ordinal(['status', '--data-dir', server.dataDir])).stdout).toContain(
      'nodes       1',
    );
    await server.apply(noting());
    await until('the pod runs', () => log() === 'up\n');
    expect(await server.down()).toMatchObject({ code: 0, stdout: 'ordinal stopped\n' });
    expect(log()).toBe('up\nterm\n');
    expect(leftovers(server.dataDir)).toEqual([]);
    expect((await ordinal(['status', '--data-dir', server.dataDir])).code).toBe(3);
    expect((await server.down()).stdout).toBe('ordinal was not running\n');
    await server.start();
    await until('the pod runs again', () => log() === 'up\nterm\nup\n');
    await server.kubectl('wait', '--for=condition=Ready', 'pod/noting', '--timeout=20s');
    const wiped = await server.down('--wipe');
    expect(wiped).toMatchObject({ code: 0, stdout: 'ordinal stopped; its data is removed\n' });
    expect(existsSync(server.dataDir)).toBe(false);
  });

  test('down runs preStop hooks and keeps to the grace period of each pod', async () => {
    const preStop = { exec: { command: ['sh', '-c', 'echo preStop >>/host/log'] } };
    await server.apply(noting({ lifecycle: { preStop } }));
    const stubborn = shell('trap "" TERM; while :; do sleep 0.05; done');
    await server.apply(pod('stubborn', stubborn, { terminationGracePeriodSeconds: 1 }));
    await server.kubectl('wait', '--for=condition=Ready', 'pod/stubborn', '--timeout=20s');
    await until('the pod runs', () => log() === 'up\n');
    const beforeMs = performance.now();
    expect((await server.down()).code).toBe(0);
    expect(log()).toBe('up\npreStop\nterm\n');
    expect(performance.now() - beforeMs).toBeLessThan(10_000);
  });

  test('down after kill -9 ends the pods that were left, gracefully', async () => {
    await server.apply(noting());
    await until('the pod runs', () => log() === 'up\n');
    const { pid } = server.ready;
    await server.kill();
    expect(isRunning(pid)).toBe(false);
    const { stdout } = await ordinal(['status', '--data-dir', server.dataDir]);
    expect(stdout).toContain('the last one was killed');
    expect(leftovers(server.dataDir)).not.toEqual([]);
    expect((await server.down()).code).toBe(0);
    expect(log()).toBe('up\nterm\n');
    expect(leftovers(server.dataDir)).toEqual([]);
  });
});
