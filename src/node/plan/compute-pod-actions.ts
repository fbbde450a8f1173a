// Decides what has to be done about one pod now (upstream: computePodActions). Pure: the pod worker
// carries the actions out and asks again whenever something has changed.
import type { Container, Pod } from '../../api/generated/types.ts';
import { parseTime } from '../../base/time.ts';
import { ActionList } from './action-list.ts';
import { planEnding } from './plan-ending.ts';
import { planInit } from './plan-init.ts';
import { policyAllowsRestart } from './plan-restart.ts';
import { stopIfFaulty } from './plan-running.ts';
import { NO_ACTIONS, earliest } from './pod-actions.ts';
import type { PodActions } from './pod-actions.ts';
import { newestContainer } from './pod-snapshot.ts';
import type { PodSnapshot, SandboxView } from './pod-snapshot.ts';

/** True for a pod that must not run (any more), whatever its containers do. */
function mustEnd({ pod, gone, verdict }: PodSnapshot): boolean {
  const phase = pod.status?.phase;
  return (
    gone ||
    verdict !== undefined ||
    pod.metadata.deletionTimestamp !== undefined ||
    phase === 'Failed' ||
    phase === 'Succeeded'
  );
}

/** When the pod runs out of spec.activeDeadlineSeconds, in milliseconds since the epoch. */
export function deadlineOf(pod: Pod): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  const startMs = parseTime(pod.status?.startTime);
  if (seconds === undefined || startMs === undefined) return undefined;
  return startMs + seconds * 1000;
}

/** True if the container's last attempt means that it is never started again. */
function isFinished(snapshot: PodSnapshot, container: Container): boolean {
  const last = newestContainer(snapshot, container.name);
  return last?.state === 'exited' && !policyAllowsRestart(snapshot.pod, last);
}

/** The pod has no working sandbox: makes one if there is still something to run. */
function planSandbox(snapshot: PodSnapshot): PodActions {
  const spec = snapshot.pod.spec;
  const lost = snapshot.containers.filter(({ state }) => state !== 'exited');
  if (lost.length > 0) {
    const actions = new ActionList(snapshot);
    for (const container of lost)
      actions.stop(container, 'Pod sandbox changed, it will be killed and re-created.', 0);
    return actions.actions();
  }
  const started = snapshot.containers.length > 0;
  if (started && spec?.restartPolicy === 'Never') return planEnding(snapshot);
  const left = (spec?.containers ?? []).filter((container) => !isFinished(snapshot, container));
  return left.length === 0 ? planEnding(snapshot) : { ...NO_ACTIONS, createSandbox: true };
}

/** Containers proper. Returns false if nothing of them runs or ever will again. */
function planContainers(actions: ActionList, snapshot: PodSnapshot, sandbox: SandboxView): boolean {
  let alive = false;
  for (const container of snapshot.pod.spec?.containers ?? []) {
    const latest = newestContainer(snapshot, container.name, sandbox.id);
    if (latest !== undefined && latest.state !== 'exited') {
      alive = true;
      if (latest.state === 'running') {
        stopIfFaulty(actions, { snapshot, container, running: latest });
        // A hook holds up the containers after it.
        if (snapshot.hooking.has(latest.id)) break;
      } else if (latest.state === 'unknown') {
        actions.stop(latest, `Container ${latest.name} is in unknown state`, 0);
      }
    } else if (!isFinished(snapshot, container)) {
      alive = true;
      actions.start(container);
    }
  }
  return alive;
}

/** The next actions for the pod; see PodActions. Throws nothing, changes nothing. */
export function computePodActions(snapshot: PodSnapshot): PodActions {
  if (mustEnd(snapshot)) return planEnding(snapshot);
  const sandbox = snapshot.sandboxes.find(({ ready }) => ready);
  const actions = sandbox === undefined ? planSandbox(snapshot) : planPod(snapshot, sandbox);
  if (actions.ending) return actions;
  return { ...actions, wakeAtMs: earliest(actions.wakeAtMs, deadlineOf(snapshot.pod)) };
}

function planPod(snapshot: PodSnapshot, sandbox: SandboxView): PodActions {
  const actions = new ActionList(snapshot);
  const progress = planInit(actions, snapshot, sandbox.id);
  if (progress === 'failed') return planEnding(snapshot);
  for (const container of snapshot.pod.spec?.ephemeralContainers ?? []) {
    if (newestContainer(snapshot, container.name) === undefined) actions.start(container);
  }
  if (progress === 'busy') return actions.actions();
  return planContainers(actions, snapshot, sandbox) ? actions.actions() : planEnding(snapshot);
}
