// The sandbox's own tests; run as root and as an ordinary user. Each pitfall that was met while
// finding the design is one of them.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BRIDGE_MAC, GATEWAY_ADDRESS } from '../cluster-network.ts';
import { commandRunner, type CommandRunner } from '../command-runner.ts';
import { runtimeConformance } from '../runtime-conformance.ts';
import type { ContainerConfig, ContainerRuntime, PodSandbox } from '../runtime.ts';
import {
  execOutput,
  logText,
  podConfig,
  runToEnd,
  shellContainer,
  temporaryDirectory,
  TEST_SERVICES,
  untilExited,
  waitFor,
  type RuntimeHarness,
} from '../runtime-test-kit.ts';
import {
  clusterNamespaceCommand,
  enterClusterNamespace,
  removeClusterNamespace,
} from './cluster-namespace.ts';
import { probeSandbox, type SandboxAbilities } from './probe-sandbox.ts';
import { processSpaceTests } from './process-space-suite.ts';
import { createSandboxRuntime } from './sandbox-runtime.ts';

interface SandboxHarness extends RuntimeHarness {
  readonly abilities: SandboxAbilities;
  readonly runner: CommandRunner;
  create(overrides?: Partial<SandboxAbilities>): ContainerRuntime;
}

/** What the tests of the suite share. */
export interface Context {
  harness: SandboxHarness;
  runtime: ContainerRuntime;
  pod: PodSandbox;
}

/** The conformance suite and the sandbox's own tests, if `abilities` allow them. */
export function sandboxSuite(prepare: () => void): void {
  runtimeConformance(() => openHarness(prepare));
  describe('sandbox', () => {
    const context = {} as Context;
    beforeAll(async () => {
      context.harness = await openHarness(prepare);
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
    describe('identity', () => identityTests(context));
    describe('processes', () => processSpaceTests(context));
    describe('network', () => networkTests(context));
    describe('file system', () => fileSystemTests(context));
    describe('rights and limits', () => rightsTests(context));
  });
}

async function openHarness(prepare: () => void): Promise<SandboxHarness> {
  prepare();
  const dir = temporaryDirectory();
  const abilities = await probeSandbox({ scratchDir: dir });
  const namespaceDir = join(dir, 'ns');
  const { command, args } = clusterNamespaceCommand({
    stateDir: namespaceDir,
    rootless: abilities.rootless,
    argv: ['true'],
    cwd: '/',
  });
  const opened = spawnSync(command, args, { encoding: 'utf8' });
  expect(opened.stderr).toBe('');
  const runner = commandRunner(enterClusterNamespace(namespaceDir));
  const stateDir = join(dir, 'rt');
  return {
    dir,
    stateDir,
    abilities,
    runner,
    create: (overrides = {}) =>
      createSandboxRuntime({
        ...TEST_SERVICES,
        stateDir,
        namespaceDir,
        abilities: { ...abilities, ...overrides },
        runner,
        nodeIndex: 0,
        hiddenPaths: [stateDir],
      }),
    async close() {
      await runner.run(['rm', '-rf', stateDir]);
      removeClusterNamespace(namespaceDir);
      rmSync(dir, { recursive: true });
    },
  };
}

/** Runs `script` in a container of the pod; its output, with errors after it. */
async function output(
  { runtime, pod, harness }: Context,
  script: string,
  overrides: Partial<ContainerConfig> = {},
): Promise<string> {
  const config = shellContainer(harness.dir, script, overrides);
  const { stdout, stderr } = await runToEnd(runtime, pod, config);
  return stdout + stderr;
}

function identityTests(context: Context): void {
  test('pitfall 4: host name, hosts file and resolv.conf are the pod’s', async () => {
    const { pod } = context;
    expect(await output(context, 'hostname; hostname -f; cat /etc/hostname; uname -n')).toBe(
      'web-0\nweb-0.nginx.default.svc.cluster.local\nweb-0\nweb-0\n',
    );
    expect(await output(context, 'tail -1 /etc/hosts; cat /etc/resolv.conf')).toBe(
      `${pod.ip}\tweb-0.nginx.default.svc.cluster.local\tweb-0\n` +
        'search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\n' +
        'options ndots:5\n',
    );
  });

  test('pitfall 3: the container’s program is process 1 and sees only its own', async () => {
    expect(await output(context, 'echo $$ /proc/[0-9]*')).toBe('1 /proc/1\n');
  });

  test('pitfall 6: process 1 ignores signals that it does not handle', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'echo up; exec sleep 1000');
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    await runtime.stopContainer(id, 0.3);
    expect(runtime.listContainers()[0]).toMatchObject({ exitCode: 137 });
  });

  test('pitfall 9: any user has a name', async () => {
    const user = { uid: 70707, gid: 70708, supplementalGroups: [] };
    expect(await output(context, 'id -un; id -gn; echo ~; echo $HOME', { user })).toBe(
      'u70707\ng70708\n/\n/\n',
    );
  });

  test('a hook can write to the container’s log through /proc/1/fd/1', async () => {
    const { runtime, pod, harness } = context;
    const user = { uid: 1234, gid: 1234, supplementalGroups: [] };
    const config = shellContainer(harness.dir, 'exec sleep 1000', { user });
    const { id } = await runtime.startContainer(pod.id, config);
    await execOutput(runtime, id, 'echo from the hook >/proc/1/fd/1');
    await waitFor('the log', () => logText(config.logPath, 'stdout') === 'from the hook\n');
  });

  test('containers of a pod share host name, network and memory', async () => {
    const { runtime, pod, harness } = context;
    const first = shellContainer(harness.dir, 'echo there >/dev/shm/x; exec sleep 1000');
    await runtime.startContainer(pod.id, { ...first, logPath: join(harness.dir, 'first.log') });
    const script = 'until cat /dev/shm/x 2>/dev/null; do sleep 0.01; done; hostname -I';
    expect(await output(context, script)).toBe(`there\n${pod.ip} \n`);
  });
}

