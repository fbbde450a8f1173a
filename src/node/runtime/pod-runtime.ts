// The container runtime proper: keeps pods and containers as records and directories under its
// state directory and leaves their isolation to a driver (sandbox/ or process/).
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { present } from '../../base/assert.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import { errorMessage, OrdinalError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { Container } from './container.ts';
import type { OutputListener } from './container-log.ts';
import { readRecord, writeRecord } from './disk-record.ts';
import { searchPath } from './environment.ts';
import { ExecPipes } from './exec-pipes.ts';
import {
  attachSession,
  collectSession,
  execSession,
  openInput,
  type TerminalSize,
} from './exec-session.ts';
import { assertExecutable } from './find-executable.ts';
import { descendantPids, processStat, residentBytes } from './process-identity.ts';
import {
  containerDirectory,
  podDirectory,
  type ContainerRecord,
  type PodRecord,
} from './records.ts';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStats,
  ContainerStatus,
  ExecOptions,
  ExecResult,
  ExecSession,
  PodSandbox,
  PodSandboxConfig,
  RuntimeAbilities,
} from './runtime.ts';
import { RootView } from './root-view.ts';
import type { RuntimeDriver } from './runtime-driver.ts';

/** Linux counts CPU time of processes in hundredths of a second (USER_HZ) on every architecture. */
const NANOSECONDS_PER_TICK = 10_000_000;
const ID_LENGTH = 12;
/** A client sends its size at once; script(1) needs some milliseconds to make the terminal. */
const TERMINAL_WAIT_MS_MAX = 2000;
const TERMINAL_POLL_MS = 5;

