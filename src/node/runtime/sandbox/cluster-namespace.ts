// The private cluster namespace: network and mounts (and users, when we are not root) that the
// server and all pods live in. A sleeping holder process keeps it while the server is away. The
// launcher starts the server in it with clusterNamespaceCommand(); the server itself needs no
// rights.
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BRIDGE_MAC,
  BRIDGE_NAME,
  DNS_SERVICE_ADDRESS,
  GATEWAY_ADDRESS,
  KUBERNETES_SERVICE_ADDRESS,
  POD_NETWORK_PREFIX_LENGTH,
} from '../cluster-network.ts';
import { isAlive, readIdentity, sendSignal, type ProcessIdentity } from '../process-identity.ts';
import { formatFstab, hostMounts, lockedOptions } from './fstab.ts';

/** Inside the namespace: device files for pods. */
export const DEV_MOUNT = '/run/ordinal/dev';
/** Inside the namespace: memory file system with the pods' /dev/shm directories. */
export const SHM_MOUNT = '/run/ordinal/shm';
/** Inside the namespace: one directory per pod with its uts and ipc namespaces. */
export const PODS_MOUNT = '/run/ordinal/pod';

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const DEVICE_LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};

/** Mount point of the default `terminationMessagePath`, which every container has. */
const TERMINATION_LOG = 'termination-log';

/** $1 state directory, $2 working directory, then the command; file descriptors 3 to 9 pass. */
const SET_UP_SCRIPT = `set -e
umask 022
mount -t tmpfs -o mode=755 ordinal /run
mkdir -p /run/netns ${DEV_MOUNT} ${SHM_MOUNT} ${PODS_MOUNT}
mount -a -T "$1/holder.fstab"
ip -batch - <<END
link set lo up
link add ${BRIDGE_NAME} address ${BRIDGE_MAC} type bridge
addr add ${GATEWAY_ADDRESS}/${POD_NETWORK_PREFIX_LENGTH} dev ${BRIDGE_NAME}
addr add ${KUBERNETES_SERVICE_ADDRESS}/32 dev ${BRIDGE_NAME}
addr add ${DNS_SERVICE_ADDRESS}/32 dev ${BRIDGE_NAME}
link set ${BRIDGE_NAME} up
END
cd /
setsid env -i sleep infinity </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
read -r stat </proc/$!/stat
read -r boot </proc/sys/kernel/random/boot_id
echo "$boot $stat" >"$1/holder"
cd "$2"
shift 2
exec "$@"
`;

/** Entering a mount namespace loses the working directory: $1 is it, then the command. */
const ENTER_SCRIPT = `cd "$1" && shift && exec "$@"`;

export interface ClusterNamespaceOptions {
  /** Keeps the holder's identity; one namespace per state directory. Absolute, without spaces. */
  readonly stateDir: string;
  /** Not the machine's root: needs a user namespace (SandboxAbilities.rootless). */
  readonly rootless: boolean;
  /** What to run inside, e.g. `[process.execPath, 'server.js']`. */
  readonly argv: readonly string[];
  readonly cwd: string;
}

/**
 * The command line that runs `argv` in the cluster namespace, which is created by it when there is
 * none yet. The process keeps its pid, environment and file descriptors 0 to 9. Two such commands
 * must not create at the same time (the launcher's lock on the data directory sees to it).
 */
export function clusterNamespaceCommand(options: ClusterNamespaceOptions): {
  command: string;
  args: string[];
} {
  const { stateDir, rootless, argv, cwd } = options;
  const enter = enterClusterNamespace(stateDir);
  if (enter) return commandLine([...enter, 'sh', '-c', ENTER_SCRIPT, 'ordinal', cwd, ...argv]);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  prepareDevices(stateDir, rootless);
  const create = ['unshare', ...(rootless ? ['--user', '--map-root-user'] : [])];
  const script = ['sh', '-c', SET_UP_SCRIPT, 'ordinal', stateDir, cwd, ...argv];
  return commandLine([...create, '--net', '--mount', ...script]);
}

/** Command prefix that enters the existing namespace; undefined when its holder is not running. */
export function enterClusterNamespace(stateDir: string): string[] | undefined {
  const holder = clusterNamespaceHolder(stateDir);
  if (!holder) return undefined;
  const userNamespace = (pid: number | 'self') => readlinkSync(`/proc/${pid}/ns/user`);
  const isOther = userNamespace(holder.pid) !== userNamespace('self');
  const user = isOther ? ['--user', '--preserve-credentials'] : [];
  return ['nsenter', '--target', `${holder.pid}`, ...user, '--net', '--mount'];
}

/** The living holder of the namespace of `stateDir`, or undefined. */
export function clusterNamespaceHolder(stateDir: string): ProcessIdentity | undefined {
  const holder = readIdentity(join(stateDir, 'holder'));
  return isAlive(holder) ? holder : undefined;
}

/**
 * Ends the holder; with the last process inside, the kernel removes network and mounts. Call it
 * when all pods are gone. Safe to repeat.
 */
export function removeClusterNamespace(stateDir: string): void {
  const holder = clusterNamespaceHolder(stateDir);
  if (holder) sendSignal(holder.pid, 'SIGKILL');
  for (const name of ['holder', 'holder.fstab', 'dev']) {
    rmSync(join(stateDir, name), { recursive: true, force: true });
  }
}

/** Directory with the names that a pod's /dev has (the devices are mounted over them). */
export function deviceTemplate(stateDir: string): string {
  return join(stateDir, 'dev');
}

function prepareDevices(stateDir: string, rootless: boolean): void {
  const template = deviceTemplate(stateDir);
  rmSync(template, { recursive: true, force: true });
  mkdirSync(template, { mode: 0o755 });
  for (const name of ['pts', 'shm']) mkdirSync(join(template, name));
  for (const [name, target] of Object.entries(DEVICE_LINKS)) {
    symlinkSync(target, join(template, name));
  }
  const present = new Set(readdirSync('/dev'));
  const devices = DEVICES.filter((name) => present.has(name));
  for (const name of [...devices, TERMINATION_LOG]) writeFileSync(join(template, name), '');
  const bind = (source: string, target: string) => ({ source, target, type: 'none' });
  const locked = rootless ? lockedOptions(template, hostMounts()) : [];
  const fstab = formatFstab([
    { ...bind(template, DEV_MOUNT), options: ['bind,ro', ...locked].join(',') },
    ...devices.map((name) => ({
      ...bind(`/dev/${name}`, `${DEV_MOUNT}/${name}`),
      options: 'bind',
    })),
    { source: 'shm', target: SHM_MOUNT, type: 'tmpfs', options: 'mode=755,nosuid,nodev,noexec' },
  ]);
  writeFileSync(join(stateDir, 'holder.fstab'), fstab);
}

function commandLine(argv: readonly string[]): { command: string; args: string[] } {
  const [command = '', ...args] = argv;
  return { command, args };
}
