// How a pod ends: its containers first, then its sidecars one by one in reverse order, then the
// sandbox.
import { isSidecar } from './pod-snapshot.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';
import { NO_ACTIONS } from './pod-actions.ts';
import type { ContainerStop, PodActions } from './pod-actions.ts';

/** The sentence of the event when a container is stopped for its pod's sake. */
export function stoppingMessage(name: string): string {
  return `Stopping container ${name}`;
}

function stopOf(container: ContainerView, graceSeconds: number | undefined): ContainerStop {
  return {
    containerId: container.id,
    name: container.name,
    message: stoppingMessage(container.name),
    graceSeconds,
  };
}

/** Containers to stop now, given all that still run. */
function nextToStop(snapshot: PodSnapshot, running: readonly ContainerView[]): ContainerView[] {
  const sidecars = (snapshot.pod.spec?.initContainers ?? []).filter(isSidecar);
  const sidecarNames = new Set(sidecars.map((container) => container.name));
  const others = running.filter((container) => !sidecarNames.has(container.name));
  if (others.length > 0 || snapshot.gone) return snapshot.gone ? [...running] : others;
  const order = sidecars.map((container) => container.name);
  const last = Math.max(...running.map((container) => order.indexOf(container.name)));
  return running.filter((container) => container.name === order[last]);
}

/** The actions of a pod that must not run any more; `ended` once nothing of it runs. */
export function planEnding(snapshot: PodSnapshot): PodActions {
  const running = snapshot.containers.filter((container) => container.state !== 'exited');
  const grace = snapshot.gone ? 0 : undefined;
  if (running.length > 0) {
    const stop = nextToStop(snapshot, running)
      .filter((container) => !snapshot.stopping.has(container.id))
      .map((container) => stopOf(container, grace));
    return { ...NO_ACTIONS, stop, ending: true };
  }
  const stopSandboxes = snapshot.sandboxes.filter(({ ready }) => ready).map(({ id }) => id);
  return { ...NO_ACTIONS, stopSandboxes, ending: true, ended: stopSandboxes.length === 0 };
}
