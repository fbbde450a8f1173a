// Whether and when one container that does not run is started (again).
import type { Container, Pod } from '../../api/generated/types.ts';
import { newestContainer, podText } from './pod-snapshot.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';
import type { ContainerStart, ContainerWait } from './pod-actions.ts';
import { durationText, restartGate } from './restart-backoff.ts';

/** By the restart policy: `ended` is the container's last attempt. */
export function policyAllowsRestart(pod: Pod, ended: ContainerView): boolean {
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') return true;
  return policy === 'OnFailure' && ended.exitCode !== 0;
}

/** The message of a container that waits in CrashLoopBackOff. */
export function backOffMessage(pod: Pod, name: string, delayMs: number): string {
  const delay = durationText(delayMs);
  return `back-off ${delay} restarting failed container=${name} pod=${podText(pod)}`;
}

export type StartDecision =
  | { readonly kind: 'start'; readonly start: ContainerStart }
  | { readonly kind: 'wait'; readonly wait: ContainerWait }
  /** Its last start failed; nothing to say but when to look again. */
  | { readonly kind: 'later'; readonly untilMs: number };

/** Attempts that the API knows of although the runtime has lost them. */
function lostAttempts(pod: Pod, name: string): number {
  const { containerStatuses, initContainerStatuses } = pod.status ?? {};
  const status = [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])].find(
    (item) => item.name === name,
  );
  return status?.containerID === undefined ? 0 : status.restartCount + 1;
}

/** Starts `container`, or says until when that has to wait. */
export function decideStart(snapshot: PodSnapshot, container: Container): StartDecision {
  const { nowMs } = snapshot;
  const failure = snapshot.startFailures.get(container.name);
  if (failure !== undefined && nowMs < failure.retryAtMs) {
    return { kind: 'later', untilMs: failure.retryAtMs };
  }
  const last = newestContainer(snapshot, container.name);
  if (last === undefined) {
    const attempt = lostAttempts(snapshot.pod, container.name);
    return { kind: 'start', start: { container, attempt, backoff: undefined } };
  }
  const attempt = last.attempt + 1;
  const backoff = snapshot.backoffs.get(container.name);
  const gate = restartGate(backoff, { finishedAtMs: last.finishedAtMs ?? nowMs, nowMs });
  if (gate.open) return { kind: 'start', start: { container, attempt, backoff: gate.next } };
  const message = backOffMessage(snapshot.pod, container.name, gate.delayMs);
  const wait = { container, containerId: last.id, message, untilMs: gate.untilMs };
  return { kind: 'wait', wait };
}
