// Carries out the actions planned for one pod.
import { rm } from 'node:fs/promises';
import type { Pod } from '../api/generated/types.ts';
import { uidOf } from '../api/meta/object.ts';
import { backoffMs } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { ContainerStartError } from './container-error.ts';
import type { ContainerLauncher } from './container-launcher.ts';
import { ContainerStop } from './container-stop.ts';
import { runLifecycleHook } from './lifecycle-hook.ts';
import type { PodFacts } from './plan/field-ref.ts';
import type { DnsContext } from './plan/pod-dns.ts';
import type {
  ContainerStart,
  ContainerStop as PlannedStop,
  PodActions,
} from './plan/pod-actions.ts';
import { RESTART_BACKOFF } from './plan/restart-backoff.ts';
import type { PodDirectories } from './pod-directories.ts';
import type { PodEvents } from './pod-events.ts';
import { podSandboxConfig } from './pod-sandbox-config.ts';
import { allContainers } from './pod-state.ts';
import type { PodState } from './pod-state.ts';
import type { ContainerRuntime, PodSandbox } from './runtime/runtime.ts';
import { VolumeError } from './volume/volume-error.ts';
import type { MountedVolumes, VolumeManager } from './volume/volume-manager.ts';

export interface PodRunnerOptions {
  readonly nodeName: string;
  readonly hostIP: string;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly dns: DnsContext;
  readonly runtime: ContainerRuntime;
  readonly volumes: VolumeManager;
  readonly launcher: ContainerLauncher;
  readonly directories: PodDirectories;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something the runner started has ended. */
  readonly poke: () => void;
}

const VOLUME_RETRY = { initialMs: 250, maxMs: 10_000 };
const SANDBOX_RETRY = { initialMs: 1000, maxMs: 10_000 };
const CONFIG_RETRY = { initialMs: 1000, maxMs: 10_000 };
const STOP_RETRY_MS = 1000;
/** Volumes made of API objects follow them this quickly. */
const VOLUME_REFRESH_MS = 60_000;
/** A postStart hook has no deadline of its own in the API; this one only frees a stuck agent. */
const POST_START_TIMEOUT_MS = 2 ** 31 - 1;
const ENDED_CONTAINERS_KEPT = 2;

