// Turns the raw output files of a container into its log in CRI format, with rotation: no line is
// lost or doubled by a `kill -9` of the agent. A checkpoint says how far the raw files were read
// and how long the log was then; what the log has beyond it is cut off and read again.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sleep, type Clock, type Timer } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { CommandRunner } from './command-runner.ts';
import { readRecord, writeRecord } from './disk-record.ts';

/** As the kubelet's containerLogMaxSize and containerLogMaxFiles. */
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const LOG_FILES_MAX = 5;
/** Longer lines are split into parts tagged `P`, as containerd does. */
const LINE_BYTES_MAX = 16 * 1024;
/** Read at once, so that one busy container does not hold up the others. */
const CHUNK_BYTES = 64 * 1024;
/** Disk space of raw output is given back in steps of this size. */
const PUNCH_BYTES = 8 * 1024 * 1024;
/** What a late client gets of earlier output. */
const REPLAY_BYTES_MAX = 1024 * 1024;
const CHECKPOINT_DELAY_MS = 200;
const RETRY_DELAY_MS = 1000;
/** The relays end with the container; a hung disk must not hold up its end for longer. */
const RELAY_WAIT_MS_MAX = 2000;
const RELAY_POLL_MS = 2;

export type StreamName = 'stdout' | 'stderr';
export type OutputListener = (stream: StreamName, bytes: Buffer) => void;

interface RawStream {
  readonly name: StreamName;
  readonly path: string;
  readonly fd: number;
  /** Read and written to the log up to here. */
  offset: number;
  /** Shown to listeners up to here. */
  seen: number;
  /** Given back to the file system up to here. */
  punched: number;
}

interface Checkpoint {
  readonly stdout: number;
  readonly stderr: number;
  readonly logBytes: number;
  readonly complete: boolean;
}

export interface ContainerLogOptions {
  /** Directory of the container: raw files `out` and `err`, FIFOs `o` and `e`. */
  readonly dir: string;
  readonly logPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runner: CommandRunner;
  /** Tests use smaller files. */
  readonly logBytesMax?: number;
}

export class ContainerLog {
  readonly #options: ContainerLogOptions;
  readonly #logBytesMax: number;
  readonly #listeners = new Set<OutputListener>();
  #streams: RawStream[] = [];
  #logFd = -1;
  #logBytes = 0;
  #state: 'new' | 'open' | 'closed' = 'new';
  #pumping = false;
  #checkpointTimer: Timer | undefined;

  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.#logBytesMax = options.logBytesMax ?? LOG_BYTES_MAX;
  }

  /** Goes on where the last checkpoint was. */
  open(): void {
    const { dir, logPath } = this.#options;
    const checkpoint = readRecord<Checkpoint>(join(dir, 'log.json'));
    if (this.#state !== 'new' || checkpoint?.complete) return;
    const raw = (name: StreamName, file: string): RawStream => {
      const offset = checkpoint?.[name] ?? 0;
      const path = join(dir, file);
      const fd = openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
      return { name, path, fd, offset, seen: offset, punched: offset };
    };
    this.#streams = [raw('stdout', 'out'), raw('stderr', 'err')];
    mkdirSync(dirname(logPath), { recursive: true });
    this.#openLog();
    if (this.#logBytes > (checkpoint?.logBytes ?? 0)) this.#cutLog(checkpoint?.logBytes ?? 0);
    this.#state = 'open';
    this.pump();
  }

  /** Copies what is new; call it when a raw file has changed. */
  pump(): void {
    if (this.#state !== 'open' || this.#pumping) return;
    try {
      const more = this.#streams.map((raw) => this.#copy(raw, false)).includes(true);
      if (more) this.#pumpSoon();
    } catch (error) {
      // A full disk: the raw files keep what is missing.
      const { logger, clock, logPath } = this.#options;
      logger.warn('container log not written', { logPath, error: errorMessage(error) });
      clock.schedule(RETRY_DELAY_MS, () => this.pump());
    }
  }

  /**
   * Calls back with output from now on, or from the start (as far as it is still there); returns
   * the unsubscriber.
   */
  subscribe(listener: OutputListener, { fromStart }: { fromStart: boolean }): () => void {
    const isFirst = this.#listeners.size === 0;
    for (const raw of this.#streams) {
      if (fromStart) replay(raw, listener);
      else if (isFirst) raw.seen = fstatSync(raw.fd).size;
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Call it when the container has ended: writes all that is left and deletes the raw files. */
  async finish(): Promise<void> {
    if (this.#state !== 'open') return;
    await this.#relaysEnded();
    try {
      for (const raw of this.#streams) while (this.#copy(raw, true));
      this.#checkpoint(true);
      for (const raw of this.#streams) rmSync(raw.path, { force: true });
    } catch (error) {
      const { logger, logPath } = this.#options;
      logger.warn('end of container log not written', { logPath, error: errorMessage(error) });
    }
    this.#release();
  }

  /** Lets go of the files; a later object on the same directory goes on. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#checkpoint(false);
    this.#release();
  }

  /** Copies one chunk; true when there may be more. With `atEnd` also the line without an end. */
  #copy(raw: RawStream, atEnd: boolean): boolean {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(raw.fd, buffer, 0, CHUNK_BYTES, raw.offset);
    const chunk = buffer.subarray(0, length);
    this.#show(raw, chunk);
    const flush = atEnd && length < CHUNK_BYTES;
    const { consumed, parts } = splitLines(chunk, flush);
    if (consumed > 0) {
      this.#append(formatLines(raw.name, this.#options.clock.now(), parts));
      raw.offset += consumed;
      this.#checkpointSoon();
      this.#rotate();
      this.#punch(raw);
    }
    return length === CHUNK_BYTES;
  }

  #show(raw: RawStream, chunk: Buffer): void {
    const end = raw.offset + chunk.length;
    if (end <= raw.seen) return;
    const fresh = chunk.subarray(Math.max(raw.seen - raw.offset, 0));
    raw.seen = end;
    for (const listener of this.#listeners) listener(raw.name, fresh);
  }

  #append(bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#logFd, bytes, done, bytes.length - done);
      }
      this.#logBytes += bytes.length;
    } catch (error) {
      this.#cutLog(this.#logBytes);
      throw error;
    }
  }

  #rotate(): void {
    if (this.#logBytes < this.#logBytesMax) return;
    const { logPath } = this.#options;
    // First the checkpoint: what it does not cover is looked for in the newest file only.
    this.#checkpoint(false);
    closeSync(this.#logFd);
    rmSync(`${logPath}.${LOG_FILES_MAX - 1}`, { force: true });
    for (let number = LOG_FILES_MAX - 2; number >= 0; number--) {
      renameIfPresent(number === 0 ? logPath : `${logPath}.${number}`, `${logPath}.${number + 1}`);
    }
    this.#openLog();
    this.#checkpoint(false);
  }

  #openLog(): void {
    const { logPath } = this.#options;
    this.#logFd = openSync(logPath, 'a', 0o640);
    this.#logBytes = fstatSync(this.#logFd).size;
  }

  #cutLog(bytes: number): void {
    ftruncateSync(this.#logFd, bytes);
    this.#logBytes = bytes;
  }

  #checkpointSoon(): void {
    this.#checkpointTimer ??= this.#options.clock.schedule(CHECKPOINT_DELAY_MS, () => {
      if (this.#state === 'open') this.#checkpoint(false);
    });
  }

  #checkpoint(complete: boolean): void {
    this.#checkpointTimer?.cancel();
    this.#checkpointTimer = undefined;
    const [stdout, stderr] = this.#streams;
    const checkpoint: Checkpoint = {
      stdout: stdout?.offset ?? 0,
      stderr: stderr?.offset ?? 0,
      logBytes: this.#logBytes,
      complete,
    };
    writeRecord(join(this.#options.dir, 'log.json'), checkpoint);
  }

  /** The file keeps its length, so the container's writes and our offsets stay true. */
  #punch(raw: RawStream): void {
    if (raw.offset - raw.punched < PUNCH_BYTES) return;
    this.#checkpoint(false);
    const range = ['--offset', `${raw.punched}`, '--length', `${raw.offset - raw.punched}`];
    raw.punched = raw.offset;
    const { runner, logger } = this.#options;
    runner.run(['fallocate', '--punch-hole', ...range, raw.path]).then(
      ({ exitCode, stderr }) => exitCode !== 0 && logger.debug('raw log not trimmed', { stderr }),
      (error: unknown) => logger.debug('raw log not trimmed', { error: errorMessage(error) }),
    );
  }

  #pumpSoon(): void {
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.pump();
    });
  }

  async #relaysEnded(): Promise<void> {
    const { dir, clock } = this.#options;
    const deadlineMs = clock.now() + RELAY_WAIT_MS_MAX;
    const running = () => hasReader(join(dir, 'o')) || hasReader(join(dir, 'e'));
    while (running() && clock.now() < deadlineMs) await sleep(clock, RELAY_POLL_MS);
  }

  #release(): void {
    this.#state = 'closed';
    this.#checkpointTimer?.cancel();
    this.#listeners.clear();
    for (const raw of this.#streams) closeSync(raw.fd);
    closeSync(this.#logFd);
  }
}

