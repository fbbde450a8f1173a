// What every container runtime does, whatever isolates its pods; differences are declared by its
// abilities. Run by sandbox/*.test.ts and process/*.test.ts.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, processStat, readText, sendSignal } from './process-identity.ts';
import { execTests } from './exec-conformance.ts';
import {
  containerStatus,
  execOutput,
  logText,
  podConfig,
  runToEnd,
  shellContainer,
  untilExited,
  waitFor,
  SERVER,
  type RuntimeHarness,
  type RuntimeTestContext,
} from './runtime-test-kit.ts';

/** The suite; `open` makes a harness for all its tests. */
export function runtimeConformance(open: () => Promise<RuntimeHarness>): void {
  const context: RuntimeTestContext = {} as RuntimeTestContext;
  beforeAll(async () => {
    context.harness = await open();
  });
  afterAll(() => context.harness.close());
  beforeEach(async () => {
    context.runtime = context.harness.create();
    await context.runtime.start();
    context.pod = await context.runtime.runPodSandbox(podConfig());
  });
  afterEach(async () => {
    const { runtime } = context;
    for (const { id } of runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
    await runtime.stop();
  });
  describe('life of a container', () => lifeTests(context));
  describe('stopping', () => stopTests(context));
  describe('log', () => logTests(context));
  describe('exec and attach', () => execTests(context));
  describe('volumes and users', () => configTests(context));
  describe('a new agent', () => adoptionTests(context));
  describe('pods', () => podTests(context));
}

function lifeTests(context: RuntimeTestContext): void {
  test('a container that succeeds is Completed, with times and log', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'echo out; echo err >&2');
    const { status, stdout, stderr } = await runToEnd(runtime, pod, config);
    expect(status).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed', attempt: 0 });
    expect(status.finishedAtMs).toBeGreaterThanOrEqual(status.startedAtMs ?? Infinity);
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
  });

  test('a container that fails is an Error with its exit code', async () => {
    const { runtime, pod, harness } = context;
    const { status } = await runToEnd(runtime, pod, shellContainer(harness.dir, 'exit 42'));
    expect(status).toMatchObject({ exitCode: 42, reason: 'Error' });
  });

  test('a program that is not there is refused in the words of other runtimes', async () => {
    const { runtime, pod, harness } = context;
    const start = (argv: string[]) =>
      runtime.startContainer(pod.id, { ...shellContainer(harness.dir, ''), argv });
    await expect(start(['no-such-program'])).rejects.toThrow(
      'exec: "no-such-program": executable file not found in $PATH',
    );
    await expect(start(['/no/such'])).rejects.toThrow('no such file or directory');
    await expect(start(['/etc/passwd'])).rejects.toThrow('permission denied');
    expect(runtime.listContainers()).toEqual([]);
  });

  test('the environment is what was given, PATH and HOME apart', async () => {
    const { runtime, pod, harness } = context;
    const env = [
      { name: 'QUOTES', value: `it's "so" $HOME \`x\` \\` },
      { name: 'LINES', value: 'one\ntwo' },
      { name: 'my.dotted-name', value: '1' },
    ];
    const config = { ...shellContainer(harness.dir, ''), argv: ['env', '-0'], env };
    const { stdout } = await runToEnd(runtime, pod, config);
    const seen = stdout.split('\0').filter((entry) => !/^(ORDINAL_|HOSTNAME=)/.test(entry.trim()));
    const given = env.map(({ name, value }) => `${name}=${value}`);
    expect(seen.filter((entry) => !/^(PATH|HOME)=/.test(entry)).sort()).toEqual(
      [...given, ...seen.filter((entry) => entry === '' || entry === '\n')].sort(),
    );
  });

  test('it starts in its working directory with SIGINT, SIGQUIT and SIGPIPE alive', async () => {
    const { runtime, pod, harness } = context;
    const script = 'pwd; grep -E "SigIgn" /proc/self/status';
    const config = shellContainer(harness.dir, script, { workingDir: '/usr/lib' });
    const { stdout } = await runToEnd(runtime, pod, config);
    expect(stdout).toMatch(/^\/usr\/lib\nSigIgn:\s+0+\n$/);
  });

  test('its secrets are in no command line that others can see', async () => {
    const { runtime, pod, harness } = context;
    const env = [{ name: 'PASSWORD', value: 'hunter2-7d1f' }];
    const { pid } = await runtime.startContainer(
      pod.id,
      shellContainer(harness.dir, 'exec sleep 100', { env }),
    );
    await waitFor('the program', () => readText(`/proc/${pid}/cmdline`).startsWith('sleep'));
    const lines = readdirSync('/proc').map((name) => readText(`/proc/${name}/cmdline`));
    expect(lines.filter((line) => line.includes('hunter2-7d1f'))).toEqual([]);
  });

  test('listeners hear of start, end and removal', async () => {
    const { runtime, pod, harness } = context;
    const seen: string[] = [];
    const unsubscribe = runtime.onContainerChange((id) => {
      seen.push(runtime.listContainers().find((status) => status.id === id)?.state ?? 'removed');
    });
    const { status } = await runToEnd(runtime, pod, shellContainer(harness.dir, 'sleep 0.05'));
    await runtime.removeContainer(status.id);
    expect(seen).toEqual(['running', 'exited', 'removed']);
    unsubscribe();
  });
}

