// One small shell per container outlives the agent: it starts the container's first process, waits
// for it and writes its exit code. Files in the container's directory:
//   shim, init  identity lines (process-identity.ts) of the shell and of the first process
//   exit        empty while it runs, then the exit code; its mtime is the time of the end
//   setup       errors of the way in; ends with the line "failed" when it failed
//   o, e, in    FIFOs: a `cat` each appends o and e to the files out and err, so that nobody in the
//               container can truncate them (`> /dev/stderr`) and nothing blocks without the agent
//   once        FIFO of a stdin that ends with its first client: a `cat` waits for that client at
//               `in`, hands on what comes and ends with it
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { OrdinalError } from '../../base/errors.ts';
import { shellQuote, type CommandRunner } from './command-runner.ts';
import { readText } from './process-identity.ts';
import type { ShimPlan } from './runtime-driver.ts';

/**
 * Runs before the namespaces are entered: $1 is the directory, $2 the FIFOs, then the way in. The
 * FIFOs are first opened for both directions, which never waits: whatever fails later, the relays
 * see an end of file and go away.
 */
const RELAY_SCRIPT = `umask 022
cd "$1" && mkfifo -m 666 $2 || exit 1
exec 8<>o 9<>e
cat <o >>out 3>&- 4>&- 5>&- 8>&- 9>&- &
cat <e >>err 3>&- 4>&- 5>&- 8>&- 9>&- &
if [ -p once ]; then
  (exec 8<>once 3>&- 4>&- 5>&- 9>&-; exec >once 8>&-; exec cat <in) &
fi
exec 6>o 7>e 8>&- 9>&-
shift 2
exec "$@"
`;

/**
 * The shim proper, already inside. It forks exactly once (in a new pid namespace the first child is
 * pid 1 and nothing can be forked after its death), in the foreground (a background child would
 * ignore SIGINT and SIGQUIT), and otherwise uses builtins only.
 */
function shimScript(plan: ShimPlan, stdin: StdinMode): string {
  const steps = [...INPUT_STEPS[stdin], ...plan.setUp];
  return `read -r stat </proc/self/stat
read -r boot </proc/sys/kernel/random/boot_id
echo "$boot $stat" >shim
(
fail() { echo failed >&5; exit 125; }
exec 6>o 7>e # waits until the relays read
read -r stat </proc/self/stat
echo "$boot $stat" >init
${steps.map((step) => `${step} 2>&5 || fail`).join('\n')}
trap '' PIPE
echo ok >&4
trap - PIPE
exec ${plan.argv.map(shellQuote).join(' ')} >&6 2>&7 3>&- 4>&- 5>&- 6>&- 7>&-
)
code=$?
exec 6>&- 7>&-
trap 'echo $code >&3' EXIT # also when sweeping fails
${plan.sweep.join('\n')}
`;
}

/** How long the container's stdin lives: it has none, as long as it, as long as a first client. */
type StdinMode = 'none' | 'always' | 'once';

const INPUT_STEPS = { none: [], always: ['exec <>in'], once: ['exec <once'] } as const;
const FIFOS = { none: 'o e', always: 'o e in', once: 'o e in once' } as const;

export interface LaunchOptions {
  readonly runner: CommandRunner;
  readonly dir: string;
  readonly plan: ShimPlan;
  readonly stdin: StdinMode;
}

/**
 * Lets a reader of stdin go that no client ever came for: it would wait for one for ever. Safe for
 * every container.
 */
export function releaseInput(dir: string): void {
  try {
    closeSync(openSync(join(dir, 'in'), constants.O_RDWR | constants.O_NONBLOCK));
  } catch {
    // The container has no stdin.
  }
}

/**
 * Starts the shim; resolves with it once the container's own program is about to be executed.
 * Throws OrdinalError `ORD_CONTAINER_START` with the reason when it does not get that far.
 */
export async function launchShim(options: LaunchOptions): Promise<ChildProcess> {
  const { runner, dir, plan, stdin } = options;
  const script = join(dir, 'start.sh');
  writeFileSync(script, shimScript(plan, stdin), { mode: 0o600 });
  const exitFile = openSync(join(dir, 'exit'), 'a', 0o600);
  const setupFile = openSync(join(dir, 'setup'), 'a', 0o600);
  try {
    const child = runner.spawn(
      ['sh', '-c', RELAY_SCRIPT, 'shim', dir, FIFOS[stdin], ...plan.enter, 'sh', script],
      ['ignore', 'ignore', setupFile, exitFile, 'pipe', setupFile],
    );
    await ready(child, dir);
    child.unref();
    return child;
  } finally {
    closeSync(exitFile);
    closeSync(setupFile);
  }
}

/** What went wrong on the way in according to the file `setup`, or undefined if nothing did. */
export function setupFailure(dir: string): string | undefined {
  const text = readText(join(dir, 'setup')).trimEnd();
  if (!text.endsWith('failed')) return undefined;
  return text.slice(0, -'failed'.length).trim() || 'set-up failed';
}

function ready(child: ChildProcess, dir: string): Promise<void> {
  const channel = child.stdio[4] as Duplex;
  return new Promise((resolve, reject) => {
    const refuse = (cause?: Error) => {
      const why = cause?.message ?? setupFailure(dir) ?? readText(join(dir, 'setup')).trim();
      reject(new OrdinalError('ORD_CONTAINER_START', why || 'the container did not start'));
    };
    channel.once('data', () => {
      resolve();
      // Nothing more is said on it; the shim keeps its end open as long as it lives.
      channel.destroy();
    });
    channel.on('error', () => {});
    child.once('error', refuse);
    child.once('exit', () => (channel.closed ? refuse() : channel.once('close', () => refuse())));
  });
}
