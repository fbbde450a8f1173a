// The default runtime: Linux namespaces made with util-linux and iproute2 in the cluster namespace.
// The same for root and for an ordinary user; what differs is in SandboxAbilities.
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocateAddress } from '../address-pool.ts';
import {
  BRIDGE_NAME,
  nodeAddress,
  POD_NETWORK_PREFIX_LENGTH,
  podAddress,
} from '../cluster-network.ts';
import { commandRunner, runOrThrow, shellQuote, type CommandRunner } from '../command-runner.ts';
import { directoryCommand, environmentCommand, inputCommand, searchPath } from '../environment.ts';
import { terminalCommand } from '../exec-session.ts';
import { PodRuntime, type PodRuntimeOptions } from '../pod-runtime.ts';
import { allPids, readText, sendSignal } from '../process-identity.ts';
import type { ContainerRecord, PodRecord } from '../records.ts';
import type { ContainerRuntime } from '../runtime.ts';
import type { ExecRequest, RuntimeDriver, ShimPlan } from '../runtime-driver.ts';
import { capabilitiesOfMask } from './capabilities.ts';
import { connectTo } from '../connect-to.ts';
import { createCgroups, joinCgroups, memoryInUse, oomKilled, removeCgroups } from './cgroup.ts';
import { DEV_MOUNT, deviceTemplate } from './cluster-namespace.ts';
import { prepareContainerRoot } from './container-root.ts';
import { assertExecutable } from '../find-executable.ts';
import { formatFstab } from './fstab.ts';
import { identityFiles } from './identity-files.ts';
import { podDialers } from './pod-dialer.ts';
import {
  createPodNamespaces,
  listPodNamespaces,
  podNamespaces,
  podSharedMemory,
  removePodNamespaces,
} from './pod-network.ts';
import type { SandboxAbilities } from './probe-sandbox.ts';
import { pauseCommand, pauseProcess, processSpace } from './process-space.ts';
import { needsUserNamespace, userCommand } from './user-command.ts';

export interface SandboxRuntimeOptions extends PodRuntimeOptions {
  /** 0 to 255: chooses the pod network (cluster-network.ts). */
  readonly nodeIndex: number;
  /** What probeSandbox() found. */
  readonly abilities: SandboxAbilities;
  /** State directory of the cluster namespace (clusterNamespaceCommand). */
  readonly namespaceDir: string;
  /** Host directories that pods must not see: the data directory. */
  readonly hiddenPaths: readonly string[];
  /** Tests enter the cluster namespace with it; the server is inside already. */
  readonly runner?: CommandRunner;
}

/** The sandbox runtime of one node. The cluster namespace must exist before `start()`. */
export function createSandboxRuntime(options: SandboxRuntimeOptions): ContainerRuntime {
  return new PodRuntime(options, sandboxDriver(options));
}

function sandboxDriver(options: SandboxRuntimeOptions): RuntimeDriver {
  const { stateDir, nodeIndex, abilities, runner = commandRunner() } = options;
  const pool = {
    file: join(stateDir, 'address.json'),
    address: (hostNumber: number) => podAddress(nodeIndex, hostNumber),
  };
  const dialers = podDialers({ runner, clock: options.clock });
  return {
    name: 'sandbox',
    abilities: abilities.runtime,
    runner,
    start: () => addNodeAddress(runner, nodeIndex),
    allocateAddress: (inUse, hostNetwork) =>
      hostNetwork ? nodeAddress(nodeIndex) : allocateAddress(pool, inUse),
    setUpPod: (pod) => {
      const shared = pod.config.processes === 'pod';
      return createPodNamespaces(runner, pod, shared ? [pauseCommand(stateDir, pod)] : []);
    },
    tearDownPod: async (pod) => {
      const pause = pauseProcess(stateDir, pod);
      if (pause) sendSignal(pause.pid, 'SIGKILL');
      dialers.close(podNamespaces(pod).net ?? '');
      await removePodNamespaces(runner, pod);
    },
    dial: (pod, port) => {
      const { net } = podNamespaces(pod);
      return net === undefined ? connectTo('127.0.0.1', port) : dialers.dial(net, port);
    },
    livePods: async (pods) => {
      const named = await listPodNamespaces(runner);
      const lives = (pod: PodRecord) =>
        named.has(pod.id) && (pod.config.processes !== 'pod' || pauseProcess(stateDir, pod));
      return new Set(pods.filter(lives).map(({ id }) => id));
    },
    createCgroups: ({ id, config }) => createCgroups(abilities.cgroups, id, config.limits),
    prepareContainer: (pod, container, dir) => prepare(options, pod, { ...container, dir }),
    // The kernel ends a pid namespace with its first process; others are swept by the shim.
    killContainer: (_container, init) => void sendSignal(init.pid, 'SIGKILL'),
    sweepContainer: () => {},
    cleanUpContainer: async ({ cgroups }) => removeCgroups(cgroups),
    wasOomKilled: ({ cgroups }) => oomKilled(cgroups),
    execCommand: (request) => execCommand(abilities, request),
    rootPath: ({ pid }) => `/proc/${pid}/root`,
    enterMounts: ({ pid }) => ['nsenter', '--target', `${pid}`, '--mount'],
    containerPids: (_container, { pid }) => pidsBeside(pid),
    cgroupMemoryBytes: ({ cgroups }) => memoryInUse(cgroups),
  };
}

