// Ends everything that the runtimes of stopped nodes still run.
import type { EmbeddedNode } from '../embedded.ts';

/** Time that a container has after SIGTERM when nobody asks the API any more, in seconds. */
const GRACE_SECONDS = 30;

/**
 * Stops all containers gracefully, then their sandboxes; the pods' objects stay and start again
 * later.
 */
export async function stopPods(nodes: readonly EmbeddedNode[]): Promise<void> {
  await Promise.all(
    nodes.map(async ({ runtime }) => {
      await runtime.start();
      const running = runtime.listContainers().filter(({ state }) => state === 'running');
      await Promise.all(running.map(({ id }) => runtime.stopContainer(id, GRACE_SECONDS)));
      await Promise.all(runtime.listPodSandboxes().map(({ id }) => runtime.stopPodSandbox(id)));
      await runtime.stop();
    }),
  );
}
