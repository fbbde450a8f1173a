// What a planner may ask for: data only, carried out by the pod worker.
import type { Container } from '../../api/generated/types.ts';
import type { RestartBackoff } from './restart-backoff.ts';

export interface ContainerStart {
  readonly container: Container;
  readonly attempt: number;
  /** Remembered when the container is started. */
  readonly backoff: RestartBackoff | undefined;
}

export interface ContainerStop {
  readonly containerId: string;
  readonly name: string;
  /** The sentence of the `Killing` event. */
  readonly message: string;
  /** Seconds; undefined: the pod's own grace period. */
  readonly graceSeconds: number | undefined;
}

/** A container that ended and waits for its restart. */
export interface ContainerWait {
  readonly container: Container;
  readonly containerId: string;
  readonly message: string;
  readonly untilMs: number;
}

export interface PodActions {
  readonly stop: readonly ContainerStop[];
  /** Sandboxes in which nothing may run any more. */
  readonly stopSandboxes: readonly string[];
  readonly createSandbox: boolean;
  /** In order; a container whose start fails does not hold up the next one. */
  readonly start: readonly ContainerStart[];
  readonly waits: readonly ContainerWait[];
  /** Plan again no later than this. */
  readonly wakeAtMs: number | undefined;
  /** Nothing of the pod will run again. */
  readonly ending: boolean;
  /** `ending`, and nothing runs any more: the phase is final. */
  readonly ended: boolean;
}

export const NO_ACTIONS: PodActions = {
  stop: [],
  stopSandboxes: [],
  createSandbox: false,
  start: [],
  waits: [],
  wakeAtMs: undefined,
  ending: false,
  ended: false,
};

/** The earlier of two times, either of which may be absent. */
export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
