// Builders and waiting for the tests of the runtimes.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { systemRandom } from '../../base/random.ts';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStatus,
  PodSandbox,
  PodSandboxConfig,
} from './runtime.ts';

const POLL_MS = 5;
const DEADLINE_MS = 15_000;

/** What every runtime under test is made with. */
export const TEST_SERVICES = { clock: systemClock, random: systemRandom, logger: silentLogger };

/** A runtime on a directory of its own. `create` may be called again: an agent after a restart. */
export interface RuntimeHarness {
  /** For volumes and logs. */
  readonly dir: string;
  readonly stateDir: string;
  create(): ContainerRuntime;
  close(): Promise<void>;
}

/** What the tests of a suite share; `runtime` changes when the agent restarts. */
export interface RuntimeTestContext {
  harness: RuntimeHarness;
  runtime: ContainerRuntime;
  pod: PodSandbox;
}

/** Runs forever and ends properly when told to. */
export const SERVER = 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.01; done';

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ord-'));
}

/** Polls until `probe` gives something other than undefined or false; fails after 15 s. */
export async function waitFor<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  const deadlineMs = systemClock.now() + DEADLINE_MS;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (systemClock.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await sleep(systemClock, POLL_MS);
  }
}

export function podConfig(overrides: Partial<PodSandboxConfig> = {}): PodSandboxConfig {
  return {
    namespace: 'default',
    name: 'web-0',
    uid: '6f7a2c4e-0000-4000-8000-000000000000',
    hostname: 'web-0',
    fullyQualifiedName: 'web-0.nginx.default.svc.cluster.local',
    hostAliases: [],
    dns: {
      nameservers: ['10.96.0.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local'],
      options: ['ndots:5'],
    },
    hostNetwork: false,
    ...overrides,
  };
}

/** A container that runs `script` with sh; its log is at `dir/<name>.log`. */
export function shellContainer(
  dir: string,
  script: string,
  overrides: Partial<ContainerConfig> = {},
): ContainerConfig {
  const name = overrides.name ?? 'main';
  return {
    name,
    attempt: 0,
    image: 'host',
    argv: ['sh', '-c', script],
    workingDir: undefined,
    env: [],
    mounts: [],
    user: { uid: 0, gid: 0, supplementalGroups: [] },
    privileged: false,
    allowPrivilegeEscalation: true,
    capabilities: { add: [], drop: [] },
    readOnlyRootFilesystem: false,
    limits: { memoryBytes: undefined, cpuMillis: undefined },
    stdin: false,
    tty: false,
    logPath: join(dir, `${name}.log`),
    ...overrides,
  };
}

export function containerStatus(runtime: ContainerRuntime, id: string): ContainerStatus {
  const status = runtime.listContainers().find((candidate) => candidate.id === id);
  if (!status) throw new Error(`no container ${id}`);
  return status;
}

export function untilExited(runtime: ContainerRuntime, id: string): Promise<ContainerStatus> {
  return waitFor(`the end of container ${id}`, () => {
    const status = containerStatus(runtime, id);
    return status.state === 'exited' && status;
  });
}

/** Runs `script` in a new container of `pod` to its end: its status and output. */
export async function runToEnd(
  runtime: ContainerRuntime,
  pod: PodSandbox,
  config: ContainerConfig,
): Promise<{ status: ContainerStatus; stdout: string; stderr: string }> {
  const { id } = await runtime.startContainer(pod.id, config);
  const status = await untilExited(runtime, id);
  return {
    status,
    stdout: logText(config.logPath, 'stdout'),
    stderr: logText(config.logPath, 'stderr'),
  };
}

/** What a container wrote to `stream` according to its log, whole lines and parts put together. */
export function logText(logPath: string, stream: 'stdout' | 'stderr'): string {
  const lines = readFileSync(logPath, 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => /^(\S+) (stdout|stderr) ([FP]) (.*)$/s.exec(line))
    .filter((match) => match?.[2] === stream)
    .map((match) => `${match?.[4]}${match?.[3] === 'F' ? '\n' : ''}`)
    .join('');
}

/** Output of an exec'd shell script; throws with its stderr unless it exits with 0. */
export async function execOutput(
  runtime: ContainerRuntime,
  id: string,
  script: string,
): Promise<string> {
  const result = await runtime.execSync(id, ['sh', '-c', script], DEADLINE_MS);
  if (result.exitCode === 0) return result.stdout.toString();
  throw new Error(`${script}: exit code ${result.exitCode}: ${result.stderr.toString()}`);
}
