// Stops one container gracefully: preStop hook, SIGTERM, SIGKILL, all within one deadline that a
// second, shorter request can bring forward.
import type { Container, Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { runLifecycleHook } from './lifecycle-hook.ts';
import type { PodEvents } from './pod-events.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';

export interface ContainerStopOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  readonly userAgent: string;
}

export interface ContainerStopRequest {
  readonly pod: Pod;
  /** Undefined if the pod's definition no longer has it. */
  readonly container: Container | undefined;
  readonly containerId: string;
  readonly name: string;
  readonly podIP: string;
  readonly message: string;
  /** 0: kill at once, without hook. */
  readonly graceSeconds: number;
}

/** Even when the hook used up the whole grace period, as a kubelet does. */
const GRACE_SECONDS_MIN = 2;

export class ContainerStop {
  readonly #options: ContainerStopOptions;
  readonly #request: ContainerStopRequest;
  readonly #abort = new AbortController();
  #deadlineMs: number;
  #signalled = false;
  #atOnce: boolean;

  constructor(options: ContainerStopOptions, request: ContainerStopRequest) {
    this.#options = options;
    this.#request = request;
    this.#atOnce = request.graceSeconds === 0;
    this.#deadlineMs = options.clock.now() + request.graceSeconds * 1000;
  }

  /** Resolves when the container has ended. */
  async run(): Promise<void> {
    const { pod, name, message, graceSeconds, containerId } = this.#request;
    this.#options.events.about(pod, name).normal('Killing', message);
    if (graceSeconds > 0) await this.#preStop();
    this.#signalled = true;
    await this.#options.runtime.stopContainer(containerId, this.#secondsLeft());
  }

  /** Brings the deadline forward; a later one than before changes nothing. */
  shorten(graceSeconds: number): void {
    const { clock, runtime, logger } = this.#options;
    const deadlineMs = clock.now() + graceSeconds * 1000;
    if (deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#atOnce = graceSeconds === 0;
    if (!this.#signalled) {
      clock.schedule(graceSeconds * 1000, () => this.#abort.abort());
      return;
    }
    runtime.stopContainer(this.#request.containerId, graceSeconds).catch((error: unknown) => {
      logger.warn('container not stopped', { error: errorMessage(error) });
    });
  }

  #secondsLeft(): number {
    if (this.#atOnce) return 0;
    const seconds = (this.#deadlineMs - this.#options.clock.now()) / 1000;
    return Math.max(seconds, GRACE_SECONDS_MIN);
  }

  async #preStop(): Promise<void> {
    const { pod, container, containerId, podIP, name } = this.#request;
    const handler = container?.lifecycle?.preStop;
    if (container === undefined || handler === undefined) return;
    const timeoutMs = Math.max(this.#deadlineMs - this.#options.clock.now(), 0);
    const { signal } = this.#abort;
    const target = { container, containerId, podIP, timeoutMs, signal };
    const hook = runLifecycleHook(this.#options, handler, target).catch((error: unknown) => {
      const message = `PreStopHook failed: ${errorMessage(error)}`;
      this.#options.events.about(pod, name).warning('FailedPreStopHook', message);
    });
    await Promise.race([hook, this.#deadline(timeoutMs)]);
  }

  /** Resolves at the deadline, or earlier when it is brought forward. */
  #deadline(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.schedule(timeoutMs, resolve);
      this.#abort.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
