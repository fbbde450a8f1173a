// The life of a command that runs until it is told to stop.

/**
 * Waits for SIGINT or SIGTERM and stops in good order; a second signal ends the process at once.
 */
export async function untilStopped(running: { stop(): Promise<void> }): Promise<number> {
  await new Promise<void>((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
  await running.stop();
  return 0;
}