export class PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #state: PodState;
  readonly #stops = new Map<string, ContainerStop>();
  /** Failed tries in a row, by what was tried. */
  readonly #failures = new Map<string, number>();
  #volumes: MountedVolumes | undefined;
  #refreshAtMs = 0;
  /** Labels and annotations that the volumes were made with: downward API files show them. */
  #mountedMetadata = '';

  constructor(options: PodRunnerOptions, state: PodState) {
    this.#options = options;
    this.#state = state;
  }

  /** Carries the actions out; returns when to look again at the latest. Does not wait for stops. */
  async apply(
    pod: Pod,
    actions: PodActions,
    { gone }: { gone: boolean },
  ): Promise<number | undefined> {
    this.#shortenStops(pod, gone);
    for (const stop of actions.stop) this.#stop(pod, stop);
    for (const id of actions.stopSandboxes) await this.#options.runtime.stopPodSandbox(id);
    if (actions.stopSandboxes.length > 0) this.#options.poke();
    if (actions.ending) return undefined;
    await this.#collectGarbage(pod);
    const volumeRetryMs = await this.#provideVolumes(pod);
    if (volumeRetryMs !== undefined && this.#volumes === undefined) return volumeRetryMs;
    if (actions.createSandbox) return this.#createSandbox(pod);
    for (const start of actions.start) {
      if (!(await this.#start(pod, start))) break;
    }
    return volumeRetryMs;
  }

  /** Frees the pod's volumes; its logs and ended containers stay. */
  async release(pod: Pod): Promise<void> {
    await this.#options.volumes.unmount(uidOf(pod));
    this.#volumes = undefined;
  }

  /** Removes everything that is left of the pod. */
  async erase(pod: Pod): Promise<void> {
    const { runtime, directories } = this.#options;
    for (const { id } of this.#state.sandboxes(uidOf(pod))) await runtime.removePodSandbox(id);
    await rm(directories.pod(uidOf(pod)), { recursive: true, force: true });
  }

  #facts(pod: Pod): PodFacts {
    const { hostIP, allocatable } = this.#options;
    return { podIP: this.#sandbox(pod)?.ip ?? '', hostIP, allocatable };
  }

  #sandbox(pod: Pod): PodSandbox | undefined {
    return this.#state.sandboxes(uidOf(pod)).find(({ ready }) => ready);
  }

  /** Mounts on first use, later keeps files in step. Returns when to try (again). */
  async #provideVolumes(pod: Pod): Promise<number | undefined> {
    const { clock, volumes, events } = this.#options;
    if ((pod.spec?.volumes ?? []).length === 0) {
      this.#volumes ??= new Map();
      return undefined;
    }
    const metadata = JSON.stringify([pod.metadata?.labels, pod.metadata?.annotations]);
    const isFresh = clock.now() < this.#refreshAtMs && metadata === this.#mountedMetadata;
    if (this.#volumes !== undefined && isFresh) return this.#refreshAtMs;
    this.#mountedMetadata = metadata;
    const running = this.#volumes !== undefined || this.#sandbox(pod) !== undefined;
    try {
      this.#volumes = await volumes.mount(pod, this.#facts(pod), { running });
      this.#failures.delete('volumes');
      this.#refreshAtMs = clock.now() + VOLUME_REFRESH_MS;
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      events.warning(pod, 'FailedMount', error.message);
      this.#refreshAtMs = clock.now() + this.#retryDelay('volumes', VOLUME_RETRY);
    }
    return this.#refreshAtMs;
  }

  #retryDelay(what: string, limits: { initialMs: number; maxMs: number }): number {
    const failures = this.#failures.get(what) ?? 0;
    this.#failures.set(what, failures + 1);
    return backoffMs(failures, limits);
  }

  async #createSandbox(pod: Pod): Promise<number | undefined> {
    const { runtime, events, clock } = this.#options;
    try {
      for (const { id } of this.#state.sandboxes(uidOf(pod))) await runtime.stopPodSandbox(id);
      await runtime.runPodSandbox(podSandboxConfig(pod, this.#options));
      this.#failures.delete('sandbox');
      this.#options.poke();
      return undefined;
    } catch (error) {
      const message = `Failed to create pod sandbox: ${errorMessage(error)}`;
      events.warning(pod, 'FailedCreatePodSandBox', message);
      return clock.now() + this.#retryDelay('sandbox', SANDBOX_RETRY);
    }
  }

  /** False if the containers after this one have to wait. */
  async #start(pod: Pod, { container, attempt, backoff }: ContainerStart): Promise<boolean> {
    const { launcher, dns } = this.#options;
    const sandbox = this.#sandbox(pod);
    if (sandbox === undefined || this.#volumes === undefined) return false;
    const { hostname } = podSandboxConfig(pod, { dns, nodeName: this.#options.nodeName });
    try {
      const status = await launcher.launch({
        pod,
        container,
        attempt,
        sandboxId: sandbox.id,
        hostname,
        facts: this.#facts(pod),
        volumes: this.#volumes,
      });
      this.#state.images.set(status.id, container.image ?? '');
      this.#state.startFailures.delete(container.name);
      this.#failures.delete(container.name);
      if (backoff !== undefined) this.#state.backoffs.set(container.name, backoff);
      this.#options.poke();
      if (container.lifecycle?.postStart === undefined) return true;
      this.#postStart(pod, container, status.id);
      return false;
    } catch (error) {
      if (!(error instanceof ContainerStartError)) throw error;
      this.#noteStartFailure(container.name, error);
      return true;
    }
  }

  #noteStartFailure(name: string, { reason, message }: ContainerStartError): void {
    const limits = reason === 'RunContainerError' ? RESTART_BACKOFF : CONFIG_RETRY;
    const retryAtMs = this.#options.clock.now() + this.#retryDelay(name, limits);
    this.#state.startFailures.set(name, { reason, message, retryAtMs });
    this.#options.poke();
  }

  /** Runs beside the container; it counts as started when the hook has ended well. */
  #postStart(pod: Pod, container: ContainerStart['container'], containerId: string): void {
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return;
    const { hooking } = this.#state;
    const podIP = this.#sandbox(pod)?.ip ?? '';
    const timeoutMs = POST_START_TIMEOUT_MS;
    hooking.add(containerId);
    runLifecycleHook(this.#options, handler, { container, containerId, podIP, timeoutMs })
      .catch((error: unknown) => {
        const message = `PostStartHook failed: ${errorMessage(error)}`;
        const about = this.#options.events.about(pod, container.name);
        about.warning('FailedPostStartHook', message);
        const name = container.name;
        this.#stop(pod, {
          containerId,
          name,
          message: 'FailedPostStartHook',
          graceSeconds: undefined,
        });
      })
      .finally(() => {
        hooking.delete(containerId);
        this.#options.poke();
      });
  }

  #graceSeconds(pod: Pod): number {
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const asked = deletionTimestamp === undefined ? undefined : deletionGracePeriodSeconds;
    return asked ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  #stop(pod: Pod, { containerId, name, message, graceSeconds }: PlannedStop): void {
    const { stopping } = this.#state;
    if (stopping.has(containerId)) return;
    const container = allContainers(pod).find((item) => item.name === name);
    const grace = graceSeconds ?? this.#graceSeconds(pod);
    const podIP = this.#sandbox(pod)?.ip ?? '';
    const request = { pod, container, containerId, name, podIP, message, graceSeconds: grace };
    const stop = new ContainerStop(this.#options, request);
    stopping.add(containerId);
    this.#stops.set(containerId, stop);
    this.#runStop(stop, containerId).catch((error: unknown) => {
      this.#options.logger.error('stop failed', { containerId, error: errorMessage(error) });
    });
  }

  async #runStop(stop: ContainerStop, containerId: string): Promise<void> {
    const { logger, clock, runtime, poke } = this.#options;
    await stop.run().catch((error: unknown) => {
      logger.warn('container not stopped', { containerId, error: errorMessage(error) });
    });
    const status = runtime.listContainers().find(({ id }) => id === containerId);
    if (status !== undefined && status.state !== 'exited') await sleep(clock, STOP_RETRY_MS);
    this.#stops.delete(containerId);
    this.#state.stopping.delete(containerId);
    poke();
  }

  /** A pod deleted again with less grace, or gone altogether, stops sooner. */
  #shortenStops(pod: Pod, gone: boolean): void {
    if (!gone && pod.metadata.deletionTimestamp === undefined) return;
    for (const stop of this.#stops.values()) stop.shorten(gone ? 0 : this.#graceSeconds(pod));
  }

  /** Keeps the last ended containers of each name, for `lastState` and `logs --previous`. */
  async #collectGarbage(pod: Pod): Promise<void> {
    const { runtime, directories } = this.#options;
    const podUid = uidOf(pod);
    const containers = this.#state.containers(podUid);
    for (const { id, name, attempt, state, logPath } of containers) {
      const later = containers.filter((other) => other.name === name && other.attempt > attempt);
      if (state !== 'exited' || later.length < ENDED_CONTAINERS_KEPT) continue;
      await runtime.removeContainer(id);
      await removeLogs(logPath);
      await rm(directories.terminationMessage(podUid, { name, attempt }), { force: true });
    }
    for (const sandbox of this.#state.sandboxes(podUid)) {
      const used = this.#state.containers(podUid).some((one) => one.sandboxId === sandbox.id);
      if (!sandbox.ready && !used) await runtime.removePodSandbox(sandbox.id);
    }
    this.#state.prune(podUid);
  }
}

/** As many as the runtime rotates through. */
const ROTATED_LOGS_MAX = 10;

async function removeLogs(logPath: string): Promise<void> {
  await rm(logPath, { force: true });
  for (let n = 1; n <= ROTATED_LOGS_MAX; n++) await rm(`${logPath}.${n}`, { force: true });
}
