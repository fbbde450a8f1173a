// A logger that listens for mistakes of ours: whatever the world does to a component, it must never
// trip over its own feet.
import type { LogFields, Logger } from '../../src/base/logger.ts';
import type { World } from './world.ts';

const MISTAKE =
  /assertion failed|is not a function|Cannot read prop|is not iterable|is not defined|TypeError/;

/** Logs `error` lines of mistakes as violations; all else goes nowhere. */
export function internalErrors(world: World, who: string): Logger {
  const listen = (message: string, fields?: LogFields) => {
    const told = fields?.['error'];
    const error = typeof told === 'string' ? told : '';
    const own = message === 'event handler failed' || message.startsWith('a watch failed');
    if (own || MISTAKE.test(error)) world.fail('noInternalErrors', `${who}: ${message}: ${error}`);
  };
  const logger: Logger = {
    debug: listen,
    info: listen,
    warn: listen,
    error: listen,
    child: () => logger,
  };
  return logger;
}
