// How the runtime starts programs of the machine. The server lives inside the cluster namespace,
// so its prefix is empty; tests live outside and prefix every command with nsenter.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { OrdinalError } from '../../base/errors.ts';
import { leakingDescriptors, openNothing } from './leaking-descriptors.ts';

export interface CommandResult {
  /** 128 + n after signal n. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** By number of descriptor. */
type Stdio = Exclude<StdioOptions, string>;

export interface CommandRunner {
  /** Starts `argv` in a session of its own, in `/`, with a minimal environment and `stdio` only. */
  spawn(argv: readonly string[], stdio: Stdio): ChildProcess;
  /** Runs `argv` to its end, giving it `input` on stdin. */
  run(argv: readonly string[], input?: string): Promise<CommandResult>;
}

/** Ordinary Debian users have no sbin in PATH although the tools are there. */
const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An environment in which the machine's tools are found, after what its PATH has already. */
export function withToolPath(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = environment['PATH'] ?? '';
  return { ...environment, PATH: own === '' ? TOOL_PATH : `${own}:${TOOL_PATH}` };
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** Runner that puts `prefix` before every command. */
export function commandRunner(prefix: readonly string[] = []): CommandRunner {
  const runner: CommandRunner = {
    spawn(argv, stdio) {
      const [command = '', ...args] = [...prefix, ...argv];
      return spawn(command, args, {
        cwd: '/',
        env: { PATH: TOOL_PATH, LC_ALL: 'C' },
        stdio: withoutLeaks(stdio),
        detached: true,
      });
    },
    run(argv, input) {
      const child = runner.spawn(argv, ['pipe', 'pipe', 'pipe']);
      return collect(child, input);
    },
  };
  return runner;
}

let leaks: { readonly numbers: readonly number[]; readonly nothing: number } | undefined;

/**
 * Found out once: the server opens its database before it starts any program, and nothing else
 * makes more of them.
 */
function withoutLeaks(stdio: Stdio): Stdio {
  leaks ??= { nothing: openNothing(), numbers: leakingDescriptors() };
  const { numbers, nothing } = leaks;
  const length = Math.max(stdio.length, ...numbers.map((fd) => fd + 1));
  return Array.from({ length }, (_, fd) => {
    if (fd < stdio.length) return stdio[fd];
    return numbers.includes(fd) ? nothing : 'ignore';
  });
}

/** Runs `argv`; throws OrdinalError `code` with its stderr unless it exits with 0. */
export async function runOrThrow(
  runner: CommandRunner,
  argv: readonly string[],
  failure: { code: string; what: string; input?: string },
): Promise<string> {
  const result = await runner.run(argv, failure.input);
  if (result.exitCode === 0) return result.stdout;
  const detail = result.stderr.trim() || `exit code ${result.exitCode}`;
  throw new OrdinalError(failure.code, `${failure.what}: ${detail}`);
}

/** Exit code of a finished child the way shells count it. */
export function shellExitCode(code: number | null, signal: string | null): number {
  if (code !== null) return code;
  return 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
}

/** The names among `tools` that no directory of the tool path has. */
export function missingTools(tools: readonly string[]): string[] {
  const isExecutable = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const directories = TOOL_PATH.split(':');
  return tools.filter((tool) => !directories.some((dir) => isExecutable(`${dir}/${tool}`)));
}

/** `text` as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function collect(child: ChildProcess, input: string | undefined): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ exitCode: shellExitCode(code, signal), ...output }),
    );
    // A command that ends without reading its input must not crash us.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
