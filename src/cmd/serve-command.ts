// The inner server's side of launch.ts: reads its options, reports when it is ready, serves.
import { closeSync, writeSync } from 'node:fs';
import { OrdinalError, errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { INHERITED, SERVE_ENVIRONMENT, type ServerReport } from './launch.ts';
import { serve, type ServeOptions } from './serve.ts';
import { untilStopped } from './until-stopped.ts';

/** Runs the inner server; resolves with the exit code. */
export async function serveCommand(logger: Logger): Promise<number> {
  const text = process.env[SERVE_ENVIRONMENT];
  if (text === undefined) {
    throw new OrdinalError('ORD_SERVE', '`serve` is started by `ordinal up` only');
  }
  delete process.env[SERVE_ENVIRONMENT];
  try {
    const running = await serve(JSON.parse(text) as ServeOptions, logger);
    report({ ready: running.ready });
    return await untilStopped(running);
  } catch (error) {
    const { code, action } =
      error instanceof OrdinalError ? error : { code: 'ORD_SERVE', action: undefined };
    report({ error: { code, message: errorMessage(error), action } });
    logger.debug('the server did not start', { stack: error instanceof Error ? error.stack : '' });
    return 1;
  }
}

function report(message: ServerReport): void {
  writeSync(INHERITED.ready, JSON.stringify(message));
  closeSync(INHERITED.ready);
}
