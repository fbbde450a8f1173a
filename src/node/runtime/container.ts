// One container's life as the agent sees it: derived from the files its shim writes, so that a
// container started by an earlier agent is followed exactly like one of our own.
import { rmSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.ts';
import { errorMessage, OrdinalError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { ContainerLog } from './container-log.ts';
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
import { launchShim, setupFailure } from './shim.ts';

/** How often to look for a shim that was killed: it can't tell, its exit file stays empty. */
const LIVENESS_CHECK_MS = 2000;
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
  /** `following` until its end is noticed or the agent lets go of it. */
  #phase: 'following' | 'ending' | 'released' = 'following';
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
  async launch(pod: PodRecord): Promise<void> {
    const { driver } = this.#options;
    this.#save({ ...this.#record, cgroups: driver.createCgroups(this.#record) });
    const plan = driver.prepareContainer(pod, this.#record, this.dir);
    const { stdin } = this.#record.config;
    const child = await launchShim({ runner: driver.runner, dir: this.dir, plan, stdin });
    child.once('exit', () => this.#check());
    this.#follow();
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
    if (this.#record.outcome || !this.#init) return;
    const { clock, driver } = this.#options;
    const init = this.#init;
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

  /** Lets go of it without stopping it. */
  release(): void {
    this.#phase = 'released';
    this.#watcher?.close();
    this.#timer?.cancel();
    this.log.close();
  }

  #follow(): void {
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

  #readStart(): void {
    this.#init = readIdentity(join(this.dir, 'init'));
    if (this.#init) this.#startedAtMs = Math.round(statSync(join(this.dir, 'init')).mtimeMs);
  }

  #check(): void {
    if (this.#phase !== 'following' || this.#record.outcome) return;
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
    const shimAlive = isAlive(readIdentity(join(this.dir, 'shim')));
    const exit = readExit(join(this.dir, 'exit'));
    if (exit) return this.#outcome(exit);
    if (shimAlive) return undefined;
    return this.#lost();
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
    await this.log.finish();
    this.#watcher?.close();
    this.#timer?.cancel();
    this.#save({ ...this.#record, outcome });
    this.#resolveEnded(outcome.exitCode);
    this.#options.onChange(this.#record.id);
  }

  #save(record: ContainerRecord): void {
    writeRecord(join(this.dir, 'container.json'), record);
    this.#record = record;
  }
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
