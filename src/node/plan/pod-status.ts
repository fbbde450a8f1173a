// The whole status of a pod as its node reports it (upstream: generateAPIPodStatus).
import type { PodStatus } from '../../api/generated/types.ts';
import { formatTime } from '../../base/time.ts';
import { containerStatuses } from './container-statuses.ts';
import type { StatusInput } from './container-statuses.ts';
import { podConditions } from './pod-conditions.ts';
import { podPhase } from './pod-phase.ts';
import type { PodPhase } from './pod-phase.ts';
import type { PodSnapshot } from './pod-snapshot.ts';

export type { StatusInput } from './container-statuses.ts';

function phaseOf(
  input: StatusInput,
  parts: Pick<PodStatus, 'containerStatuses' | 'initContainerStatuses'>,
): PodPhase {
  const { snapshot, previous, ended } = input;
  if (previous.phase === 'Failed' || previous.phase === 'Succeeded') return previous.phase;
  if (snapshot.verdict !== undefined) return 'Failed';
  return podPhase({
    spec: snapshot.pod.spec ?? { containers: [] },
    initStatuses: parts.initContainerStatuses ?? [],
    statuses: parts.containerStatuses ?? [],
    ended,
  });
}

function verdictOf(
  { verdict }: PodSnapshot,
  previous: PodStatus,
): Pick<PodStatus, 'reason' | 'message'> {
  const { reason, message } = verdict ?? previous;
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

/** Addresses are those of the newest sandbox that is up; an ended pod keeps the last one shown. */
function addresses({ snapshot, previous, hostIP }: StatusInput): PodStatus {
  const sandbox = snapshot.sandboxes.find((item) => item.ready && item.ip !== '');
  const hostNetwork = snapshot.pod.spec?.hostNetwork === true;
  const podIP = hostNetwork ? hostIP : (sandbox?.ip ?? previous.podIP);
  return {
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
  };
}

/** The new status; fields that others own (`qosClass`, foreign conditions …) are kept. */
export function podStatus(input: StatusInput): PodStatus {
  const { snapshot, previous } = input;
  const { pod, nowMs } = snapshot;
  const init = containerStatuses(input, 'init');
  const ephemeral = containerStatuses(input, 'ephemeral');
  const parts = {
    containerStatuses: containerStatuses(input, 'main'),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
  const phase = phaseOf(input, parts);
  const { generation } = pod.metadata;
  const conditions = podConditions({
    spec: pod.spec ?? { containers: [] },
    phase,
    initStatuses: init,
    statuses: parts.containerStatuses,
    sandboxReady: snapshot.sandboxes.some((item) => item.ready && item.ip !== ''),
    previous,
    generation,
    nowMs,
  });
  return {
    ...previous,
    ...parts,
    ...addresses(input),
    ...verdictOf(snapshot, previous),
    phase,
    conditions,
    startTime: previous.startTime ?? formatTime(nowMs),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
