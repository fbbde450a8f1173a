// Finds the real kubectl, in every version that this machine has, and runs it.
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command is killed after this time; a test must not hang. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

/**
 * Runs a program to its end; resolves with its exit code (-1: killed) and output, never rejects.
 */
export function runCommand(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        timeout: options.timeoutMs ?? TIMEOUT_MS,
        killSignal: 'SIGKILL',
        env: { ...process.env, ...options.env },
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {}); // it ended without reading
    child.stdin?.end(options.stdin ?? '');
  });
}

/** A command that goes on until it is stopped, with what it has printed so far. */
export interface Following {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<void>;
  output(): string;
  stop(): Promise<void>;
}

export function follow(argv: readonly string[], env: Readonly<Record<string, string>>): Following {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    child,
    ended,
    output: () => output,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The kubectl of the PATH, or undefined. */
export const kubectlPath: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'kubectl'))
  .find(isExecutable);

/**
 * Further versions: those of `ORDINAL_KUBECTLS` (paths with `:` between), or `kubectl.*` beside
 * kubectl.
 */
export function otherKubectls(): string[] {
  const asked = process.env['ORDINAL_KUBECTLS'];
  if (asked !== undefined) return asked.split(delimiter).filter((path) => path !== '');
  if (kubectlPath === undefined) return [];
  const folder = dirname(realpathSync(kubectlPath));
  return readdirSync(folder)
    .filter((name) => /^kubectl\.\d+\.\d+$/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(folder, name))
    .filter(isExecutable);
}
