// The last word of exec and attach: a Status on the error channel (API-734).
import type { Status } from '../../api/generated/types.ts';
import { errorMessage } from '../../base/errors.ts';
import { internalError, StatusError } from '../../api/meta/status-error.ts';

const SUCCESS = { metadata: {}, status: 'Success' };

/** The Status of a process that ended with `exitCode`; rejections become failures. */
export async function exitStatus(exitCode: Promise<number>): Promise<Partial<Status>> {
  try {
    const code = await exitCode;
    if (code === 0) return SUCCESS;
    return {
      metadata: {},
      status: 'Failure',
      message: `command terminated with non-zero exit code: exit status ${code}`,
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    };
  } catch (error) {
    return error instanceof StatusError ? error.status : internalError(errorMessage(error)).status;
  }
}

/** What the error channel carries: JSON since version 4, before that only the text of a failure. */
export function statusText(status: Partial<Status>, version: number): string {
  if (version >= 4) return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? '');
}
