// A container runtime in memory, for tests of the agent and of what is above it. Containers run
// until the test (or a behaviour) ends them; exec answers come from a function.
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { OrdinalError } from '../../base/errors.ts';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStats,
  ContainerStatus,
  ExecResult,
  PodSandbox,
  PodSandboxConfig,
  RuntimeAbilities,
} from '../runtime/runtime.ts';

const ABILITIES: RuntimeAbilities = {
  podAddress: true,
  hostname: true,
  mounts: false,
  pidNamespace: true,
  runAsUser: true,
  memoryLimit: true,
  cpuLimit: true,
  terminal: true,
  notes: [],
};

export interface FakeContainer {
  readonly status: ContainerStatus;
  readonly config: ContainerConfig;
  /** Signals and grace periods it was sent: `TERM 30`, `KILL`. */
  readonly signals: string[];
}

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  readonly abilities?: Partial<RuntimeAbilities>;
  /** Called for each start; an exit code ends the container at once. May throw. */
  onStart?(config: ContainerConfig): number | undefined;
  /** False: the container ignores SIGTERM. Default: it ends with 0. */
  onTerm?(config: ContainerConfig): boolean;
  /** Answers of execSync. Default: success. */
  onExec?(config: ContainerConfig, argv: readonly string[]): Partial<ExecResult>;
  /** Answers of containerStats. Default: nothing used. */
  onStats?(config: ContainerConfig): ContainerStats;
}

interface Entry extends FakeContainer {
  status: ContainerStatus;
  readonly waiters: (() => void)[];
}

