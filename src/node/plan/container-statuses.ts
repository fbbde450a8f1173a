// The status of each container as the API shows it, from what the runtime knows and what the API
// showed before.
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStateWaiting,
  ContainerStatus,
  PodStatus,
} from '../../api/generated/types.ts';
import { formatTime } from '../../base/time.ts';
import { policyAllowsRestart } from './plan-restart.ts';
import { isSidecar, newestContainer, previousContainer } from './pod-snapshot.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';
import type { ContainerWait } from './pod-actions.ts';

/** Without an image store the host's file system is the image of every container. */
export const HOST_IMAGE_ID = 'host';

export interface StatusInput {
  readonly snapshot: PodSnapshot;
  /** Containers in back-off, as planned. */
  readonly waits: readonly ContainerWait[];
  /** What the API shows now. */
  readonly previous: PodStatus;
  /** Name of the runtime: the scheme of container ids. */
  readonly runtimeName: string;
  readonly hostIP: string;
  /** True once nothing of the pod runs or will run again. */
  readonly ended: boolean;
}

interface ContainerInput {
  readonly input: StatusInput;
  readonly container: Container;
  readonly kind: 'init' | 'main' | 'ephemeral';
  readonly previous: ContainerStatus | undefined;
}

/** `sandbox://<id>`. */
export function containerIdText(runtimeName: string, id: string): string {
  return `${runtimeName}://${id}`;
}

function timeField<K extends string>(key: K, ms: number | undefined): { [P in K]?: string } {
  return ms === undefined ? {} : ({ [key]: formatTime(ms) } as { [P in K]?: string });
}

function terminatedState(view: ContainerView, runtimeName: string): ContainerStateTerminated {
  const exitCode = view.exitCode ?? 137;
  const fallback = exitCode === 0 ? 'Completed' : 'Error';
  return {
    exitCode,
    ...(view.signal === undefined || view.signal === 0 ? {} : { signal: view.signal }),
    reason: view.reason ?? fallback,
    ...(view.message === undefined || view.message === '' ? {} : { message: view.message }),
    ...timeField('startedAt', view.startedAtMs),
    ...timeField('finishedAt', view.finishedAtMs),
    containerID: containerIdText(runtimeName, view.id),
  };
}

/** A container that the API showed as running or ended but that the runtime has lost. */
function lostState(previous: ContainerStatus): ContainerStateTerminated {
  return {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(previous.containerID === undefined ? {} : { containerID: previous.containerID }),
  };
}

function waitingState({ input, container, kind }: ContainerInput): ContainerStateWaiting {
  const failure = input.snapshot.startFailures.get(container.name);
  if (failure !== undefined) return { reason: failure.reason, message: failure.message };
  const initContainers = input.snapshot.pod.spec?.initContainers ?? [];
  const initializing = kind !== 'ephemeral' && initContainers.length > 0;
  return { reason: initializing ? 'PodInitializing' : 'ContainerCreating' };
}

interface States {
  state: ContainerState;
  lastState: ContainerState;
}

/** States of a container that the runtime does not know (yet, or any more). */
function unknownStates(item: ContainerInput): States {
  const { input, previous } = item;
  if (previous?.state?.terminated !== undefined) {
    return { state: previous.state, lastState: previous.lastState ?? {} };
  }
  if (previous?.state?.running !== undefined) {
    const terminated = lostState(previous);
    if (input.ended) return { state: { terminated }, lastState: previous.lastState ?? {} };
    return { state: { waiting: waitingState(item) }, lastState: { terminated } };
  }
  return { state: { waiting: waitingState(item) }, lastState: previous?.lastState ?? {} };
}