function stopTests(context: RuntimeTestContext): void {
  test('SIGTERM first: a program that handles it ends in its own way', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, SERVER);
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    await runtime.stopContainer(id, 30);
    expect(containerStatus(runtime, id)).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(logText(config.logPath, 'stdout')).toBe('up\nbye\n');
  });

  test('SIGKILL after the grace period', async () => {
    const { runtime, pod, harness } = context;
    const script = 'trap "" TERM; echo up; while :; do sleep 0.01; done';
    const config = shellContainer(harness.dir, script);
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    await runtime.stopContainer(id, 0.2);
    expect(containerStatus(runtime, id)).toMatchObject({ exitCode: 137, reason: 'Error' });
  });

  test('the stop signal can be another one', async () => {
    const { runtime, pod, harness } = context;
    const script = 'trap "exit 7" INT; echo up; while :; do sleep 0.01; done';
    const config = shellContainer(harness.dir, script, { stopSignal: 'SIGINT' });
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    await runtime.stopContainer(id, 30);
    expect(containerStatus(runtime, id).exitCode).toBe(7);
  });

  test('children that left their session die with the container', async () => {
    const { runtime, pod, harness } = context;
    const marker = `exec-a-${harness.dir.split('-').at(-1)}`;
    const script = `setsid sh -c 'sleep 1000; : ${marker}' & setsid setsid sleep 1000 & wait`;
    const { id } = await runtime.startContainer(pod.id, shellContainer(harness.dir, script));
    const orphan = await waitFor('the child', () =>
      readdirSync('/proc').find((name) => {
        const line = readText(`/proc/${name}/cmdline`);
        return line.startsWith('sh\0-c\0sleep') && line.includes(marker);
      }),
    );
    await runtime.stopContainer(id, 0);
    await waitFor('its end', () => processStat(Number(orphan)) === undefined || 'zombie');
    expect(readText(`/proc/${orphan}/cmdline`)).toBe('');
  });
}

function logTests(context: RuntimeTestContext): void {
  test('nothing is lost to > /dev/stderr; parts make up long and unfinished lines', async () => {
    const { runtime, pod, harness } = context;
    const script = `echo one >&2; echo two >/dev/stderr; echo three >&2
      head -c 40000 /dev/zero | tr '\\0' x; echo; printf tail`;
    const config = shellContainer(harness.dir, script);
    const { stdout, stderr } = await runToEnd(runtime, pod, config);
    expect(stderr).toBe('one\ntwo\nthree\n');
    expect(stdout).toBe(`${'x'.repeat(40000)}\ntail`);
    const first = readFileSync(config.logPath, 'utf8').split('\n')[0];
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z std(out|err) [FP] /);
  });

  test('much output arrives complete and in order', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'seq 1 60000');
    const { stdout } = await runToEnd(runtime, pod, config);
    expect(stdout.split('\n').length).toBe(60001);
    expect(stdout.endsWith('\n59999\n60000\n')).toBe(true);
  });
}

