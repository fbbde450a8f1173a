// One container's life as the agent sees it: derived from the files its shim writes, so that a
// container started by an earlier agent is followed exactly like one of our own.
import { rmSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { sleep, type Clock, type Timer } from '../../base/clock.ts';
import { errorMessage, OrdinalError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { ContainerLog, type OutputListener } from './container-log.ts';
import { writeRecord } from './disk-record.ts';
import {
  isAlive,
  readIdentity,
  readText,
  sendSignal,
  type ProcessIdentity,
} from './process-identity.ts';
import type { ContainerRecord, Outcome, PodRecord } from './records.ts';
import type { ContainerStatus } from './runtime.ts';
import type { RuntimeDriver } from './runtime-driver.ts';
import { launchShim, releaseInput, setupFailure } from './shim.ts';

/** How often to look for a shim that was killed: it can't tell, its exit file stays empty. */
const LIVENESS_CHECK_MS = 2000;
/** A program that looks like a helper itself must not hold up its start for longer. */
const PROGRAM_WAIT_MS_MAX = 500;
const PROGRAM_POLL_MS = 1;
/** From the start of the shim's shell to its first line, on a busy machine. */
const SHIM_WAIT_MS_MAX = 2000;
const START_POLL_MS = 10;
/** A client that starts a container to work with it (`kubectl run -i`) is there by then. */
const FIRST_ATTACH_MS_MAX = 10_000;
const EXIT_CODE_KILLED = 137;
/** What containerd reports for a container whose program could not be started. */
const EXIT_CODE_NOT_STARTED = 128;

export interface ContainerOptions {
  readonly record: ContainerRecord;
  readonly dir: string;
  readonly driver: RuntimeDriver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (containerId: string) => void;
}

export class Container {
  readonly dir: string;
  readonly log: ContainerLog;
  /** Resolves with the exit code once the end has been recorded and the log is complete. */
  readonly ended: Promise<number>;
  readonly #options: ContainerOptions;
  #record: ContainerRecord;
  #init: ProcessIdentity | undefined;
  #startedAtMs: number | undefined;
  /** `new` until its processes exist, `following` until its end or until the agent lets go. */
  #phase: 'new' | 'following' | 'ending' | 'released' = 'new';
  #followedSinceMs = 0;
  #launching: Promise<void> | undefined;
  #attached = false;
  #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  #resolveEnded: (exitCode: number) => void = () => {};

  constructor(options: ContainerOptions) {
    const { record, dir, clock, logger, driver } = options;
    this.#options = options;
    this.#record = record;
    this.dir = dir;
    const { logPath } = record.config;
    this.log = new ContainerLog({ dir, logPath, clock, logger, runner: driver.runner });
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  /** First process of a running container; throws OrdinalError `ORD_CONTAINER_NOT_RUNNING`. */
  get init(): ProcessIdentity {
    if (this.#init && !this.#record.outcome) return this.#init;
    const message = `container ${this.#record.id} (${this.#record.config.name}) is not running`;
    throw new OrdinalError('ORD_CONTAINER_NOT_RUNNING', message);
  }

  /** Starts it in `pod`. Throws OrdinalError if it can't be started; nothing of it runs then. */
  launch(pod: PodRecord): Promise<void> {
    this.#launching = this.#launch(pod);
    return this.#launching;
  }

  /** Goes on with a container that an earlier agent started (or was about to start). */
  adopt(): void {
    if (this.#record.outcome) {
      this.#readStart();
      this.#resolveEnded(this.#record.outcome.exitCode);
      return;
    }
    // An agent that died in between must not have its container started late.
    if (!readIdentity(join(this.dir, 'shim'))) rmSync(join(this.dir, 'start.sh'), { force: true });
    this.#follow();
  }

  /** SIGTERM (or its stop signal), after `graceSeconds` SIGKILL; resolves when it has ended. */
  async stop(graceSeconds: number): Promise<void> {
    const init = await this.#startedOrEnded();
    if (this.#record.outcome || !init) return;
    const { clock, driver } = this.#options;
    const kill = () => driver.killContainer(this.#record, init);
    if (graceSeconds <= 0) kill();
    else sendSignal(init.pid, stopSignal(this.#record.config.stopSignal));
    const timer = clock.schedule(graceSeconds * 1000, kill);
    await this.ended;
    timer.cancel();
  }

  status(): ContainerStatus {
    const { id, sandboxId, config, outcome } = this.#record;
    const running = this.#init !== undefined && outcome === undefined;
    return {
      id,
      sandboxId,
      name: config.name,
      attempt: config.attempt,
      state: outcome ? 'exited' : running ? 'running' : 'created',
      pid: running ? this.#init?.pid : undefined,
      startedAtMs: this.#startedAtMs,
      finishedAtMs: outcome?.finishedAtMs,
      exitCode: outcome?.exitCode,
      signal: undefined,
      reason: outcome?.reason,
      message: outcome?.message,
      logPath: config.logPath,
    };
  }

  /** Subscribes a client to its output; the first one of a young container misses nothing. */
  follow(listener: OutputListener): () => void {
    const ageMs = this.#options.clock.now() - (this.#startedAtMs ?? 0);
    const fromStart = this.#record.config.stdin && !this.#attached && ageMs < FIRST_ATTACH_MS_MAX;
    this.#attached = true;
    return this.log.subscribe(listener, { fromStart });
  }

  /** Lets go of it without stopping it. */
  release(): void {
    this.#phase = 'released';
    this.#watcher?.close();
    this.#timer?.cancel();
    this.log.close();
  }

  async #launch(pod: PodRecord): Promise<void> {
    const { driver } = this.#options;
    this.#save({ ...this.#record, cgroups: driver.createCgroups(this.#record) });
    const plan = driver.prepareContainer(pod, this.#record, this.dir);
    const { stdin: hasStdin, stdinOnce } = this.#record.config;
    const stdin = !hasStdin ? 'none' : stdinOnce ? 'once' : 'always';
    const child = await launchShim({ runner: driver.runner, dir: this.dir, plan, stdin });
    child.once('exit', () => this.#check());
    this.#follow();
    await this.#programRunning();
  }

  /** Its first process; undefined when there never was one and never will be. */
  async #startedOrEnded(): Promise<ProcessIdentity | undefined> {
    // Whoever launches it deals with a failure.
    await this.#launching?.catch(() => {});
    while (this.#phase === 'following' && !this.#init) {
      await sleep(this.#options.clock, START_POLL_MS);
      this.#check();
    }
    if (this.#phase === 'ending') await this.ended;
    return this.#init;
  }

  #follow(): void {
    this.#phase = 'following';
    this.#followedSinceMs = this.#options.clock.now();
    this.#readStart();
    this.log.open();
    try {
      this.#watcher = watch(this.dir, { persistent: false }, (_event, file) => {
        if (file === 'out' || file === 'err') this.log.pump();
        else if (file === 'exit') this.#check();
      });
      this.#watcher.on('error', () => {});
    } catch (error) {
      // Out of inotify watches: the timer below still notices everything, only later.
      this.#options.logger.warn('container directory not watched', { error: String(error) });
    }
    this.#check();
  }

  /**
   * Waits until the helpers that change user and environment have made way for the program: before
   * that, an exec would find process 1 with another user.
   */
  async #programRunning(): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.now() + PROGRAM_WAIT_MS_MAX;
    const onTheWay = () =>
      isAlive(this.#init) && isHelper(readText(`/proc/${this.#init?.pid}/cmdline`));
    while (onTheWay() && clock.now() < deadlineMs) await sleep(clock, PROGRAM_POLL_MS);
  }

  #readStart(): void {
    this.#init = readIdentity(join(this.dir, 'init'));
    if (this.#init) this.#startedAtMs = Math.round(statSync(join(this.dir, 'init')).mtimeMs);
  }

  #check(): void {
    if (this.#phase !== 'following' || this.#record.outcome) return;
    if (!this.#init) this.#readStart();
    this.log.pump();
    const outcome = this.#observe();
    if (outcome) {
      const { logger } = this.#options;
      this.#end(outcome).catch((error: unknown) => {
        logger.error('end of container not recorded', { error: errorMessage(error) });
      });
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(LIVENESS_CHECK_MS, () => this.#check());
  }

  /** How it ended, or undefined while it runs. */
  #observe(): Outcome | undefined {
    // In this order: the shim writes the exit code just before it ends.
    const shim = readIdentity(join(this.dir, 'shim'));
    const shimAlive = isAlive(shim) || (!shim && this.#mayStillStart());
    const exit = readExit(join(this.dir, 'exit'));
    if (exit) return this.#outcome(exit);
    if (shimAlive) return undefined;
    return this.#lost();
  }

  /** An earlier agent may have started the shell that becomes the shim just before it died. */
  #mayStillStart(): boolean {
    return this.#options.clock.now() - this.#followedSinceMs < SHIM_WAIT_MS_MAX;
  }

  #outcome({ exitCode, finishedAtMs }: { exitCode: number; finishedAtMs: number }): Outcome {
    const failure = setupFailure(this.dir);
    if (failure !== undefined) return notStarted(failure, finishedAtMs);
    const oomKilled = exitCode !== 0 && this.#options.driver.wasOomKilled(this.#record);
    const reason = oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    return { exitCode, reason, message: undefined, finishedAtMs };
  }

  #lost(): Outcome {
    const finishedAtMs = this.#options.clock.now();
    if (!this.#init) return notStarted('the node agent ended while starting it', finishedAtMs);
    if (isAlive(this.#init)) this.#options.driver.killContainer(this.#record, this.#init);
    return {
      exitCode: EXIT_CODE_KILLED,
      reason: 'ContainerStatusUnknown',
      message: 'The process that waited for the container was killed or the machine restarted',
      finishedAtMs,
    };
  }

  async #end(outcome: Outcome): Promise<void> {
    this.#phase = 'ending';
    this.#options.driver.sweepContainer(this.#record);
    releaseInput(this.dir);
    await this.log.finish();
    this.#watcher?.close();
    this.#timer?.cancel();
    this.#save({ ...this.#record, outcome });
    // The outcome knows all that control groups could tell; a stopped server leaves none behind.
    await this.#options.driver.cleanUpContainer(this.#record);
    this.#resolveEnded(outcome.exitCode);
    this.#options.onChange(this.#record.id);
  }

  #save(record: ContainerRecord): void {
    writeRecord(join(this.dir, 'container.json'), record);
    this.#record = record;
  }
}

/** Command lines of what shim.ts and the drivers put before a container's program. */
function isHelper(commandLine: string): boolean {
  return /^(sh\0[^\0]*\/start\.sh\0$|unshare\0|setpriv\0|env\0-i\0)/.test(commandLine);
}

function notStarted(message: string, finishedAtMs: number): Outcome {
  return { exitCode: EXIT_CODE_NOT_STARTED, reason: 'StartError', message, finishedAtMs };
}

/** What the shim wrote, or undefined while the file is empty; the end is the file's mtime. */
function readExit(path: string): { exitCode: number; finishedAtMs: number } | undefined {
  const exitCode = Number.parseInt(readText(path), 10);
  if (Number.isNaN(exitCode)) return undefined;
  return { exitCode, finishedAtMs: Math.round(statSync(path).mtimeMs) };
}

function stopSignal(name: string | undefined): NodeJS.Signals {
  return (name ?? 'SIGTERM') as NodeJS.Signals;
}