/** Calls back with what came before; from here on it is told as it comes. */
function replay(raw: RawStream, listener: OutputListener): void {
  raw.seen = fstatSync(raw.fd).size;
  const start = Math.max(raw.punched, raw.seen - REPLAY_BYTES_MAX);
  const bytes = Buffer.alloc(raw.seen - start);
  const length = readSync(raw.fd, bytes, 0, bytes.length, start);
  if (length > 0) listener(raw.name, bytes.subarray(0, length));
}

interface LinePart {
  readonly tag: 'F' | 'P';
  readonly bytes: Buffer;
}

/**
 * Whole lines of `chunk` and parts of overlong ones; with `flush` also its unfinished last line.
 */
function splitLines(chunk: Buffer, flush: boolean): { consumed: number; parts: LinePart[] } {
  const parts: LinePart[] = [];
  let position = 0;
  while (position < chunk.length) {
    const newline = chunk.indexOf(10, position);
    const end = newline < 0 ? chunk.length : newline;
    if (end - position > LINE_BYTES_MAX) {
      parts.push({ tag: 'P', bytes: chunk.subarray(position, position + LINE_BYTES_MAX) });
      position += LINE_BYTES_MAX;
    } else if (newline >= 0) {
      parts.push({ tag: 'F', bytes: chunk.subarray(position, newline) });
      position = newline + 1;
    } else {
      if (flush) parts.push({ tag: 'P', bytes: chunk.subarray(position) });
      return { consumed: flush ? chunk.length : position, parts };
    }
  }
  return { consumed: position, parts };
}

function formatLines(stream: StreamName, nowMs: number, parts: readonly LinePart[]): Buffer {
  const stamp = new Date(nowMs).toISOString().replace('Z', '000000Z');
  const newline = Buffer.from('\n');
  return Buffer.concat(
    parts.flatMap(({ tag, bytes }) => [Buffer.from(`${stamp} ${stream} ${tag} `), bytes, newline]),
  );
}

function renameIfPresent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // Not that many files yet.
  }
}

/**
 * True while some process reads the FIFO: only then can it be opened for writing without waiting.
 */
function hasReader(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