/** A container that has ended: `terminated` for good, or `waiting` for its next start. */
function endedStates(item: ContainerInput, view: ContainerView): States {
  const { input, container, kind, previous } = item;
  const { snapshot, runtimeName, ended } = input;
  const terminated = terminatedState(view, runtimeName);
  const restarts =
    !ended &&
    kind !== 'ephemeral' &&
    snapshot.pod.metadata.deletionTimestamp === undefined &&
    (isSidecar(container) || policyAllowsRestart(snapshot.pod, view)) &&
    !(kind === 'init' && !isSidecar(container) && view.exitCode === 0);
  const wait = input.waits.find(({ containerId }) => containerId === view.id);
  const failure = snapshot.startFailures.get(container.name);
  if (restarts && (wait !== undefined || failure !== undefined)) {
    const waiting =
      wait === undefined
        ? waitingState(item)
        : { reason: 'CrashLoopBackOff', message: wait.message };
    return { state: { waiting }, lastState: { terminated } };
  }
  return { state: { terminated }, lastState: lastStateOf(item, view, previous) };
}

function lastStateOf(
  { input, container }: ContainerInput,
  view: ContainerView,
  previous: ContainerStatus | undefined,
): ContainerState {
  const before = previousContainer(input.snapshot, container.name, view.attempt);
  if (before?.state === 'exited') {
    return { terminated: terminatedState(before, input.runtimeName) };
  }
  // The runtime keeps few ended containers; the API still shows what it has forgotten.
  if (view.attempt === 0 || previous === undefined) return {};
  const id = containerIdText(input.runtimeName, view.id);
  if (previous.containerID === id) return previous.lastState ?? {};
  return previous.state?.terminated === undefined
    ? (previous.lastState ?? {})
    : { terminated: previous.state.terminated };
}

function statesOf(item: ContainerInput, view: ContainerView | undefined): States {
  if (view === undefined) return unknownStates(item);
  if (view.state === 'exited') return endedStates(item, view);
  const hooking = item.input.snapshot.hooking.has(view.id);
  const lastState = lastStateOf(item, view, item.previous);
  if (view.state !== 'running' || hooking) {
    return { state: { waiting: waitingState(item) }, lastState };
  }
  return { state: { running: { ...timeField('startedAt', view.startedAtMs) } }, lastState };
}

/**
 * Has the container started in the sense of the API: it runs and its startup probe has succeeded.
 */
function isStarted({ input, container }: ContainerInput, view: ContainerView): boolean {
  if (container.startupProbe === undefined) return true;
  return input.snapshot.probes.get(view.id)?.startup === true;
}

function isReady(item: ContainerInput, states: States, view: ContainerView | undefined): boolean {
  const { container, kind, input } = item;
  if (kind === 'init' && !isSidecar(container)) return states.state.terminated?.exitCode === 0;
  if (view === undefined || states.state.running === undefined) return false;
  if (!isStarted(item, view)) return false;
  if (container.readinessProbe === undefined) return true;
  return input.snapshot.probes.get(view.id)?.readiness === true;
}

function statusOf(item: ContainerInput): ContainerStatus {
  const { input, container, previous } = item;
  const view = newestContainer(input.snapshot, container.name);
  const states = statesOf(item, view);
  const running = states.state.running !== undefined && view !== undefined;
  const containerID =
    view === undefined ? previous?.containerID : containerIdText(input.runtimeName, view.id);
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: view === undefined ? (previous?.imageID ?? '') : HOST_IMAGE_ID,
    ...(containerID === undefined ? {} : { containerID }),
    restartCount: Math.max(view?.attempt ?? 0, previous?.restartCount ?? 0),
    started: running && isStarted(item, view),
    ready: isReady(item, states, view),
    state: states.state,
    lastState: states.lastState,
  };
}

/** Statuses of the given containers, in the order of the spec. */
export function containerStatuses(
  input: StatusInput,
  kind: 'init' | 'main' | 'ephemeral',
): ContainerStatus[] {
  const { spec } = input.snapshot.pod;
  const { previous } = input;
  const [containers, before] = {
    init: [spec?.initContainers, previous.initContainerStatuses],
    main: [spec?.containers, previous.containerStatuses],
    ephemeral: [spec?.ephemeralContainers, previous.ephemeralContainerStatuses],
  }[kind] as [Container[] | undefined, ContainerStatus[] | undefined];
  return (containers ?? []).map((container) => {
    const old = before?.find(({ name }) => name === container.name);
    return statusOf({ input, container, kind, previous: old });
  });
}