export interface PodRuntimeOptions {
  /** Directory for everything the runtime keeps; only this runtime may use it. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class PodRuntime implements ContainerRuntime {
  readonly name: ContainerRuntime['name'];
  readonly abilities: RuntimeAbilities;
  readonly #options: PodRuntimeOptions;
  readonly #driver: RuntimeDriver;
  readonly #pods = new Map<string, PodRecord>();
  readonly #live = new Set<string>();
  readonly #containers = new Map<string, Container>();
  readonly #listeners = new Set<(containerId: string) => void>();
  #pipes: ExecPipes | undefined;

  constructor(options: PodRuntimeOptions, driver: RuntimeDriver) {
    this.#options = options;
    this.#driver = driver;
    this.name = driver.name;
    this.abilities = driver.abilities;
  }

  async start(): Promise<void> {
    const { stateDir } = this.#options;
    for (const kind of ['p', 'c']) {
      // Not listed, but passed through: plain processes of other users reach their volumes so.
      mkdirSync(join(stateDir, kind), { recursive: true, mode: 0o711 });
    }
    this.#pipes = new ExecPipes(join(stateDir, 'x'), this.#driver.runner);
    await this.#driver.start();
    for (const id of readdirSync(join(stateDir, 'p'))) this.#loadPod(id);
    const live = await this.#driver.livePods([...this.#pods.values()]);
    for (const id of live) this.#live.add(id);
    for (const id of readdirSync(join(stateDir, 'c'))) await this.#loadContainer(id);
    for (const pod of this.#pods.values()) {
      if (pod.phase === 'creating') await this.removePodSandbox(pod.id);
    }
  }

  async stop(): Promise<void> {
    for (const container of this.#containers.values()) container.release();
    this.#containers.clear();
    this.#pods.clear();
    this.#live.clear();
    this.#listeners.clear();
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox> {
    const { clock } = this.#options;
    const inUse = [...this.#pods.values()].filter((pod) => pod.phase !== 'stopped');
    const addresses = new Set(inUse.map((pod) => pod.ip));
    const ip = this.#driver.allocateAddress(addresses, config.hostNetwork);
    const id = this.#newId();
    mkdirSync(podDirectory(this.#options.stateDir, id), { mode: 0o711 });
    this.#savePod({ id, config, ip, createdAtMs: clock.now(), phase: 'creating' });
    const pod = this.#pod(id);
    try {
      await this.#driver.setUpPod(pod);
    } catch (error) {
      await this.removePodSandbox(id);
      throw error;
    }
    this.#live.add(id);
    this.#savePod({ ...pod, phase: 'ready' });
    return this.#sandbox(this.#pod(id));
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    const pod = this.#pods.get(sandboxId);
    if (!pod || pod.phase === 'stopped') return;
    await Promise.all(this.#containersOf(sandboxId).map((container) => container.stop(0)));
    await this.#driver.tearDownPod(pod);
    this.#live.delete(sandboxId);
    this.#savePod({ ...pod, phase: 'stopped' });
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    await this.stopPodSandbox(sandboxId);
    for (const container of this.#containersOf(sandboxId)) {
      await this.removeContainer(container.record.id);
    }
    await rm(podDirectory(this.#options.stateDir, sandboxId), { recursive: true, force: true });
    this.#pods.delete(sandboxId);
  }

  listPodSandboxes(): PodSandbox[] {
    return [...this.#pods.values()].map((pod) => this.#sandbox(pod));
  }

  async startContainer(sandboxId: string, config: ContainerConfig): Promise<ContainerStatus> {
    const pod = this.#pod(sandboxId);
    if (!this.#sandbox(pod).ready) {
      throw new OrdinalError('ORD_SANDBOX_NOT_READY', `pod sandbox ${sandboxId} is not ready`);
    }
    const id = this.#newId();
    const dir = containerDirectory(this.#options.stateDir, id);
    mkdirSync(dir, { mode: 0o711 });
    const createdAtMs = this.#options.clock.now();
    const container = this.#follow({
      id,
      sandboxId,
      config,
      createdAtMs,
      cgroups: [],
      outcome: undefined,
    });
    try {
      await container.launch(pod);
    } catch (error) {
      await this.removeContainer(id);
      throw error;
    }
    this.#notify(id);
    return container.status();
  }

  async stopContainer(containerId: string, graceSeconds: number): Promise<void> {
    await this.#containers.get(containerId)?.stop(graceSeconds);
  }

  async removeContainer(containerId: string): Promise<void> {
    const container = this.#containers.get(containerId);
    if (!container) return;
    await container.stop(0);
    container.release();
    await this.#driver.cleanUpContainer(container.record);
    await this.#deleteContainerFiles(containerId);
    this.#containers.delete(containerId);
    this.#notify(containerId);
  }

  listContainers(): ContainerStatus[] {
    return [...this.#containers.values()].map((container) => container.status());
  }

  async containerStats(containerId: string): Promise<ContainerStats> {
    const container = this.#container(containerId);
    const pids = this.#driver.containerPids(container.record, container.init);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const ticks = sum(pids.map((pid) => processStat(pid)?.cpuTicks ?? 0));
    const counted = this.#driver.cgroupMemoryBytes(container.record);
    return {
      cpuNanoseconds: ticks * NANOSECONDS_PER_TICK,
      memoryBytes: counted ?? sum(pids.map(residentBytes)),
    };
  }

  async exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    const container = this.#container(containerId);
    const { argv, stdin, tty } = options;
    const { init, record, dir } = container;
    if (argv.length === 0) throw new OrdinalError('ORD_EXEC', 'exec needs a command');
    const view = new RootView();
    view.add({ at: '/', writable: undefined, lower: this.#driver.rootPath(init) });
    const { workingDir: cwd = '/' } = record.config;
    assertExecutable(view, argv[0] ?? '', { path: searchPath(record.config), cwd });
    const pod = this.#pod(record.sandboxId);
    const request = { pod, container: record, dir, init, argv, stdin, tty };
    const command = this.#driver.execCommand(request);
    const resize = this.#resizer(container, tty);
    const { runner } = this.#driver;
    const pipes = present(this.#pipes, 'the pipes of a started runtime');
    return execSession({ runner, pipes, command, stdin, tty, resize });
  }

  async execSync(
    containerId: string,
    argv: readonly string[],
    timeoutMs: number,
  ): Promise<ExecResult> {
    const session = await this.exec(containerId, { argv, stdin: false, tty: false });
    return collectSession(session, this.#options.clock, timeoutMs);
  }

  dial(sandboxId: string, port: number): Promise<Duplex> {
    return this.#driver.dial(this.#pod(sandboxId), port);
  }

  async attach(containerId: string, options: { readonly stdin: boolean }): Promise<ExecSession> {
    const container = this.#container(containerId);
    const { init, dir, ended } = container;
    const { stdin: hasStdin, tty } = container.record.config;
    const stdin = options.stdin && hasStdin ? await openInput(dir, this.#options.clock) : undefined;
    const follow = (listener: OutputListener) => container.follow(listener);
    const resizeTerminal = this.#resizer(container, tty);
    const resize = (width: number, height: number) => resizeTerminal(init.pid, { width, height });
    return attachSession({ follow, ended, stdin, tty, resize });
  }

  onContainerChange(listener: (containerId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #loadPod(id: string): void {
    const pod = readRecord<PodRecord>(join(podDirectory(this.#options.stateDir, id), 'pod.json'));
    if (pod) this.#pods.set(id, pod);
    else rmSync(podDirectory(this.#options.stateDir, id), { recursive: true, force: true });
  }

  async #loadContainer(id: string): Promise<void> {
    const dir = containerDirectory(this.#options.stateDir, id);
    const record = readRecord<ContainerRecord>(join(dir, 'container.json'));
    // Without a record nothing was started, or its removal was under way.
    if (!record) return this.#deleteContainerFiles(id);
    this.#follow(record).adopt();
  }

  #follow(record: ContainerRecord): Container {
    const { clock, logger, stateDir } = this.#options;
    const container = new Container({
      record,
      dir: containerDirectory(stateDir, record.id),
      driver: this.#driver,
      clock,
      logger: logger.child({ container: record.config.name, id: record.id }),
      onChange: (id) => this.#notify(id),
    });
    this.#containers.set(record.id, container);
    return container;
  }

  async #deleteContainerFiles(id: string): Promise<void> {
    const dir = containerDirectory(this.#options.stateDir, id);
    await rm(join(dir, 'container.json'), { force: true });
    try {
      await rm(dir, { recursive: true, force: true });
    } catch {
      // Other owners or modes (overlayfs, programs of the pod): may need the namespace's rights.
      await this.#driver.runner.run(['rm', '-rf', '--', dir]);
    }
  }

  /** Sets the size of the terminal that `rootPid` or a descendant has, once there is one. */
  async #resize(container: Container, rootPid: number, size: TerminalSize): Promise<void> {
    const { clock, logger } = this.#options;
    const deadlineMs = clock.now() + TERMINAL_WAIT_MS_MAX;
    let number = terminalOf(rootPid);
    while (number === undefined && processStat(rootPid) && clock.now() < deadlineMs) {
      await sleep(clock, TERMINAL_POLL_MS);
      number = terminalOf(rootPid);
    }
    if (number === undefined || container.record.outcome) return;
    const change = ['stty', '-F', `/dev/pts/${number}`, 'cols', `${size.width}`];
    const enter = this.#driver.enterMounts(container.init);
    const result = await this.#driver.runner.run([...enter, ...change, 'rows', `${size.height}`]);
    if (result.exitCode !== 0) logger.debug('terminal not resized', { error: result.stderr });
  }

  /** Resizing never fails for the caller: the terminal may be gone by now. */
  #resizer(container: Container, tty: boolean): (pid: number, size: TerminalSize) => void {
    return (pid, size) => {
      if (!tty) return;
      this.#resize(container, pid, size).catch((error: unknown) => {
        this.#options.logger.debug('terminal not resized', { error: errorMessage(error) });
      });
    };
  }

  #newId(): string {
    return this.#options.random.uuid().replaceAll('-', '').slice(0, ID_LENGTH);
  }

  #savePod(pod: PodRecord): void {
    writeRecord(join(podDirectory(this.#options.stateDir, pod.id), 'pod.json'), pod);
    this.#pods.set(pod.id, pod);
  }

  #sandbox(pod: PodRecord): PodSandbox {
    const { id, config, ip, createdAtMs, phase } = pod;
    const { namespace, name, uid } = config;
    const ready = phase === 'ready' && this.#live.has(id);
    return { id, namespace, name, uid, ip, createdAtMs, ready };
  }

  #pod(id: string): PodRecord {
    const pod = this.#pods.get(id);
    if (pod) return pod;
    throw new OrdinalError('ORD_RUNTIME_NOT_FOUND', `there is no pod sandbox ${id}`);
  }

  #container(id: string): Container {
    const container = this.#containers.get(id);
    if (container) return container;
    throw new OrdinalError('ORD_RUNTIME_NOT_FOUND', `there is no container ${id}`);
  }

  #containersOf(sandboxId: string): Container[] {
    const all = [...this.#containers.values()];
    return all.filter((container) => container.record.sandboxId === sandboxId);
  }

  #notify(containerId: string): void {
    for (const listener of this.#listeners) listener(containerId);
  }
}

/** Number of the terminal of `rootPid` or of one of its descendants. */
function terminalOf(rootPid: number): number | undefined {
  const pids = [rootPid, ...descendantPids(rootPid)];
  return pids.map((pid) => processStat(pid)?.terminal).find((number) => number !== undefined);
}
