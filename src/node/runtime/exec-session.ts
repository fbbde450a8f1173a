// Makes an ExecSession out of a child process (exec) or of a container's streams (attach).
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { present } from '../../base/assert.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import { OrdinalError } from '../../base/errors.ts';
import { shellExitCode, shellQuote, type CommandRunner } from './command-runner.ts';
import type { OutputListener } from './container-log.ts';
import type { ExecPipes } from './exec-pipes.ts';
import { sendSignal } from './process-identity.ts';
import type { ExecResult, ExecSession } from './runtime.ts';

/** Probes and hooks have no use for more output than this; the rest is read and dropped. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
/** An attached client that reads nothing is cut off beyond this. */
const ATTACH_BACKLOG_BYTES_MAX = 4 * 1024 * 1024;
/** From the start of a container to its reader of stdin. */
const READER_WAIT_MS_MAX = 500;
const READER_POLL_MS = 10;

/** `argv` under a pseudo terminal, with util-linux' script(1), which passes on the exit code. */
export function terminalCommand(argv: readonly string[]): string[] {
  // script runs $SHELL, which in a container may be anything.
  const command = `exec ${argv.map(shellQuote).join(' ')}`;
  return ['env', 'SHELL=/bin/sh', 'script', '-qfec', command, '/dev/null'];
}

export interface ExecSessionOptions {
  readonly runner: CommandRunner;
  readonly pipes: ExecPipes;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
  /** Called with the started process's id and the asked size. */
  readonly resize: (pid: number, size: TerminalSize) => void;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** Starts `command`; rejects with OrdinalError `ORD_EXEC` if it could not be started at all. */
export async function execSession(options: ExecSessionOptions): Promise<ExecSession> {
  const { runner, pipes, command, tty, resize } = options;
  const stdout = await pipes.open();
  const stderr = tty ? undefined : await pipes.open();
  const outputs = [stdout, stderr].filter((pipe) => pipe !== undefined);
  const input = options.stdin ? 'pipe' : 'ignore';
  const child = runner.spawn(command, [input, stdout.childFd, stderr?.childFd ?? 'ignore']);
  for (const pipe of outputs) closeSync(pipe.childFd);
  // A child that ends without reading its input must not crash us.
  child.stdin?.on('error', () => {});
  const destroyOutputs = () => outputs.forEach(({ stream }) => stream.destroy());
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(shellExitCode(code, signal)));
  });
  const pid = await spawned(child).catch((error: unknown) => {
    destroyOutputs();
    throw error;
  });
  const exitCode = Promise.all([ended, ...outputs.map(({ stream }) => closed(stream))]).then(
    ([code]) => {
      child.stdin?.destroy();
      return code;
    },
  );
  return {
    stdin: child.stdin ?? undefined,
    stdout: stdout.stream,
    stderr: stderr?.stream,
    exitCode,
    resize: (width, height) => resize(pid, { width, height }),
    kill() {
      if (child.exitCode === null && child.signalCode === null) sendSignal(-pid, 'SIGKILL');
      // A descendant in another session may hold them open for ever.
      destroyOutputs();
    },
  };
}

/** Runs the session to its end, collecting its output; kills it after `timeoutMs`. */
export async function collectSession(
  session: ExecSession,
  clock: Clock,
  timeoutMs: number,
): Promise<ExecResult> {
  const stdout = collectStream(session.stdout);
  const stderr = collectStream(session.stderr);
  let timedOut = false;
  const timer = clock.schedule(timeoutMs, () => {
    timedOut = true;
    session.kill();
  });
  const exitCode = await session.exitCode;
  timer.cancel();
  return { exitCode, stdout: stdout(), stderr: stderr(), timedOut };
}

export interface AttachOptions {
  readonly follow: (listener: OutputListener) => () => void;
  readonly stdin: Writable | undefined;
  readonly tty: boolean;
  /** Resolves with the container's exit code. */
  readonly ended: Promise<number>;
  readonly resize: ExecSession['resize'];
}

/** Session on the standard streams of a running container; killing it detaches. */
export function attachSession(options: AttachOptions): ExecSession {
  const { stdin, tty, ended } = options;
  const stdout = new PassThrough();
  const stderr = tty ? undefined : new PassThrough();
  let detach: (code: number) => void = () => {};
  const detached = new Promise<number>((resolve) => (detach = resolve));
  const unsubscribe = options.follow((stream, bytes) => {
    const target = stream === 'stderr' ? (stderr ?? stdout) : stdout;
    target.write(bytes);
    if (target.writableLength > ATTACH_BACKLOG_BYTES_MAX) detach(1);
  });
  const exitCode = Promise.race([ended, detached]).then((code) => {
    unsubscribe();
    stdin?.destroy();
    stdout.end();
    stderr?.end();
    return code;
  });
  return { stdin, stdout, stderr, exitCode, resize: options.resize, kill: () => detach(0) };
}

/**
 * The stdin of the container in `dir`; undefined when nobody reads it any more. A reader that is
 * only just starting is waited for.
 */
export async function openInput(dir: string, clock: Clock): Promise<Writable | undefined> {
  const deadlineMs = clock.now() + READER_WAIT_MS_MAX;
  for (;;) {
    const fd = openWriter(join(dir, 'in'));
    if (fd === undefined && clock.now() < deadlineMs) {
      await sleep(clock, READER_POLL_MS);
      continue;
    }
    if (fd === undefined) return undefined;
    // A socket waits in the event loop while the FIFO is full; a file stream would hold a thread.
    const writer = new Socket({ fd, readable: false, writable: true });
    writer.on('error', () => {});
    return writer;
  }
}

function openWriter(fifo: string): number | undefined {
  try {
    return openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(present(child.pid, 'the pid of a started process')));
    child.once('error', (cause) => reject(new OrdinalError('ORD_EXEC', cause.message, { cause })));
  });
}

function closed(stream: Socket): Promise<void> {
  return new Promise((resolve) => void stream.once('close', () => resolve()));
}

function collectStream(stream: Readable | undefined): () => Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk.subarray(0, OUTPUT_BYTES_MAX - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks);
}
