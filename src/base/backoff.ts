// Exponential back-off per key.

export interface BackoffOptions {
  initialMs: number;
  maxMs: number;
  factor?: number;
}

/** Delay in milliseconds before try number `failures` + 1 (`failures` counts from 0). */
export function backoffMs(
  failures: number,
  { initialMs, maxMs, factor = 2 }: BackoffOptions,
): number {
  return Math.min(initialMs * factor ** failures, maxMs);
}
