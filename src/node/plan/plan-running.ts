// What to do about a container that runs: leave it, or stop it because a probe failed or its
// definition changed.
import type { Container } from '../../api/generated/types.ts';
import type { ActionList } from './action-list.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';

/** Why a running container has to be stopped, and with which grace; undefined: leave it alone. */
function fault(
  snapshot: PodSnapshot,
  container: Container,
  running: ContainerView,
): { message: string; graceSeconds: number | undefined; always: boolean } | undefined {
  const { name, image, livenessProbe, startupProbe } = container;
  const probes = snapshot.probes.get(running.id);
  if (running.image !== undefined && image !== undefined && running.image !== image) {
    const message = `Container ${name} definition changed`;
    return { message, graceSeconds: undefined, always: true };
  }
  if (probes?.liveness === false) {
    const graceSeconds = livenessProbe?.terminationGracePeriodSeconds;
    return { message: `Container ${name} failed liveness probe`, graceSeconds, always: false };
  }
  if (probes?.startup === false) {
    const graceSeconds = startupProbe?.terminationGracePeriodSeconds;
    return { message: `Container ${name} failed startup probe`, graceSeconds, always: false };
  }
  return undefined;
}

/**
 * True if a running container was found faulty and is stopped; it is started again once it has
 * ended.
 */
export function stopIfFaulty(
  actions: ActionList,
  {
    snapshot,
    container,
    running,
  }: {
    snapshot: PodSnapshot;
    container: Container;
    running: ContainerView;
  },
): boolean {
  const found = fault(snapshot, container, running);
  if (found === undefined) return false;
  const sidecar = container.restartPolicy === 'Always';
  const restart = found.always || sidecar || snapshot.pod.spec?.restartPolicy !== 'Never';
  const message = restart ? `${found.message}, will be restarted` : found.message;
  actions.stop(running, message, found.graceSeconds);
  return true;
}
