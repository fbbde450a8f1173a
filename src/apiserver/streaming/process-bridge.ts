// Couples a process on a node with a client's channels, whatever carries these.
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { Status } from '../../api/generated/types.ts';
import type { RemoteProcess } from '../node-connection.ts';
import { exitStatus } from './process-status.ts';

/** A client's side of exec or attach; absent streams weren't asked for. */
export interface ProcessChannels {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Calls back with columns and rows whenever the client's terminal changes. */
  onResize(resize: (width: number, height: number) => void): void;
  /** Calls back once when the client has gone. */
  onGone(gone: () => void): void;
  /** Sends the status, when all output is sent, and ends the connection in good order. */
  finish(status: Partial<Status>): Promise<void>;
}

const ignore = () => {};

function held(output: Readable | undefined): Readable | undefined {
  if (!output) return undefined;
  const buffer = new PassThrough();
  pipeline(output, buffer).catch(ignore);
  return buffer;
}

/**
 * A process whose output is read from now on, into small buffers: the process may end before its
 * client is there, and what it wrote would be lost with it.
 */
export function holdOutput(process: RemoteProcess): RemoteProcess {
  return {
    stdin: process.stdin,
    stdout: held(process.stdout) ?? process.stdout,
    stderr: held(process.stderr),
    exitCode: process.exitCode,
    resize: (width, height) => process.resize(width, height),
    kill: () => process.kill(),
  };
}

async function copyOutput(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!from) {
    to?.end();
    return;
  }
  if (to) return pipeline(from, to);
  from.resume();
  return finished(from, { writable: false });
}

/**
 * Resolves when the process has ended, all output was sent and the client has its status (API-736).
 */
export async function bridgeProcess(
  process: RemoteProcess,
  channels: ProcessChannels,
): Promise<void> {
  let state: 'running' | 'gone' | 'ended' = 'running';
  channels.onGone(() => {
    if (state === 'ended') return;
    state = 'gone';
    process.kill();
  });
  const wasLeft = () => state === 'gone';
  channels.onResize((width, height) => process.resize(width, height));
  if (!process.stdin) channels.stdin?.resume();
  else if (channels.stdin) pipeline(channels.stdin, process.stdin).catch(ignore);
  else process.stdin.end();
  // Output that breaks off early is the client's going or the process' end: both show below.
  await Promise.all([
    copyOutput(process.stdout, channels.stdout).catch(ignore),
    copyOutput(process.stderr, channels.stderr).catch(ignore),
  ]);
  const status = await exitStatus(process.exitCode);
  if (wasLeft()) return;
  state = 'ended';
  await channels.finish(status);
}
