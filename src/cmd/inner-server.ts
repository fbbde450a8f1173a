// The program that launch.ts starts: reads its options, serves, and reports when it is ready. It
// has no command line to parse, which is part of a fast start.
import { closeSync, writeSync } from 'node:fs';
import { OrdinalError, errorMessage } from '../base/errors.ts';
import { createConsoleLogger } from './console-logger.ts';
import { createOutsideDialer } from './dial-host.ts';
import { INHERITED, LAUNCH_ENVIRONMENT, type ServerReport, type LaunchMessage } from './launch.ts';
import { serve } from './serve.ts';
import { untilStopped } from './until-stopped.ts';

// What is waited for below are timers and signals, which keep no process alive by themselves.
setInterval(() => {}, 2 ** 30);
process.exit(await main());

async function main(): Promise<number> {
  const text = process.env[LAUNCH_ENVIRONMENT];
  if (text === undefined) {
    process.stderr.write('ordinal: this program is started by `ordinal up` only\n');
    return 1;
  }
  delete process.env[LAUNCH_ENVIRONMENT];
  const { serve: options, log } = JSON.parse(text) as LaunchMessage;
  const write = (line: string) => process.stderr.write(line);
  const logger = createConsoleLogger({ ...log, write, nowMs: Date.now });
  try {
    const running = await serve(options, logger, process.send && createOutsideDialer());
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
