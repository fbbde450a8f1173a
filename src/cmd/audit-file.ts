// The audit log as a file of JSON lines. A full file is put aside; only so many are kept.
import { appendFile, rename, stat } from 'node:fs/promises';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

export interface AuditFile {
  /** Takes an event; it is on its way to the file when this returns. */
  write(event: object): void;
  /** Resolves when all events are in the file. */
  flush(): Promise<void>;
}

export interface AuditFileOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Bytes after which a new file is begun. */
  readonly bytesMax?: number;
}

const FILE_BYTES_MAX = 100 * 1024 * 1024;
/** Old files that are kept: `FILE.1`, the newest, to `FILE.9`. */
const OLD_FILES_MAX = 9;
/** Events that wait while the disk is slow; what is beyond is lost, and said so. */
const WAITING_MAX = 100_000;

/** Opens nothing yet; what can't be written is told to the logger. */
export function createAuditFile(options: AuditFileOptions): AuditFile {
  const { path, logger, bytesMax = FILE_BYTES_MAX } = options;
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  let lost = 0;

  const drain = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      try {
        await rotate(path, bytesMax);
        await appendFile(path, lines.join(''), { mode: 0o600 });
      } catch (error) {
        lost += lines.length;
        logger.error('audit events lost', { path, lost, error: errorMessage(error) });
      }
    }
    writing = undefined;
  };

  return {
    write(event) {
      const line = lineOf(event);
      if (waiting.length >= WAITING_MAX || line === undefined) {
        lost += 1;
        return;
      }
      waiting.push(line);
      writing ??= drain();
    },
    async flush() {
      while (writing) await writing;
    },
  };
}

/** Undefined for what can't be written down: bodies are as deep and long as callers like. */
function lineOf(event: object): string | undefined {
  try {
    return `${JSON.stringify(event)}\n`;
  } catch {
    return undefined;
  }
}

async function rotate(path: string, bytesMax: number): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size < bytesMax) return;
  for (let index = OLD_FILES_MAX - 1; index >= 1; index--) {
    // Missing ones are no matter.
    await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(() => {});
  }
  await rename(path, `${path}.1`);
}