export class FakeRuntime implements ContainerRuntime {
  readonly name = 'process';
  readonly abilities: RuntimeAbilities;
  /** Every sandbox ever made, in order. */
  readonly sandboxConfigs: PodSandboxConfig[] = [];
  readonly #options: FakeRuntimeOptions;
  readonly #sandboxes = new Map<string, PodSandbox>();
  readonly #containers = new Map<string, Entry>();
  readonly #listeners = new Set<(containerId: string) => void>();
  #sequence = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
    this.abilities = { ...ABILITIES, ...options.abilities };
  }

  async start(): Promise<void> {}

  /** Lets go: containers run on, a later agent finds them. */
  async stop(): Promise<void> {
    this.#listeners.clear();
  }

  /** The newest attempt of the container with this name; throws if there is none. */
  container(name: string): FakeContainer {
    const found = [...this.#containers.values()].filter((entry) => entry.status.name === name);
    const newest = found.sort((a, b) => b.status.attempt - a.status.attempt)[0];
    if (newest === undefined) throw new Error(`no container ${name}`);
    return newest;
  }

  /** Ends the newest attempt of a running container. */
  exit(name: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    this.#end(this.#entry(this.container(name).status.id), { exitCode, reason });
  }

  /** Writes a line to the log of the newest attempt. */
  log(name: string, text: string): void {
    const { logPath } = this.container(name).status;
    mkdirSync(dirname(logPath), { recursive: true });
    const time = new Date(this.#options.clock.now()).toISOString().replace('Z', '000000Z');
    appendFileSync(logPath, `${time} stdout F ${text}\n`);
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox> {
    const number = ++this.#sequence;
    const { namespace, name, uid } = config;
    const sandbox: PodSandbox = {
      id: `sandbox-${number}`,
      namespace,
      name,
      uid,
      ip: `127.9.0.${number}`,
      createdAtMs: this.#options.clock.now() + number / 1000,
      ready: true,
    };
    this.sandboxConfigs.push(config);
    this.#sandboxes.set(sandbox.id, sandbox);
    return sandbox;
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return;
    this.#sandboxes.set(sandboxId, { ...sandbox, ready: false });
    for (const entry of this.#containers.values()) {
      if (entry.status.sandboxId === sandboxId) this.#kill(entry);
    }
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    await this.stopPodSandbox(sandboxId);
    for (const [id, entry] of this.#containers) {
      if (entry.status.sandboxId === sandboxId) this.#containers.delete(id);
    }
    this.#sandboxes.delete(sandboxId);
  }

  listPodSandboxes(): PodSandbox[] {
    return [...this.#sandboxes.values()];
  }

  async startContainer(sandboxId: string, config: ContainerConfig): Promise<ContainerStatus> {
    const exitCode = this.#options.onStart?.(config);
    const id = `container-${++this.#sequence}`;
    const status: ContainerStatus = {
      id,
      sandboxId,
      name: config.name,
      attempt: config.attempt,
      state: 'running',
      pid: 1000 + this.#sequence,
      startedAtMs: this.#options.clock.now(),
      finishedAtMs: undefined,
      exitCode: undefined,
      signal: undefined,
      reason: undefined,
      message: undefined,
      logPath: config.logPath,
    };
    const entry: Entry = { status, config, signals: [], waiters: [] };
    this.#containers.set(id, entry);
    this.#notify(id);
    if (exitCode !== undefined) {
      this.#end(entry, { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' });
    }
    return entry.status;
  }

  async stopContainer(containerId: string, graceSeconds: number): Promise<void> {
    const entry = this.#containers.get(containerId);
    if (entry === undefined || entry.status.state === 'exited') return;
    if (graceSeconds <= 0) return this.#kill(entry);
    entry.signals.push(`TERM ${Math.ceil(graceSeconds)}`);
    const obeys = this.#options.onTerm?.(entry.config) ?? true;
    if (obeys) return this.#end(entry, { exitCode: 0, reason: 'Completed' });
    this.#options.clock.schedule(graceSeconds * 1000, () => this.#kill(entry));
    await new Promise<void>((resolve) => entry.waiters.push(resolve));
  }

  async removeContainer(containerId: string): Promise<void> {
    this.#containers.delete(containerId);
    this.#notify(containerId);
  }

  listContainers(): ContainerStatus[] {
    return [...this.#containers.values()].map(({ status }) => status);
  }

  async containerStats(containerId: string): Promise<ContainerStats> {
    const { config } = this.#entry(containerId);
    return this.#options.onStats?.(config) ?? { cpuNanoseconds: 0, memoryBytes: 0 };
  }

  async exec(containerId: string, { argv }: { argv: readonly string[] }) {
    const result = await this.execSync(containerId, argv);
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    stdout.end(result.stdout);
    stderr.end(result.stderr);
    const exitCode = Promise.resolve(result.exitCode);
    return { stdin: undefined, stdout, stderr, exitCode, resize: () => {}, kill: () => {} };
  }

  async execSync(containerId: string, argv: readonly string[]): Promise<ExecResult> {
    const { config } = this.#entry(containerId);
    const empty = Buffer.alloc(0);
    const result = { exitCode: 0, stdout: empty, stderr: empty, timedOut: false };
    return { ...result, ...this.#options.onExec?.(config, argv) };
  }

  async dial(): Promise<never> {
    throw new Error('nobody listens in a fake pod');
  }

  attach(containerId: string) {
    return this.exec(containerId, { argv: [] });
  }

  onContainerChange(listener: (containerId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #entry(containerId: string): Entry {
    const entry = this.#containers.get(containerId);
    if (entry !== undefined) return entry;
    throw new OrdinalError('ORD_RUNTIME_NOT_FOUND', `there is no container ${containerId}`);
  }

  #kill(entry: Entry): void {
    if (entry.status.state === 'exited') return;
    entry.signals.push('KILL');
    this.#end(entry, { exitCode: 137, reason: 'Error' });
  }

  #end(entry: Entry, { exitCode, reason }: { exitCode: number; reason: string }): void {
    if (entry.status.state === 'exited') return;
    const finishedAtMs = this.#options.clock.now();
    entry.status = { ...entry.status, state: 'exited', exitCode, reason, finishedAtMs };
    for (const resolve of entry.waiters) resolve();
    this.#notify(entry.status.id);
  }

  #notify(containerId: string): void {
    for (const listener of this.#listeners) listener(containerId);
  }
}
