// Everything that is known about one pod at one moment: what the planners decide from.
// The shapes are the parts of runtime.ts that matter to them, so that planning stays pure.
import type { Container, Pod } from '../../api/generated/types.ts';
import type { RestartBackoff } from './restart-backoff.ts';

export interface SandboxView {
  readonly id: string;
  readonly ip: string;
  readonly createdAtMs: number;
  readonly ready: boolean;
}

export interface ContainerView {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly reason: string | undefined;
  /** Termination message, already read from its file or the log. */
  readonly message: string | undefined;
  /** The image it was started for; undefined if that is no longer known. */
  readonly image?: string | undefined;
}

/** Newest probe results of a container; undefined while there is none (or no probe). */
export interface ProbeResults {
  readonly startup: boolean | undefined;
  readonly liveness: boolean | undefined;
  readonly readiness: boolean | undefined;
}

/** Why the last try to start a container came to nothing. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
  /** Not tried again before this time. */
  readonly retryAtMs: number;
}

/** The pod as a whole was given up: admission refused it or its deadline has passed. */
export interface PodVerdict {
  readonly reason: string;
  readonly message: string;
}

export interface PodSnapshot {
  readonly pod: Pod;
  /** All sandboxes of the pod, newest first. */
  readonly sandboxes: readonly SandboxView[];
  /** All containers of the pod that the runtime still knows, of all attempts. */
  readonly containers: readonly ContainerView[];
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeResults>;
  /** Ids of containers that are being stopped. */
  readonly stopping: ReadonlySet<string>;
  /** Ids of containers whose postStart hook has not ended yet. */
  readonly hooking: ReadonlySet<string>;
  /** By container name. */
  readonly backoffs: ReadonlyMap<string, RestartBackoff>;
  /** By container name. */
  readonly startFailures: ReadonlyMap<string, StartFailure>;
  readonly verdict: PodVerdict | undefined;
  /** True once the object was deleted from the API: everything goes at once. */
  readonly gone: boolean;
  readonly nowMs: number;
}

/** The latest attempt of a container, in one sandbox if given. */
export function newestContainer(
  snapshot: PodSnapshot,
  name: string,
  sandboxId?: string,
): ContainerView | undefined {
  let newest: ContainerView | undefined;
  for (const container of snapshot.containers) {
    if (container.name !== name) continue;
    if (sandboxId !== undefined && container.sandboxId !== sandboxId) continue;
    if (newest === undefined || container.attempt > newest.attempt) newest = container;
  }
  return newest;
}

/** The latest attempt before `attempt`. */
export function previousContainer(
  snapshot: PodSnapshot,
  name: string,
  attempt: number,
): ContainerView | undefined {
  let previous: ContainerView | undefined;
  for (const container of snapshot.containers) {
    if (container.name !== name || container.attempt >= attempt) continue;
    if (previous === undefined || container.attempt > previous.attempt) previous = container;
  }
  return previous;
}

/** True for an init container that keeps running beside the others (a sidecar). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** True if the container has ended and was asked to do nothing more. */
export function hasEnded(container: ContainerView): boolean {
  return container.state === 'exited';
}

/** `web-0_default(uid)`: how a kubelet names a pod in its messages. */
export function podText(pod: Pod): string {
  const { name, namespace, uid } = pod.metadata;
  return `${name}_${namespace}(${uid})`;
}
