// Init containers run one after the other; sidecars among them keep running beside the rest.
import type { Container } from '../../api/generated/types.ts';
import type { ActionList } from './action-list.ts';
import { policyAllowsRestart } from './plan-restart.ts';
import { stopIfFaulty } from './plan-running.ts';
import { isSidecar, newestContainer } from './pod-snapshot.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';

/** `done`: the other containers may start. `failed`: they never will. */
export type InitProgress = 'done' | 'busy' | 'failed';

interface Step {
  readonly snapshot: PodSnapshot;
  readonly container: Container;
  readonly latest: ContainerView | undefined;
}

/** True once the containers after this running sidecar may start. */
function sidecarUp({ snapshot, container, latest }: Step): boolean {
  if (latest === undefined || latest.state !== 'running') return false;
  if (snapshot.stopping.has(latest.id) || snapshot.hooking.has(latest.id)) return false;
  if (container.startupProbe === undefined) return true;
  return snapshot.probes.get(latest.id)?.startup === true;
}

function planSidecar(actions: ActionList, step: Step): InitProgress {
  const { snapshot, container, latest } = step;
  if (latest === undefined || latest.state === 'exited') {
    actions.start(container);
    return 'busy';
  }
  if (latest.state !== 'running') return 'busy';
  if (stopIfFaulty(actions, { snapshot, container, running: latest })) return 'busy';
  return sidecarUp(step) ? 'done' : 'busy';
}

function planInitContainer(actions: ActionList, step: Step): InitProgress {
  const { snapshot, container, latest } = step;
  if (latest === undefined) {
    actions.start(container);
    return 'busy';
  }
  if (latest.state !== 'exited') return 'busy';
  if (latest.exitCode === 0) return 'done';
  if (!policyAllowsRestart(snapshot.pod, latest)) return 'failed';
  actions.start(container);
  return 'busy';
}

/**
 * Init containers of a pod whose sandbox is up. Once one of the other containers exists, only
 * sidecars are looked after.
 */
export function planInit(
  actions: ActionList,
  snapshot: PodSnapshot,
  sandboxId: string,
): InitProgress {
  const spec = snapshot.pod.spec;
  const initialized = (spec?.containers ?? []).some(
    ({ name }) => newestContainer(snapshot, name, sandboxId) !== undefined,
  );
  for (const container of spec?.initContainers ?? []) {
    const latest = newestContainer(snapshot, container.name, sandboxId);
    const step = { snapshot, container, latest };
    if (isSidecar(container)) {
      const progress = planSidecar(actions, step);
      // A sidecar that fell over later does not hold up init containers that already run.
      if (!initialized && progress !== 'done') return progress;
    } else if (!initialized) {
      const progress = planInitContainer(actions, step);
      if (progress !== 'done') return progress;
    }
  }
  return 'done';
}
