// The STATUS, READY and RESTARTS of a pod: one story out of its phase, conditions and containers
// (API-820).
import type { ContainerStatus, Pod } from '../../api/generated/types.ts';
import { parseTime } from '../../base/time.ts';

export interface PodStory {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** When a container last ended before a restart, in milliseconds since the epoch. */
  readonly lastRestartMs: number | undefined;
}

interface Tally {
  restarts: number;
  lastRestartMs: number | undefined;
}

function count(tally: Tally, status: ContainerStatus): void {
  tally.restarts += status.restartCount;
  const ended = parseTime(status.lastState?.terminated?.finishedAt);
  if (ended !== undefined && ended > (tally.lastRestartMs ?? 0)) tally.lastRestartMs = ended;
}

function endText(prefix: string, { state }: ContainerStatus): string | undefined {
  const terminated = state?.terminated;
  if (!terminated) return undefined;
  if (terminated.reason) return `${prefix}${terminated.reason}`;
  return terminated.signal
    ? `${prefix}Signal:${terminated.signal}`
    : `${prefix}ExitCode:${terminated.exitCode}`;
}

function conditionIsTrue(pod: Pod, type: string): boolean {
  return (pod.status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

function phaseText(pod: Pod): string {
  const { phase = '', reason, conditions = [] } = pod.status ?? {};
  const gated = conditions.some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : reason || phase;
}

interface InitStory {
  /** Set while an init container is not done. */
  readonly reason: string | undefined;
  readonly ready: number;
  readonly all: Tally;
  /** Of containers that run beside the others only. */
  readonly sidecars: Tally;
}

function initText(status: ContainerStatus, index: number, total: number): string {
  const waiting = status.state?.waiting?.reason;
  return (
    endText('Init:', status) ??
    (waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`)
  );
}

function initStory(pod: Pod): InitStory {
  const specs = pod.spec?.initContainers ?? [];
  const sidecarNames = new Set(
    specs.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const all: Tally = { restarts: 0, lastRestartMs: undefined };
  const sidecars: Tally = { restarts: 0, lastRestartMs: undefined };
  let ready = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecarNames.has(status.name);
    count(all, status);
    if (isSidecar) count(sidecars, status);
    if (status.state?.terminated?.exitCode === 0) continue;
    if (isSidecar && status.started === true) {
      if (status.ready) ready += 1;
      continue;
    }
    return { reason: initText(status, index, specs.length), ready, all, sidecars };
  }
  return { reason: undefined, ready, all, sidecars };
}

interface MainStory {
  readonly reason: string | undefined;
  /** The last reason of a container that failed. */
  readonly failure: string | undefined;
  readonly ready: number;
}

function mainStory(pod: Pod, tally: Tally): MainStory {
  let reason: string | undefined;
  let failure: string | undefined;
  let ready = 0;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    count(tally, status);
    const waiting = status.state?.waiting?.reason;
    const text = waiting || endText('', status);
    if (text !== undefined && text !== '') reason = text;
    else if (status.ready && status.state?.running) ready += 1;
    if (!waiting && status.state?.terminated?.exitCode) failure = text;
  }
  return { reason, failure, ready };
}

function deletionText(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '') ? undefined : 'Terminating';
}

/** Some container has completed, but what of the others? */
function completedText(pod: Pod, { ready, failure }: MainStory): string {
  if (ready > 0 && conditionIsTrue(pod, 'Ready')) return 'Running';
  return failure ?? (ready > 0 ? 'NotReady' : 'Completed');
}

/** Reads the story of a pod. */
export function podStory(pod: Pod): PodStory {
  const init = initStory(pod);
  let reason = init.reason ?? phaseText(pod);
  let { ready, all: tally } = init;
  if (init.reason === undefined || conditionIsTrue(pod, 'Initialized')) {
    tally = { ...init.sidecars };
    const main = mainStory(pod, tally);
    ready += main.ready;
    reason = main.reason ?? reason;
    if (reason === 'Completed') reason = completedText(pod, main);
  }
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  return {
    ready,
    total: (pod.spec?.containers ?? []).length + sidecars.length,
    reason: deletionText(pod) ?? reason,
    ...tally,
  };
}