function configTests(context: RuntimeTestContext): void {
  test('volumes: a directory, a single file, and that they may be missing', async () => {
    const { runtime, pod, harness } = context;
    const volume = join(harness.dir, 'a volume');
    mkdirSync(volume, { recursive: true });
    writeFileSync(join(volume, 'file'), 'content\n');
    const mounts = [
      { hostPath: volume, containerPath: '/data/my volume', readOnly: false },
      { hostPath: join(volume, 'file'), containerPath: '/opt/config.txt', readOnly: true },
    ];
    const script =
      'cd "$ORDINAL_ROOT/data/my volume" && cat "$ORDINAL_ROOT/opt/config.txt" && echo new >made';
    const config = shellContainer(harness.dir, script, { mounts });
    const { stdout, stderr } = await runToEnd(runtime, pod, config);
    expect([stdout, stderr]).toEqual(['content\n', '']);
    expect(readFileSync(join(volume, 'made'), 'utf8')).toBe('new\n');
    expect(existsSync('/data/my volume')).toBe(false);
    await runtime.removePodSandbox(pod.id);
    expect(readdirSync(volume).sort()).toEqual(['file', 'made']);
  });

  test('runAsUser takes effect, in exec as well', async ({ skip }) => {
    const { runtime, pod, harness } = context;
    skip(!runtime.abilities.runAsUser, 'this runtime cannot change the user here');
    const user = { uid: 5432, gid: 5433, supplementalGroups: [] };
    const script = 'id -u; id -g >/dev/stdout; exec sleep 100';
    const config = shellContainer(harness.dir, script, { user });
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the output', () => logText(config.logPath, 'stdout') === '5432\n5433\n');
    expect(await execOutput(runtime, id, 'id -u; id -g')).toBe('5432\n5433\n');
  });

  test('statistics count processor time and memory', async () => {
    const { runtime, pod, harness } = context;
    const script = 'i=0; while :; do i=$((i+1)); done';
    const { id } = await runtime.startContainer(pod.id, shellContainer(harness.dir, script));
    const busy = async () => (await runtime.containerStats(id)).cpuNanoseconds;
    while ((await busy()) < 50_000_000) expect(containerStatus(runtime, id).state).toBe('running');
    expect((await runtime.containerStats(id)).memoryBytes).toBeGreaterThan(100_000);
  });
}

