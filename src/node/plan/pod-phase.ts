// The phase of a pod from the states of its containers (upstream: getPhase).
import type { ContainerStatus, PodSpec } from '../../api/generated/types.ts';
import { isSidecar } from './pod-snapshot.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  readonly spec: PodSpec;
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
  /** True once nothing of the pod runs or will run again. */
  readonly ended: boolean;
}

interface Counts {
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
}

function count(statuses: readonly ContainerStatus[]): Counts {
  const counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of statuses) {
    if (state?.running !== undefined) counts.running++;
    else if (state?.terminated !== undefined) {
      counts.stopped++;
      if (state.terminated.exitCode === 0) counts.succeeded++;
    } else if (lastState?.terminated !== undefined) counts.stopped++;
    else counts.waiting++;
  }
  return counts;
}

/** Has any of the containers proper run at some time? */
export function hasStarted(statuses: readonly ContainerStatus[]): boolean {
  return statuses.some(
    ({ state, lastState }) =>
      state?.running !== undefined ||
      state?.terminated !== undefined ||
      lastState?.terminated !== undefined,
  );
}

type InitState = 'pending' | 'failed' | 'done';

function initState({ state, lastState }: ContainerStatus): InitState {
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (ended === undefined) return 'pending';
  return ended.exitCode === 0 ? 'done' : 'failed';
}

/**
 * Init containers proper that are pending or have failed; sidecars that are not up yet are
 * pending.
 */
function initialization({ spec, initStatuses, statuses }: PhaseInput): {
  pending: boolean;
  failed: boolean;
} {
  let pending = false;
  let failed = false;
  for (const container of spec.initContainers ?? []) {
    const status = initStatuses.find(({ name }) => name === container.name);
    if (isSidecar(container)) {
      const down = status?.started !== true && status?.state?.terminated === undefined;
      if (down && !hasStarted(statuses)) pending = true;
    } else {
      const state = status === undefined ? 'pending' : initState(status);
      if (state === 'pending' && !hasStarted(statuses)) pending = true;
      if (state === 'failed') failed = true;
    }
  }
  return { pending, failed };
}

/** The pod's phase; the caller keeps phases that are final already. */
export function podPhase(input: PhaseInput): PodPhase {
  const { spec, initStatuses, statuses, ended } = input;
  const { pending, failed } = initialization(input);
  if (failed && (spec.restartPolicy === 'Never' || ended)) return 'Failed';
  const sidecars = initStatuses.filter(({ name }) =>
    (spec.initContainers ?? []).some((init) => init.name === name && isSidecar(init)),
  );
  const counts = count(statuses);
  const running = counts.running + count(sidecars).running;
  // Deleted before it ever ran: there is no phase for that, upstream calls it failed.
  if (ended && (pending || counts.waiting > 0)) return 'Failed';
  if (pending || counts.waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  const policy = spec.restartPolicy ?? 'Always';
  if (!ended && policy === 'Always') return 'Running';
  if (counts.stopped === counts.succeeded) return 'Succeeded';
  return ended || policy === 'Never' ? 'Failed' : 'Running';
}
