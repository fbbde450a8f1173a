// Reads a container's log for `kubectl logs`: tail, since, limit, and following across rotation
// until the container has ended.
import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import type { LogOptions } from '../node-connection.ts';
import { closeLogFiles, openLogFiles, tailStart } from './log-files.ts';
import type { LogFile } from './log-files.ts';
import { LogLines } from './log-lines.ts';

export interface LogSource {
  readonly path: string;
  /** True once the container writes no more. */
  isEnded(): boolean;
  /** Calls back when that may have changed; returns the unsubscriber. */
  onChange(listener: () => void): () => void;
}

const CHUNK_BYTES = 64 * 1024;
/** File notifications may be missing (full queue, odd file systems): then this is the delay. */
const POLL_MS = 500;

/** A stream of the log; destroy it to stop. Errors of the disk end it with an error. */
export function readLog(source: LogSource, options: LogOptions, clock: Clock): Readable {
  const changes = new Changes(source, clock);
  const chunks = generate(source, options, changes);
  return new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      // Wakes a reader that waits for more, so that it can let go of its files.
      changes.close();
      chunks.return(undefined).then(() => callback(error), callback);
    },
  });
}

async function* generate(
  source: LogSource,
  options: LogOptions,
  changes: Changes,
): AsyncGenerator<Buffer, undefined> {
  const lines = new LogLines(options);
  let left = options.limitBytes ?? Infinity;
  try {
    for await (const chunk of followFiles(source, options, changes)) {
      const text = lines.push(chunk).subarray(0, left);
      if (text.length > 0) yield text;
      left -= text.length;
      if (left <= 0) return undefined;
    }
  } finally {
    changes.close();
  }
  return undefined;
}

/** The raw bytes of all files, and with `follow` what is added to them. */
async function* followFiles(
  source: LogSource,
  { follow, tailLines }: LogOptions,
  changes: Changes,
): AsyncGenerator<Buffer> {
  let files = await openLogFiles(source.path);
  try {
    const from =
      tailLines === undefined ? { index: 0, offset: 0 } : await tailStart(files, tailLines);
    let offset = from.offset;
    files = await dropFirst(files, from.index);
    for (;;) {
      // Asked before reading: what an ended container wrote is in the file by then.
      const ended = !follow || source.isEnded();
      for (;;) {
        const file = files[0];
        if (file === undefined) break;
        for await (const chunk of readFrom(file, offset)) {
          offset += chunk.length;
          yield chunk;
        }
        if (files.length === 1) break;
        files = await dropFirst(files, 1);
        offset = 0;
      }
      const newer = await newerFiles(source.path, files.at(-1));
      files = [...files, ...newer];
      if (newer.length > 0) continue;
      if (ended) return;
      await changes.next();
      if (changes.closed) return;
    }
  } finally {
    await closeLogFiles(files);
  }
}

async function dropFirst(files: readonly LogFile[], count: number): Promise<LogFile[]> {
  await closeLogFiles(files.slice(0, count));
  return files.slice(count);
}

async function* readFrom({ handle }: LogFile, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ;) {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Files begun after `last`; all of them if that one has been rotated out of sight. */
async function newerFiles(path: string, last: LogFile | undefined): Promise<LogFile[]> {
  const files = await openLogFiles(path);
  const known = files.findIndex(({ inode }) => inode === last?.inode);
  return dropFirst(files, known + 1);
}

/** Wakes a reader when the directory of the log or the state of the container changes. */
class Changes {
  readonly #clock: Clock;
  readonly #closers: (() => void)[] = [];
  #timer: Timer | undefined;
  #changed = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(source: LogSource, clock: Clock) {
    this.#clock = clock;
    this.#closers.push(source.onChange(() => this.#signal()));
    try {
      const watcher = watch(dirname(source.path), { persistent: false }, () => this.#signal());
      watcher.on('error', () => watcher.close());
      this.#closers.push(() => watcher.close());
    } catch {
      // Polling is enough.
    }
  }

  async next(): Promise<void> {
    if (!this.#changed && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#timer = this.#clock.schedule(POLL_MS, resolve);
      });
      this.#timer?.cancel();
    }
    this.#changed = false;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const close of this.#closers) close();
    this.#timer?.cancel();
    this.#wake?.();
  }

  #signal(): void {
    this.#changed = true;
    this.#wake?.();
  }
}
