// Ends everything that the runtimes of stopped nodes still run.
import type { Pod } from '../api/generated/types.ts';
import { uidOf } from '../api/meta/object.ts';
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { EmbeddedNode } from '../embedded.ts';
import { ContainerStop } from '../node/container-stop.ts';
import { createPodEvents } from '../node/pod-events.ts';
import type { ContainerRuntime, ContainerStatus } from '../node/runtime/runtime.ts';

/** Time that a container has after SIGTERM when its pod does not say, in seconds. */
const GRACE_SECONDS = 30;

export interface StopPodsOptions {
  readonly nodes: readonly EmbeddedNode[];
  /** What is known of the pods: their grace periods and preStop hooks count. */
  readonly pods: readonly Pod[];
  readonly logger: Logger;
}

/**
 * Stops all containers gracefully, then their sandboxes; the pods' objects stay and start again
 * later.
 */
export async function stopPods({ nodes, pods, logger }: StopPodsOptions): Promise<void> {
  const byUid = new Map(pods.map((pod) => [uidOf(pod), pod]));
  await Promise.all(
    nodes.map(async ({ runtime }) => {
      await runtime.start();
      const running = runtime.listContainers().filter(({ state }) => state === 'running');
      await Promise.all(running.map((status) => stopContainer(runtime, status, { byUid, logger })));
      await Promise.all(runtime.listPodSandboxes().map(({ id }) => runtime.stopPodSandbox(id)));
      await runtime.stop();
    }),
  );
}

async function stopContainer(
  runtime: ContainerRuntime,
  { id, name, sandboxId }: ContainerStatus,
  { byUid, logger }: { byUid: ReadonlyMap<string, Pod>; logger: Logger },
): Promise<void> {
  const sandbox = runtime.listPodSandboxes().find((candidate) => candidate.id === sandboxId);
  const pod = sandbox && byUid.get(sandbox.uid);
  if (pod === undefined) return await runtime.stopContainer(id, GRACE_SECONDS);
  // Nobody could read events: the API is stopped already.
  const events = createPodEvents({ event() {} });
  const tools = { runtime, clock: systemClock, logger, events, userAgent: 'kube-probe/ordinal' };
  const { containers, initContainers = [], terminationGracePeriodSeconds } = pod.spec ?? {};
  await new ContainerStop(tools, {
    pod,
    container: [...(containers ?? []), ...initContainers].find((known) => known.name === name),
    containerId: id,
    name,
    podIP: sandbox?.ip ?? '',
    message: '',
    graceSeconds: terminationGracePeriodSeconds ?? GRACE_SECONDS,
  }).run();
}