function adoptionTests(context: RuntimeTestContext): void {
  const restart = async () => {
    await context.runtime.stop();
    context.runtime = context.harness.create();
    await context.runtime.start();
  };

  test('finds pods and running containers again, same pid, and sees them end', async () => {
    const { pod, harness } = context;
    const config = shellContainer(harness.dir, SERVER);
    const before = await context.runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    await restart();
    const { runtime } = context;
    expect(runtime.listPodSandboxes()).toEqual([pod]);
    expect(runtime.listContainers()).toEqual([before]);
    expect((await execOutput(runtime, before.id, 'echo in')).trim()).toBe('in');
    await runtime.stopContainer(before.id, 30);
    expect(containerStatus(runtime, before.id).exitCode).toBe(3);
    expect(logText(config.logPath, 'stdout')).toBe('up\nbye\n');
  });

  test('learns of an end that nobody watched, with its output', async () => {
    const { runtime, pod, harness } = context;
    const go = join(harness.dir, `go-${pod.id}`);
    const mounts = [{ hostPath: harness.dir, containerPath: '/harness', readOnly: true }];
    const script = `until test -e "$ORDINAL_ROOT/harness/go-${pod.id}"; do sleep 0.01; done
      seq 1 20000; exit 8`;
    const config = shellContainer(harness.dir, script, { mounts });
    const { id, pid } = await runtime.startContainer(pod.id, config);
    await runtime.stop();
    writeFileSync(go, '');
    await waitFor('the end', () => processStat(pid ?? 0) === undefined);
    context.runtime = harness.create();
    await context.runtime.start();
    const status = await untilExited(context.runtime, id);
    expect(status).toMatchObject({ exitCode: 8, reason: 'Error' });
    expect(logText(config.logPath, 'stdout').split('\n').length).toBe(20001);
  });

  test('a lost shim is an unknown end, and no process stays behind', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'exec sleep 1000');
    const { id, pid } = await runtime.startContainer(pod.id, config);
    const shim = processStat(pid ?? 0)?.parentPid ?? 0;
    sendSignal(shim, 'SIGKILL');
    const status = await untilExited(runtime, id);
    expect(status).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    await waitFor('the end of its process', () => {
      const stat = processStat(pid ?? 0);
      return stat === undefined || stat.state === 'Z';
    });
  });

  test('a container whose start was interrupted is a StartError', async () => {
    const { pod, harness } = context;
    await context.runtime.stop();
    const dir = join(harness.stateDir, 'c', '0123456789ab');
    mkdirSync(dir);
    const config = shellContainer(harness.dir, 'true', { logPath: join(harness.dir, 'never.log') });
    const record = { id: '0123456789ab', sandboxId: pod.id, config, createdAtMs: 0, cgroups: [] };
    writeFileSync(join(dir, 'container.json'), JSON.stringify(record));
    context.runtime = harness.create();
    await context.runtime.start();
    const status = await untilExited(context.runtime, '0123456789ab');
    expect(status).toMatchObject({ exitCode: 128, reason: 'StartError' });
  });

  test('a half made pod is undone', async () => {
    const { pod, harness } = context;
    await context.runtime.stop();
    const file = join(harness.stateDir, 'p', pod.id, 'pod.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"ready"', '"creating"'));
    context.runtime = harness.create();
    await context.runtime.start();
    expect(context.runtime.listPodSandboxes()).toEqual([]);
    expect(readdirSync(join(harness.stateDir, 'p'))).toEqual([]);
  });
}

function podTests(context: RuntimeTestContext): void {
  test('every pod has an address of its own that is not used again at once', async () => {
    const { runtime, pod } = context;
    const second = await runtime.runPodSandbox(podConfig({ name: 'web-1' }));
    await runtime.removePodSandbox(second.id);
    const third = await runtime.runPodSandbox(podConfig({ name: 'web-1' }));
    expect(new Set([pod.ip, second.ip, third.ip]).size).toBe(3);
  });

  test('a stopped pod is not ready, runs nothing and starts nothing', async () => {
    const { runtime, pod, harness } = context;
    const { id } = await runtime.startContainer(pod.id, shellContainer(harness.dir, SERVER));
    await runtime.stopPodSandbox(pod.id);
    await runtime.stopPodSandbox(pod.id);
    expect(containerStatus(runtime, id)).toMatchObject({ state: 'exited', exitCode: 137 });
    expect(runtime.listPodSandboxes()[0]?.ready).toBe(false);
    await expect(
      runtime.startContainer(pod.id, shellContainer(harness.dir, SERVER)),
    ).rejects.toThrow('not ready');
  });

  test('removal leaves no file, no process and no listing; logs stay', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, SERVER);
    const { pid } = await runtime.startContainer(pod.id, config);
    await runtime.removePodSandbox(pod.id);
    await runtime.removePodSandbox(pod.id);
    expect(readdirSync(join(harness.stateDir, 'p'))).toEqual([]);
    expect(readdirSync(join(harness.stateDir, 'c'))).toEqual([]);
    expect(runtime.listPodSandboxes()).toEqual([]);
    expect(runtime.listContainers()).toEqual([]);
    await waitFor('the end of its process', () => processStat(pid ?? 0) === undefined);
    expect(existsSync(config.logPath)).toBe(true);
    expect(isAlive(undefined)).toBe(false);
  });

  test('many pods at once', async () => {
    const { runtime, harness } = context;
    const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
    const statuses = await Promise.all(
      names.map(async (name) => {
        const pod = await runtime.runPodSandbox(podConfig({ name, hostname: name }));
        return runToEnd(runtime, pod, shellContainer(harness.dir, `echo ${name}`, { name }));
      }),
    );
    expect(statuses.map(({ stdout }) => stdout.trim())).toEqual(names);
  });
}
