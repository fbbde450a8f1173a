// What the agent remembers about one pod between two looks at it, and the snapshot for the
// planners. Everything here may be lost with the agent: what must last is in the runtime and the
// API.
import type { Container, Pod } from '../api/generated/types.ts';
import { uidOf } from '../api/meta/object.ts';
import { containerIdText } from './plan/container-statuses.ts';
import type { ContainerView, PodSnapshot, PodVerdict, StartFailure } from './plan/pod-snapshot.ts';
import type { RestartBackoff } from './plan/restart-backoff.ts';
import type { PodDirectories } from './pod-directories.ts';
import type { ProbeManager } from './probe/probe-manager.ts';
import type { ContainerRuntime, ContainerStatus, PodSandbox } from './runtime/runtime.ts';
import { terminationMessage } from './termination-message.ts';

export interface PodStateOptions {
  readonly runtime: ContainerRuntime;
  readonly probes: ProbeManager;
  readonly directories: PodDirectories;
}

/** Every container of the pod's definition. */
export function allContainers(pod: Pod): Container[] {
  const { initContainers, containers, ephemeralContainers } = pod.spec ?? {};
  return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])];
}

export class PodState {
  readonly #options: PodStateOptions;
  readonly stopping = new Set<string>();
  readonly hooking = new Set<string>();
  readonly backoffs = new Map<string, RestartBackoff>();
  readonly startFailures = new Map<string, StartFailure>();
  /** Images that running containers were started for, by container id. */
  readonly images = new Map<string, string>();
  /** Termination messages by container id. */
  readonly #messages = new Map<string, string>();
  verdict: PodVerdict | undefined;

  constructor(options: PodStateOptions) {
    this.#options = options;
  }

  /** The pod's sandboxes, newest first. */
  sandboxes(podUid: string): PodSandbox[] {
    return this.#options.runtime
      .listPodSandboxes()
      .filter(({ uid }) => uid === podUid)
      .sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  containers(podUid: string): ContainerStatus[] {
    const ids = new Set(this.sandboxes(podUid).map(({ id }) => id));
    return this.#options.runtime.listContainers().filter(({ sandboxId }) => ids.has(sandboxId));
  }

  /**
   * Takes over from an earlier agent what the API still tells about containers that go on running.
   */
  recover(pod: Pod): void {
    const { runtime, probes } = this.#options;
    const { containerStatuses, initContainerStatuses } = pod.status ?? {};
    for (const { id, name, state } of this.containers(uidOf(pod))) {
      const status = [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])].find(
        ({ containerID }) => containerID === containerIdText(runtime.name, id),
      );
      if (status === undefined || state !== 'running') continue;
      this.images.set(id, status.image);
      const container = allContainers(pod).find((item) => item.name === name);
      const startup = status.started === true && container?.startupProbe ? true : undefined;
      const readiness = status.ready && container?.readinessProbe ? true : undefined;
      probes.seed(uidOf(pod), id, { startup, readiness });
    }
  }

  /** Reads the messages of containers that have ended since the last time. */
  async readMessages(pod: Pod): Promise<void> {
    const podUid = uidOf(pod);
    for (const { id, name, attempt, state, logPath, exitCode } of this.containers(podUid)) {
      if (state !== 'exited' || this.#messages.has(id)) continue;
      const file = this.#options.directories.terminationMessage(podUid, { name, attempt });
      const container = allContainers(pod).find((item) => item.name === name);
      const input = { container, file, logPath, exitCode: exitCode ?? 0 };
      this.#messages.set(id, await terminationMessage(input));
    }
  }

  /** Drops what belongs to containers that are no more. */
  prune(podUid: string): void {
    const ids = new Set(this.containers(podUid).map(({ id }) => id));
    for (const map of [this.images, this.#messages]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }

  snapshot(pod: Pod, { gone, nowMs }: { gone: boolean; nowMs: number }): PodSnapshot {
    const podUid = uidOf(pod);
    return {
      pod,
      sandboxes: this.sandboxes(podUid),
      containers: this.containers(podUid).map((status) => this.#view(status)),
      probes: this.#options.probes.results(podUid),
      stopping: this.stopping,
      hooking: this.hooking,
      backoffs: this.backoffs,
      startFailures: this.startFailures,
      verdict: this.verdict,
      gone,
      nowMs,
    };
  }

  #view(status: ContainerStatus): ContainerView {
    const message = status.message ?? this.#messages.get(status.id);
    return { ...status, message, image: this.images.get(status.id) };
  }
}
