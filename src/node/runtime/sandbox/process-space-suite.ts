// Tests of whose processes a container sees; part of the sandbox suite.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive, readIdentity } from '../process-identity.ts';
import type { ContainerConfig } from '../runtime.ts';
import {
  execOutput,
  logText,
  podConfig,
  runToEnd,
  shellContainer,
  untilExited,
  waitFor,
} from '../runtime-test-kit.ts';
import type { Context } from './sandbox-suite.ts';

const NAMES = 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done';

/** A running container whose program names itself. */
async function running(
  { runtime, harness }: Context,
  podId: string,
  overrides: Partial<ContainerConfig> & { name: string },
): Promise<string> {
  const { name } = overrides;
  const script = `echo up; : ${name}; while :; do sleep 0.05; done`;
  const config = shellContainer(harness.dir, script, overrides);
  const { id } = await runtime.startContainer(podId, config);
  await waitFor(`container ${name}`, () => logText(config.logPath, 'stdout') === 'up\n');
  return id;
}

export function processSpaceTests(context: Context): void {
  const sharingPod = () => context.runtime.runPodSandbox(podConfig({ processes: 'pod' }));

  test('shareProcessNamespace: containers see each other, below a process of the pod', async () => {
    const { runtime } = context;
    const pod = await sharingPod();
    const first = await running(context, pod.id, { name: 'first' });
    await running(context, pod.id, { name: 'second', user: user(4321) });
    const seen = await execOutput(runtime, first, NAMES);
    expect(seen).toContain(': first;');
    expect(seen).toContain(': second;');
    expect(await execOutput(runtime, first, 'tr "\\0" " " </proc/1/cmdline')).toMatch(/^sh -c cd/);
    const stats = await runtime.containerStats(first);
    expect(stats.memoryBytes).toBeGreaterThan(0);
  });

  test('shareProcessNamespace: what a container leaves behind ends with it', async () => {
    const { runtime, harness } = context;
    const pod = await sharingPod();
    const other = await running(context, pod.id, { name: 'other' });
    const script = '(trap "" HUP TERM; exec setsid sleep 1234) & exit 7';
    const config = shellContainer(harness.dir, script, { name: 'leaving' });
    const { status } = await runToEnd(runtime, pod, config);
    expect(status).toMatchObject({ exitCode: 7 });
    expect(await execOutput(runtime, other, NAMES)).not.toContain('sleep 1234');
    // A program that is not process 1 ends when it is told to.
    await runtime.stopContainer(other, 30);
    expect(await untilExited(runtime, other)).toMatchObject({ exitCode: 143 });
  });

  test('shareProcessNamespace: the dead are buried, and the pod ends whole', async () => {
    const { runtime, harness } = context;
    const pod = await sharingPod();
    const id = await running(context, pod.id, { name: 'main' });
    await execOutput(runtime, id, 'sh -c "sleep 0.01 &"; sh -c "sleep 0.01 &"');
    const zombies = 'grep -l "^State:.Z" /proc/[0-9]*/status; :';
    let left = 'unknown';
    const deadlineMs = performance.now() + 5000;
    while (left !== '' && performance.now() < deadlineMs) {
      left = await execOutput(runtime, id, zombies);
    }
    expect(left).toBe('');
    const pause = readIdentity(`${harness.stateDir}/p/${pod.id}/pause`);
    expect(isAlive(pause)).toBe(true);
    await runtime.stopPodSandbox(pod.id);
    await waitFor('the end of the pod’s process', () => !isAlive(pause));
  });

  test('a target: its processes are seen, its end is the end', async () => {
    const { runtime, pod } = context;
    const target = await running(context, pod.id, { name: 'target' });
    const debug = await running(context, pod.id, { name: 'debug', targetId: target });
    expect(await execOutput(runtime, debug, 'cat /proc/1/cmdline')).toContain(': target;');
    expect(await execOutput(runtime, debug, 'ls /proc/1/root/')).toContain('etc');
    await runtime.stopContainer(target, 0);
    expect(await untilExited(runtime, debug)).toMatchObject({ exitCode: 137 });
    const late = shellContainer(context.harness.dir, 'true', { name: 'late', targetId: target });
    await expect(runtime.startContainer(pod.id, late)).rejects.toThrow(/late is to share are not/);
  });

  test('a target goes on when the container that looks at it ends', async () => {
    const { runtime, pod } = context;
    const target = await running(context, pod.id, { name: 'target' });
    const debug = await running(context, pod.id, { name: 'debug', targetId: target });
    await runtime.stopContainer(debug, 0);
    expect(await untilExited(runtime, debug)).toMatchObject({ exitCode: 137 });
    expect(await execOutput(runtime, target, NAMES)).not.toContain(': debug;');
  });

  test('hostPID: the machine’s processes are seen; only its own end with a container', async () => {
    const { runtime, harness } = context;
    const pod = await runtime.runPodSandbox(podConfig({ processes: 'node' }));
    const other = await running(context, pod.id, { name: 'other' });
    const seen = await execOutput(runtime, other, `cat /proc/${process.pid}/comm`);
    expect(seen).toBe(readFileSync(`/proc/${process.pid}/comm`, 'utf8'));
    const script = 'setsid sleep 4321 & echo $!; exit 7';
    const config = shellContainer(harness.dir, script, { name: 'leaving' });
    const { status, stdout } = await runToEnd(runtime, pod, config);
    expect(status).toMatchObject({ exitCode: 7 });
    await waitFor('its end', () => !existsSync(`/proc/${stdout.trim()}`));
    await runtime.stopContainer(other, 30);
    expect(await untilExited(runtime, other)).toMatchObject({ exitCode: 143 });
  });

  test('a shared pod goes on with a new agent', async () => {
    const { runtime, harness } = context;
    const pod = await sharingPod();
    const first = await running(context, pod.id, { name: 'first' });
    await runtime.stop();
    context.runtime = harness.create();
    await context.runtime.start();
    await running(context, pod.id, { name: 'second' });
    expect(await execOutput(context.runtime, first, NAMES)).toContain(': second;');
  });
}

const user = (uid: number) => ({ uid, gid: uid, supplementalGroups: [] });