function networkTests(context: Context): void {
  test('pods reach each other; a container restart keeps the address', async () => {
    const { runtime, pod, harness } = context;
    const listen = "require('net').createServer(s => s.end('hi')).listen(80)";
    const serve = `exec ${process.execPath} -e "${listen}"`;
    const mounts = hostPrograms();
    const server = await runtime.startContainer(
      pod.id,
      shellContainer(harness.dir, serve, { mounts }),
    );
    const client = await runtime.runPodSandbox(podConfig({ name: 'client' }));
    const ask = (ip: string) =>
      `until exec 3<>/dev/tcp/${ip}/80; do sleep 0.02; done 2>/dev/null; cat <&3`;
    const run = (script: string) =>
      runToEnd(runtime, client, {
        ...shellContainer(harness.dir, '', { name: 'client' }),
        argv: ['bash', '-c', script],
      });
    expect((await run(ask(pod.ip))).stdout).toBe('hi');
    await runtime.stopContainer(server.id, 0);
    await runtime.startContainer(
      pod.id,
      shellContainer(harness.dir, serve, { mounts, attempt: 1 }),
    );
    expect((await run(ask(pod.ip))).stdout).toBe('hi');
  });

  test('a port on localhost only, IPv4 or IPv6, is reached from outside', async () => {
    const { runtime, pod, harness } = context;
    const listen = (port: number, host: string) =>
      `require('net').createServer(s => s.pipe(s.end('hi'))).listen(${port}, '${host}')`;
    const program = `${listen(81, '127.0.0.1')};${listen(82, '::1')};console.log('up')`;
    const config = shellContainer(harness.dir, `exec ${process.execPath} -e "${program}"`);
    await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    for (const port of [81, 82, 81]) {
      const socket = await runtime.dial(pod.id, port);
      expect((await socket.toArray()).join('')).toBe('hi');
    }
    await expect(runtime.dial(pod.id, 83)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('pitfall 1: the bridge keeps its MAC when pods come and go', async () => {
    const { runtime, harness } = context;
    const shown = async () =>
      (await harness.runner.run(['ip', '-o', 'link', 'show', 'ordinal0'])).stdout;
    expect(await shown()).toContain(BRIDGE_MAC);
    const other = await runtime.runPodSandbox(podConfig({ name: 'other' }));
    await runtime.removePodSandbox(other.id);
    expect(await shown()).toContain(BRIDGE_MAC);
  });

  test('pitfall 5: nothing of it is in the host’s network', () => {
    const names = Object.keys(networkInterfaces());
    expect(names.filter((name) => name.startsWith('ordinal'))).toEqual([]);
    const addresses = Object.values(networkInterfaces()).flat();
    expect(addresses.some((address) => address?.address === GATEWAY_ADDRESS)).toBe(false);
  });

  test('pitfall 7: a removed pod leaves no namespace, link or mount', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'exec sleep 1000');
    await runtime.startContainer(pod.id, config);
    await runtime.removePodSandbox(pod.id);
    const left = await harness.runner.run([
      'sh',
      '-c',
      'ls /run/netns /run/ordinal/pod /run/ordinal/shm; ip -o link; cat /proc/self/mountinfo',
    ]);
    expect(left.stdout).not.toContain(pod.id);
  });

  test('a pod of which the namespaces are gone is not ready', async () => {
    const { runtime, pod, harness } = context;
    await runtime.stop();
    const dir = `/run/ordinal/pod/${pod.id}`;
    await harness.runner.run(['sh', '-c', `umount ${dir}/uts ${dir}/ipc; rm -r ${dir}`]);
    context.runtime = harness.create();
    await context.runtime.start();
    expect(context.runtime.listPodSandboxes()[0]?.ready).toBe(false);
  });

  test('a host network pod has the node’s address', async () => {
    const { runtime, harness } = context;
    const pod = await runtime.runPodSandbox(podConfig({ name: 'host', hostNetwork: true }));
    expect(pod.ip).toBe(GATEWAY_ADDRESS);
    const config = shellContainer(harness.dir, 'ls /sys/class/net; ip -o link; hostname');
    const { stdout } = await runToEnd(runtime, pod, config);
    expect(stdout).toContain('ordinal0');
    expect(stdout.endsWith('web-0\n')).toBe(true);
  });
}

function fileSystemTests(context: Context): void {
  test('the host’s programs copy-on-write, its private directories empty', async () => {
    const { harness } = context;
    const name = `ordinal-test-${harness.dir.split('-').at(-1)}`;
    const script = `touch /usr/${name} /etc/${name}; ls /usr/${name}
      ls -A /run /tmp /home /root`;
    expect(await output(context, script)).toBe(
      `/usr/${name}\n/home:\n\n/root:\n\n/run:\n\n/tmp:\n`,
    );
    expect(existsSync(`/usr/${name}`) || existsSync(`/etc/${name}`)).toBe(false);
    expect(await output(context, `test -e /usr/${name} || echo fresh`)).toBe('fresh\n');
  });

  test('/tmp is for everyone, /dev has the usual devices', async () => {
    const user = { uid: 1234, gid: 1234, supplementalGroups: [] };
    const script = `touch /tmp/x && echo x >/dev/null && head -c 4 /dev/urandom | wc -c
      ls /dev | wc -l; echo secret >/dev/mine || stat -c %a /tmp /dev/shm`;
    expect(await output(context, script, { user })).toMatch(
      /^4\n14\n1777\n1777\n.*mine: Read-only file system/s,
    );
  });

  test('volumes at their paths, through links and in each other, read-only ones too', async () => {
    const { harness } = context;
    const [outer, inner] = ['outer', 'inner'].map((name) => join(harness.dir, name));
    mkdirSync(join(outer ?? '', 'sub'), { recursive: true });
    mkdirSync(inner ?? '', { recursive: true });
    writeFileSync(join(inner ?? '', 'token'), 'T\n');
    const mounts = [
      { hostPath: inner ?? '', containerPath: '/data/sub', readOnly: true },
      { hostPath: outer ?? '', containerPath: '/data', readOnly: false },
      { hostPath: inner ?? '', containerPath: '/var/run/secrets/x', readOnly: true },
      { hostPath: join(inner ?? '', 'token'), containerPath: '/etc/my/token', readOnly: false },
    ];
    const script = `cat /data/sub/token /run/secrets/x/token /etc/my/token; echo 1 >/data/made
      echo 2 >/data/sub/no; echo 3 >/run/secrets/x/no; stat -c %a /etc /data/sub`;
    const text = await output(context, script, { mounts });
    expect(text.startsWith('T\nT\nT\n755\n755\n')).toBe(true);
    expect(text.match(/Read-only file system/g)).toHaveLength(2);
    expect(readdirSync(outer ?? '').sort()).toEqual(['made', 'sub']);
  });

  test('a link planted in a volume can’t lead a mount onto the host', async () => {
    const { runtime, pod, harness } = context;
    const [trap, target, volume] = ['trap', 'target', 'volume'].map((name) => {
      mkdirSync(join(harness.dir, name), { recursive: true });
      return join(harness.dir, name);
    });
    symlinkSync(target ?? '', join(trap ?? '', 'way'));
    const mounts = [
      { hostPath: trap ?? '', containerPath: '/v', readOnly: false },
      { hostPath: volume ?? '', containerPath: '/v/way', readOnly: false },
    ];
    const config = shellContainer(harness.dir, 'touch /v/way/x; ls /v/way', { mounts });
    expect((await runToEnd(runtime, pod, config)).stdout).toBe('x\n');
    expect(readdirSync(target ?? '')).toEqual([]);
    expect(readdirSync(volume ?? '')).toEqual(['x']);
  });

  test('a volume that does not exist is refused', async () => {
    const { runtime, pod, harness } = context;
    const mounts = [{ hostPath: '/no/such/volume', containerPath: '/v', readOnly: false }];
    await expect(
      runtime.startContainer(pod.id, shellContainer(harness.dir, ':', { mounts })),
    ).rejects.toThrow("can't mount /no/such/volume: it does not exist");
    expect(readdirSync(join(harness.stateDir, 'c'))).toEqual([]);
  });

  test('a read-only root can be written nowhere but in volumes', async () => {
    const { harness } = context;
    const volume = join(harness.dir, 'writable');
    mkdirSync(volume, { recursive: true });
    const mounts = [{ hostPath: volume, containerPath: '/data', readOnly: false }];
    const script =
      'for d in / /etc /tmp /usr /var /data; do touch $d/x 2>/dev/null && echo $d; done';
    const text = await output(context, script, { mounts, readOnlyRootFilesystem: true });
    expect(text).toBe('/data\n');
  });

  test('where overlays are refused: own /etc files, volumes and /tmp all the same', async () => {
    const { harness, pod } = context;
    await context.runtime.stop();
    context.runtime = harness.create({ rootLevel: 'read-only' });
    await context.runtime.start();
    const volume = join(harness.dir, 'plain');
    mkdirSync(volume, { recursive: true });
    const mounts = [{ hostPath: volume, containerPath: '/data/x', readOnly: false }];
    const user = { uid: 70707, gid: 70707, supplementalGroups: [] };
    const script = `id -un; hostname -f; tail -1 /etc/resolv.conf; touch /tmp/x && ls /tmp /data
      tail -1 /etc/hosts | cut -f1; touch /usr/x`;
    const text = await output(context, script, { mounts, user });
    expect(text).toBe(
      'u70707\nweb-0.nginx.default.svc.cluster.local\noptions ndots:5\n/data:\nx\n\n/tmp:\nx\n' +
        `${pod.ip}\ntouch: cannot touch '/usr/x': Read-only file system\n`,
    );
    const inUsr = [{ hostPath: volume, containerPath: '/usr/no/such', readOnly: false }];
    await expect(output(context, ':', { mounts: inUsr })).rejects.toThrow('/usr is read-only');
  });

  test('pitfall 10: a working directory that is missing is made', async () => {
    expect(await output(context, 'pwd', { workingDir: '/app/x' })).toBe('/app/x\n');
  });
}

function rightsTests(context: Context): void {
  test('capabilities: the usual ones, fewer or more', async () => {
    const none = { capabilities: { add: [], drop: ['ALL'] } };
    const mask = (text: string) => BigInt(`0x${/([0-9a-f]{16})/.exec(text)?.[1]}`);
    const bounding = async (overrides: Partial<ContainerConfig>) =>
      mask(await output(context, 'grep CapBnd /proc/self/status', overrides));
    expect((await bounding({})).toString(16)).toBe('a80425fb');
    expect(await bounding(none)).toBe(0n);
    const added = { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } };
    expect(await bounding(added)).toBe(1n << 12n);
    expect(await bounding({ privileged: true })).toBeGreaterThan(1n << 36n);
    const unknown = { capabilities: { add: ['NO_SUCH'], drop: [] } };
    await expect(output(context, ':', unknown)).rejects.toThrow('unknown capability "NO_SUCH"');
  });

  test('allowPrivilegeEscalation: false sets no_new_privs, in exec as well', async () => {
    const { runtime, pod, harness } = context;
    const overrides = { allowPrivilegeEscalation: false };
    const config = shellContainer(harness.dir, 'exec sleep 1000', overrides);
    const { id } = await runtime.startContainer(pod.id, config);
    const text = await execOutput(
      runtime,
      id,
      'grep -h NoNewPrivs /proc/1/status /proc/self/status',
    );
    expect(text).toBe('NoNewPrivs:\t1\nNoNewPrivs:\t1\n');
  });

  test('a container can’t change the machine through /proc/sys', async () => {
    expect(
      await output(context, 'echo 0 >/proc/sys/kernel/printk; cat /proc/sys/vm/overcommit_memory'),
    ).toMatch(/^\d\n.*printk: (Read-only file system|Permission denied)/s);
  });

  test('supplementary groups', async ({ skip }) => {
    skip(context.harness.abilities.rootless, 'an ordinary user has no other groups to give');
    const user = { uid: 1234, gid: 1235, supplementalGroups: [3000, 4000] };
    expect(await output(context, 'id -G', { user })).toBe('1235 3000 4000\n');
  });

  test('pitfall 2: a lost shim takes a container of another user with it', async () => {
    const { runtime, pod, harness } = context;
    const user = { uid: 1234, gid: 1234, supplementalGroups: [] };
    const config = shellContainer(harness.dir, 'echo up; exec sleep 1000', { user });
    const { id, pid } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    const shim = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]);
    process.kill(shim, 'SIGKILL');
    expect(await untilExited(runtime, id)).toMatchObject({ reason: 'ContainerStatusUnknown' });
  });

  test('a memory limit ends the container as OOMKilled', async ({ skip }) => {
    const { runtime, pod, harness } = context;
    skip(!runtime.abilities.memoryLimit, 'no memory control group can be made here');
    const limits = { memoryBytes: 32 * 1024 * 1024, cpuMillis: 500 };
    const script = 'head -c 200000000 /dev/zero | tail >/dev/null';
    const config = shellContainer(harness.dir, script, { limits });
    const { status } = await runToEnd(runtime, pod, config);
    expect(status).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    await runtime.removeContainer(status.id);
    const left = Object.values(harness.abilities.cgroups).filter(
      (dir) => typeof dir === 'string' && existsSync(join(dir, status.id)),
    );
    expect(left).toEqual([]);
  });

  test('a CPU limit throttles', async ({ skip }) => {
    const { runtime, pod, harness } = context;
    skip(!runtime.abilities.cpuLimit, 'no CPU control group can be made here');
    const limits = { memoryBytes: undefined, cpuMillis: 100 };
    const script = 'i=0; while :; do i=$((i+1)); done';
    const { id } = await runtime.startContainer(
      pod.id,
      shellContainer(harness.dir, script, { limits }),
    );
    const { cpu } = harness.abilities.cgroups;
    const file = join(cpu ?? '', id, 'cpu.stat');
    await waitFor('throttling', () => /nr_throttled [1-9]/.test(readFileSync(file, 'utf8')));
  });
}

/** The directory of Node itself, if the container's view hides it. */
function hostPrograms(): ContainerConfig['mounts'] {
  const { execPath } = process;
  const hidden = /^\/(root|home|run|tmp)\//.test(execPath);
  return hidden ? [{ hostPath: execPath, containerPath: execPath, readOnly: true }] : [];
}
