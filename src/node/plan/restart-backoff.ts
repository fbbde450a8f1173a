// How long a container that has ended waits for its next start: 10 s, doubled up to 5 min,
// forgotten after 10 min without a restart. The first restart never waits.

export interface RestartBackoff {
  readonly delayMs: number;
  /** When this delay was set, that is: the time of the last restart. */
  readonly updatedAtMs: number;
}

/**
 * `forgetMs`: a container that ran this long after its last restart starts over at the initial
 * delay.
 */
export const RESTART_BACKOFF = { initialMs: 10_000, maxMs: 300_000, forgetMs: 600_000 } as const;

export type RestartGate =
  | { readonly open: true; readonly next: RestartBackoff }
  | { readonly open: false; readonly untilMs: number; readonly delayMs: number };

/**
 * May a container that ended at `finishedAtMs` be started now? If so, `next` is to be remembered.
 */
export function restartGate(
  backoff: RestartBackoff | undefined,
  { finishedAtMs, nowMs }: { finishedAtMs: number; nowMs: number },
): RestartGate {
  const { initialMs, maxMs, forgetMs } = RESTART_BACKOFF;
  if (backoff === undefined || nowMs - backoff.updatedAtMs > forgetMs) {
    return { open: true, next: { delayMs: initialMs, updatedAtMs: nowMs } };
  }
  const untilMs = finishedAtMs + backoff.delayMs;
  if (nowMs < untilMs) return { open: false, untilMs, delayMs: backoff.delayMs };
  return {
    open: true,
    next: { delayMs: Math.min(backoff.delayMs * 2, maxMs), updatedAtMs: nowMs },
  };
}

/** Go's text of a duration of whole seconds: `10s`, `1m20s`, `5m0s`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
