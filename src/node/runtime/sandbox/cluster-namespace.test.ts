// The server's way: it runs inside the cluster namespace, dies there, and comes back.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, processStat, readIdentity, sendSignal } from '../process-identity.ts';
import { sleep, systemClock } from '../../../base/clock.ts';
import type { ContainerStatus, PodSandbox } from '../runtime.ts';
import { logText, temporaryDirectory, waitFor } from '../runtime-test-kit.ts';
import {
  clusterNamespaceCommand,
  clusterNamespaceHolder,
  enterClusterNamespace,
  removeClusterNamespace,
} from './cluster-namespace.ts';
import { probeSandbox } from './probe-sandbox.ts';

interface Facts {
  refusal?: string;
  inherited: string;
  cwd: string;
  pod: PodSandbox;
  container: ContainerStatus;
  logPath: string;
  pids: number[];
}

const { refusal, rootless } = await probeSandbox();
const here = dirname(fileURLToPath(import.meta.url));
const skip = refusal !== undefined && process.env['CI'] !== 'true';

describe.skipIf(skip)('cluster namespace', () => {
  let dir = '';
  beforeEach(() => void (dir = temporaryDirectory()));
  afterEach(() => {
    // What a failed test leaves running.
    const containers = join(dir, 'rt/c');
    for (const id of existsSync(containers) ? readdirSync(containers) : []) {
      const init = readIdentity(join(containers, id, 'init'));
      if (init && isAlive(init)) sendSignal(init.pid, 'SIGKILL');
    }
    removeClusterNamespace(join(dir, 'ns'));
    rmSync(dir, { recursive: true });
  });

  const command = (argv: string[], cwd = here) =>
    clusterNamespaceCommand({ stateDir: join(dir, 'ns'), rootless, argv, cwd });

  const run = (argv: string[]) => {
    const line = command(argv);
    return spawnSync(line.command, line.args, { encoding: 'utf8' });
  };

  const agentProgram = () => {
    const outfile = join(dir, 'agent.mjs');
    const entryPoints = [join(here, 'sandbox-agent.fixture.ts')];
    const options = { bundle: true, platform: 'node', format: 'esm' } as const;
    if (!existsSync(outfile)) buildSync({ ...options, entryPoints, outfile });
    return outfile;
  };

  const startAgent = async () => {
    const { agent, output, errors } = await spawnAgent();
    return { agent, errors, facts: JSON.parse(output) as Facts };
  };

  const spawnAgent = async (...churn: string[]) => {
    writeFileSync(join(dir, 'inherited'), 'from the launcher');
    const fd = openSync(join(dir, 'inherited'), 'r');
    const argv = [process.execPath, agentProgram(), join(dir, 'ns'), join(dir, 'rt'), ...churn];
    const line = command(argv);
    const agent = spawn(line.command, line.args, { stdio: ['ignore', 'pipe', 'pipe', fd] });
    closeSync(fd);
    let [output, errors] = ['', ''];
    agent.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    agent.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await waitFor('the agent', () => output.includes('\n') || agent.exitCode !== null);
    if (!output.includes('\n')) throw new Error(`the agent failed: ${errors}`);
    return { agent, output, errors: () => errors };
  };

  test('kill -9 at any moment of starting and removing pods leaves nothing behind', async () => {
    for (const crashAfterMs of [5, 20, 35, 50, 65]) {
      const { agent, errors } = await spawnAgent('churn');
      await sleep(systemClock, crashAfterMs);
      agent.kill('SIGKILL');
      await waitFor('the end of the agent', () => agent.signalCode ?? agent.exitCode ?? undefined);
      expect([agent.signalCode, errors()]).toEqual(['SIGKILL', '']);
    }
    const { agent, facts, errors } = await startAgent();
    const pids = facts.pids.filter((pid) => processStat(pid));
    agent.kill('SIGTERM');
    await waitFor('the end of the agent', () => agent.exitCode ?? agent.signalCode ?? undefined);
    expect([agent.exitCode, errors()]).toEqual([0, '']);
    expect(pids.filter((pid) => processStat(pid)?.state === 'S')).toEqual([]);
    const left = run([
      'ls',
      join(dir, 'rt/p'),
      join(dir, 'rt/c'),
      '/run/netns',
      '/run/ordinal/pod',
    ]);
    expect(left.stdout.split('\n').filter((line) => line !== '' && !line.endsWith(':'))).toEqual(
      [],
    );
  });

  test('an agent killed with -9 finds its pods: same pid and address, no line lost', async () => {
    const first = await startAgent();
    const { container, pod, logPath, pids, ...rest } = first.facts;
    expect(pids).toEqual([container.pid]);
    expect(rest).toEqual({ inherited: 'from the launcher', cwd: here });
    await waitFor('output', () => logText(logPath, 'stdout').includes('line 5\n'));
    first.agent.kill('SIGKILL');
    await waitFor('the end of the agent', () => first.agent.signalCode !== null);
    expect(processStat(container.pid ?? 0)?.state).not.toBe(undefined);

    const second = await startAgent();
    expect(second.facts.container).toEqual(container);
    expect(second.facts.pod).toEqual(pod);
    const seen = logText(logPath, 'stdout').split('\n').length;
    await waitFor('more output', () => logText(logPath, 'stdout').split('\n').length > seen + 10);
    const lines = logText(logPath, 'stdout').split('\n').slice(0, -1);
    expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));

    second.agent.kill('SIGTERM');
    await waitFor('the end of the agent', () => second.agent.exitCode !== null);
    expect(processStat(container.pid ?? 0)).toBe(undefined);
  });

  test('is made once, kept by its holder, and gone when removed', async () => {
    const space = () => run(['readlink', '/proc/self/ns/net']).stdout;
    const before = space();
    const holder = clusterNamespaceHolder(join(dir, 'ns'));
    expect(space()).toBe(before);
    expect(before).not.toBe(
      spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout,
    );
    removeClusterNamespace(join(dir, 'ns'));
    removeClusterNamespace(join(dir, 'ns'));
    expect(enterClusterNamespace(join(dir, 'ns'))).toBe(undefined);
    await waitFor('the end of the holder', () => !isAlive(holder));
  });

  test('the holder keeps no descriptor of the launcher’s and has its own session', async () => {
    writeFileSync(join(dir, 'listener'), '');
    const fd = openSync(join(dir, 'listener'), 'r');
    const line = command(['true']);
    spawnSync(line.command, line.args, { stdio: ['pipe', 'pipe', 'pipe', ...Array(7).fill(fd)] });
    closeSync(fd);
    const holder = clusterNamespaceHolder(join(dir, 'ns'))?.pid;
    const stat = () => readFileSync(`/proc/${holder}/stat`, 'utf8').split(' ');
    await waitFor('its program', () => stat()[1] === '(sleep)' && stat()[2] === 'S');
    expect(stat()[5]).toBe(`${holder}`);
    const target = (number: number) => readlinkSync(`/proc/${holder}/fd/${number}`);
    expect([0, 1, 2].map(target)).toEqual(Array(3).fill('/dev/null'));
    const all = readdirSync(`/proc/${holder}/fd`).map((number) => target(Number(number)));
    expect(all).not.toContain(join(dir, 'listener'));
  });

  test('a stale holder record (another process with that pid) makes a new namespace', () => {
    run(['true']);
    const file = join(dir, 'ns/holder');
    const holder = clusterNamespaceHolder(join(dir, 'ns'));
    process.kill(holder?.pid ?? 0, 'SIGKILL');
    const stale = readFileSync(file, 'utf8').replace(` ${holder?.pid} `, ` ${process.pid} `);
    writeFileSync(file, stale);
    expect(clusterNamespaceHolder(join(dir, 'ns'))).toBe(undefined);
    expect(run(['cat', '/sys/class/net/lo/ifindex']).status).toBe(0);
    expect(clusterNamespaceHolder(join(dir, 'ns'))?.pid).not.toBe(holder?.pid);
  });

  test('exit codes, arguments and the working directory pass through, new or not', () => {
    for (const state of ['new', 'existing']) {
      const script = 'echo "$PWD|$1"; exit 7';
      const result = run(['sh', '-c', script, 'sh', "it's $HOME"]);
      expect([state, result.stdout, result.status]).toEqual([state, `${here}|it's $HOME\n`, 7]);
    }
    expect(existsSync('/run/ordinal')).toBe(false);
  });
});

describe('probe', () => {
  test('takes little time, says what is missing and leaves nothing', async () => {
    const dir = temporaryDirectory();
    const abilities = await probeSandbox({ scratchDir: dir });
    expect(abilities.runtime.notes.every((note) => note.endsWith('.'))).toBe(true);
    expect(spawnSync('ls', ['-A', dir], { encoding: 'utf8' }).stdout).toBe('');
    rmSync(dir, { recursive: true });
  });

  test('a machine that refuses namespaces gets the reason', async () => {
    const runner = {
      spawn: () => {
        throw new Error('not used');
      },
      run: async () => ({
        exitCode: 1,
        stdout: '',
        stderr: 'unshare: unshare failed: Operation not permitted\n',
      }),
    };
    const abilities = await probeSandbox({ runner });
    expect(abilities.refusal).toBe(
      'the kernel refuses namespaces (unshare: unshare failed: Operation not permitted)',
    );
  });
});
