// Whose processes a container sees: its own, all of its pod (shareProcessNamespace), all of the
// machine (hostPID), or those of one other container (kubectl debug --target). Where a container
// has no pid namespace of its own, its processes do not end with the first one; what tells them
// apart is their mount namespace.
import { join } from 'node:path';
import { OrdinalError } from '../../../base/errors.ts';
import { shellQuote } from '../command-runner.ts';
import { isAlive, readIdentity, type ProcessIdentity } from '../process-identity.ts';
import { containerDirectory, podDirectory, type PodRecord } from '../records.ts';
import type { ContainerConfig } from '../runtime.ts';

const pauseFile = (stateDir: string, { id }: PodRecord): string =>
  join(podDirectory(stateDir, id), 'pause');

/** The first process of a pod's shared pid namespace; undefined when there is none. */
export function pauseProcess(stateDir: string, pod: PodRecord): ProcessIdentity | undefined {
  const identity = readIdentity(pauseFile(stateDir, pod));
  return isAlive(identity) ? identity : undefined;
}

/**
 * Shell command that starts that process: it only buries the dead, as process 1 must, and only
 * SIGKILL from outside ends it, with all of the namespace.
 */
export function pauseCommand(stateDir: string, pod: PodRecord): string {
  const pause = 'cd /; while :; do sleep 2147483647 & wait; done';
  const script = [
    `sh -c ${shellQuote(pause)} </dev/null >/dev/null 2>&1 &`,
    'read -r stat </proc/$!/stat',
    'read -r boot </proc/sys/kernel/random/boot_id',
    `echo "$boot $stat" >${shellQuote(pauseFile(stateDir, pod))}`,
  ].join('\n');
  return `unshare --pid sh -c ${shellQuote(script)}`;
}

/** How a container comes to the processes that it is to see. */
export interface ProcessSpace {
  /** Options of nsenter. */
  readonly enter: readonly string[];
  /** Options of unshare. */
  readonly unshare: readonly string[];
  /** Shell commands that the shim runs when the container's first process has ended. */
  readonly sweep: readonly string[];
}

const OWN: ProcessSpace = { enter: [], unshare: ['--pid'], sweep: [] };

/**
 * In a subshell, because the shim itself may be outside: what shares its mounts is the container's,
 * itself and, where it is seen, the shim (`spared`) excepted.
 */
const sweepSteps = (spared: string): readonly string[] => [
  '(',
  'read -r own rest </proc/self/stat',
  'for round in 1 2 3 4 5 6 7 8 9; do',
  'left=',
  'for path in /proc/[0-9]*; do',
  `case $path in "/proc/$own"${spared}) continue;; esac`,
  'if [ "$path/ns/mnt" -ef /proc/self/ns/mnt ]; then left=1; kill -9 "${path#/proc/}"; fi',
  'done 2>/dev/null',
  '[ -n "$left" ] || break',
  'done',
  ')',
];

/** Throws OrdinalError `ORD_CONTAINER_START` when those processes are gone. */
export function processSpace(
  stateDir: string,
  pod: PodRecord,
  { name, targetId }: Pick<ContainerConfig, 'name' | 'targetId'>,
): ProcessSpace {
  const { processes } = pod.config;
  if (processes === 'node') return { enter: [], unshare: [], sweep: sweepSteps('|"/proc/$$"') };
  if (processes === 'pod') return space(pauseProcess(stateDir, pod), name);
  if (targetId === undefined) return OWN;
  return space(readIdentity(join(containerDirectory(stateDir, targetId), 'init')), name);
}

function space(first: ProcessIdentity | undefined, container: string): ProcessSpace {
  if (first === undefined || !isAlive(first)) {
    const message = `the processes that container ${container} is to share are not running`;
    throw new OrdinalError('ORD_CONTAINER_START', message);
  }
  const enter = ['--no-fork', `--pid=/proc/${first.pid}/ns/pid`];
  return { enter, unshare: [], sweep: sweepSteps('') };
}