/** Every node answers on an address of its own; that of node 0 is the gateway's. */
async function addNodeAddress(runner: CommandRunner, nodeIndex: number): Promise<void> {
  if (nodeIndex === 0) return;
  const address = `${nodeAddress(nodeIndex)}/${POD_NETWORK_PREFIX_LENGTH}`;
  await runOrThrow(runner, ['ip', 'addr', 'replace', address, 'dev', BRIDGE_NAME], {
    code: 'ORD_POD_NETWORK',
    what: `can't give node ${nodeIndex} its address`,
  });
}

function prepare(
  options: SandboxRuntimeOptions,
  pod: PodRecord,
  container: ContainerRecord & { dir: string },
): ShimPlan {
  const { abilities, namespaceDir, stateDir } = options;
  const { config, dir, cgroups } = container;
  const space = processSpace(stateDir, pod, config);
  const { view, entries } = prepareContainerRoot({
    dir,
    level: abilities.rootLevel,
    rootless: abilities.rootless,
    config,
    files: identityFiles(pod, config.user),
    hiddenPaths: options.hiddenPaths,
    devTemplate: deviceTemplate(namespaceDir),
    devMount: DEV_MOUNT,
    shmMount: podSharedMemory(pod),
    hostProcesses: pod.config.processes === 'node',
  });
  const cwd = view.resolve(config.workingDir ?? '/');
  view.ensureDirectory(cwd);
  assertExecutable(view, config.argv[0] ?? '', { path: searchPath(config), cwd });
  mkdirSync(join(dir, 'work'), { recursive: true });
  writeFileSync(join(dir, 'fstab'), formatFstab(entries));
  const enterRoot = ['mount -a -T fstab', 'cd root', 'pivot_root . .', 'umount -l .'];
  const available = availableCapabilities();
  const become = userCommand({ config, abilities, available, entry: 'start' });
  const program = config.tty ? terminalCommand(config.argv) : config.argv;
  return {
    enter: [...enterPod(pod), ...space.enter, 'unshare', '--mount', ...space.unshare],
    setUp: [...joinCgroups(cgroups), ...enterRoot, `cd ${shellQuote(cwd)}`],
    argv: [...become, ...environmentCommand(config, { HOSTNAME: pod.config.hostname }), ...program],
    sweep: space.sweep,
  };
}

function enterPod(pod: PodRecord): string[] {
  const { net, uts, ipc } = podNamespaces(pod);
  return ['nsenter', ...(net ? [`--net=${net}`] : []), `--uts=${uts}`, `--ipc=${ipc}`];
}

function execCommand(abilities: SandboxAbilities, request: ExecRequest): string[] {
  const { pod, container, init, argv, stdin, tty } = request;
  const config = { ...container.config, tty };
  const user = needsUserNamespace(config, abilities) ? ['--user', '--preserve-credentials'] : [];
  const pids = pod.config.processes === 'node' ? [] : ['--pid'];
  const spaces = ['--mount', '--uts', '--ipc', '--net', ...pids];
  const enter = ['nsenter', '--target', `${init.pid}`, ...user, ...spaces];
  const available = availableCapabilities();
  const join = joinCgroups(container.cgroups).map((step) => `${step}; `);
  return [
    ...(join.length > 0 ? ['sh', '-c', `${join.join('')}exec "$@"`, 'exec'] : []),
    ...enter,
    ...userCommand({ config, abilities, available, entry: 'join' }),
    ...directoryCommand(config.workingDir),
    ...(stdin && !tty ? inputCommand() : []),
    ...environmentCommand(config, { HOSTNAME: pod.config.hostname }),
    ...(tty ? terminalCommand(argv) : argv),
  ];
}

function availableCapabilities(): ReadonlySet<string> {
  const mask = /^CapBnd:\s+([0-9a-f]+)/m.exec(readText('/proc/self/status'))?.[1] ?? '0';
  return capabilitiesOfMask(mask);
}

/** Ids of the processes that share pids and mounts with a container's first one. */
function pidsBeside(init: number): number[] {
  const own = namespacesOf(init);
  return allPids().filter((pid) => own !== undefined && namespacesOf(pid) === own);
}

function namespacesOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) + readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}
