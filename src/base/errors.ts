// Local faults (disk, ports, kernel): a stable code, a sentence, the cause and what to do.
// Faults of API requests are StatusError (api/meta/status-error.ts) instead.

export class OrdinalError extends Error {
  override name = 'OrdinalError';
  /** Stable, `ORD_*`. */
  readonly code: string;
  /** What the user can do about it, one sentence. */
  readonly action: string | undefined;

  constructor(code: string, message: string, options: { action?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.action = options.action;
  }
}

/** The text of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system error code (`ENOENT`, …) of anything thrown, if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
