// Log lines for people or machines on standard error: `--output json` gives JSON lines.
import type { LogFields, Logger } from '../base/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** What may be chosen on the command line. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly json: boolean;
}

export interface ConsoleLoggerOptions extends LogSettings {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

export function createConsoleLogger(options: ConsoleLoggerOptions, base: LogFields = {}): Logger {
  const line = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(options.level)) return;
    const time = new Date(options.nowMs()).toISOString();
    const all = { ...base, ...fields };
    options.write(
      options.json
        ? `${JSON.stringify({ time, level, message, ...all })}\n`
        : `${time} ${level.toUpperCase().padEnd(5)} ${message}${formatFields(all)}\n`,
    );
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => createConsoleLogger(options, { ...base, ...fields }),
  };
}

function formatFields(fields: LogFields): string {
  const texts = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return texts.join('');
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return /[\s"]/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text;
}
