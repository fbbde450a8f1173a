// Lets everything happen that needs no time: for tests under a ManualClock.

const ROUNDS = 50;

/** Resolves when chains of promises (up to about 50 steps of I/O-free work each) have run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
