// The fallback runtime where the kernel refuses namespaces: plain processes of the host.
// What a pod gets, and what not:
// - Its own loopback address (127.244.n.m), free for it to bind; a server that binds 0.0.0.0 takes
//   the port of all pods. Other machines can't reach it.
// - Volumes can't be mounted, and the host's file system is never touched: a volume for /data is a
//   symbolic link $ORDINAL_ROOT/data, and programs must be told to look there.
// - No host name, hosts file, resolv.conf, process isolation or limits of its own.
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { OrdinalError } from '../../../base/errors.ts';
import { allocateAddress } from '../address-pool.ts';
import { loopbackAddress } from '../cluster-network.ts';
import { connectTo } from '../connect-to.ts';
import { commandRunner, missingTools, shellQuote } from '../command-runner.ts';
import { directoryCommand, environmentCommand, inputCommand, searchPath } from '../environment.ts';
import { terminalCommand } from '../exec-session.ts';
import { assertExecutable } from '../find-executable.ts';
import { RootView } from '../root-view.ts';
import { PodRuntime, type PodRuntimeOptions } from '../pod-runtime.ts';
import {
  allPids,
  descendantPids,
  isAlive,
  readText,
  sendSignal,
  type ProcessIdentity,
} from '../process-identity.ts';
import type { ContainerRecord } from '../records.ts';
import type { ContainerConfig, ContainerRuntime, RuntimeAbilities } from '../runtime.ts';
import type { ExecRequest, RuntimeDriver, ShimPlan } from '../runtime-driver.ts';

export interface ProcessRuntimeOptions extends PodRuntimeOptions {
  /** 0 to 255: chooses the pod addresses. */
  readonly nodeIndex: number;
}

/** Marks every process of a container, also those that left its session. */
const MARKER = 'ORDINAL_CONTAINER_ID';
/** Killing is repeated because processes may fork meanwhile. */
const SWEEPS_MAX = 100;

/** The process runtime of one node. */
export function createProcessRuntime(options: ProcessRuntimeOptions): ContainerRuntime {
  return new PodRuntime(options, processDriver(options));
}

/** What plain processes can do here; needs no probe. */
export function processAbilities(): RuntimeAbilities {
  const missing = missingTools(['setpriv', 'script', 'stty']);
  const runAsUser = process.geteuid?.() === 0 && !missing.includes('setpriv');
  const terminal = !missing.includes('script') && !missing.includes('stty');
  return {
    podAddress: false,
    hostname: false,
    mounts: false,
    pidNamespace: false,
    runAsUser,
    memoryLimit: false,
    cpuLimit: false,
    terminal,
    notes: [
      'Pods are plain processes: their addresses are loopback addresses of this machine, and a ' +
        'program that binds 0.0.0.0 takes the port for all pods.',
      'Pods have the host name and the DNS of this machine.',
      'Volumes are not at their mount paths but below $ORDINAL_ROOT.',
      'Processes of all pods see each other, and no limits are enforced.',
      ...(runAsUser ? [] : ['Not run as root: runAsUser and runAsGroup have no effect.']),
      ...(terminal ? [] : ['script or stty is missing: exec and attach have no terminal (-t).']),
    ],
  };
}

function processDriver({ stateDir, nodeIndex }: ProcessRuntimeOptions): RuntimeDriver {
  const abilities = processAbilities();
  const pool = {
    file: join(stateDir, 'address.json'),
    address: (hostNumber: number) => loopbackAddress(nodeIndex, hostNumber),
  };
  return {
    name: 'process',
    abilities,
    runner: commandRunner(),
    start: async () => {},
    allocateAddress: (inUse) => allocateAddress(pool, inUse),
    setUpPod: async () => {},
    tearDownPod: async () => {},
    livePods: async (pods) => new Set(pods.map((pod) => pod.id)),
    createCgroups: () => [],
    prepareContainer: (_pod, container, dir) => prepare(abilities, container, dir),
    killContainer: (container, init) => killAll(container, init),
    // All of the machine's programs share one localhost; those of the pod have its address.
    dial: ({ ip }, port) => connectTo(ip, port),
    sweepContainer: (container) => killAll(container, undefined),
    cleanUpContainer: async () => {},
    wasOomKilled: () => false,
    execCommand: (request) => execCommand(abilities, request),
    rootPath: () => '/',
    enterMounts: () => [],
    containerPids: (container, init) => treeOf(container, init),
    cgroupMemoryBytes: () => undefined,
  };
}

function prepare(abilities: RuntimeAbilities, container: ContainerRecord, dir: string): ShimPlan {
  const { config } = container;
  const root = join(dir, 'rootfs');
  mkdirSync(root);
  // The container's user must get through to its volumes; the files beside them stay private.
  for (const path of [dirname(dirname(dir)), dirname(dir), dir]) chmodSync(path, 0o711);
  for (const { hostPath, containerPath } of config.mounts) {
    const link = join(root, normalize(`/${containerPath}`));
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(hostPath, link);
    } catch (cause) {
      const message = `volume for ${containerPath} lies in or over another one`;
      throw new OrdinalError('ORD_CONTAINER_START', message, { cause });
    }
  }
  const cwd = config.workingDir ?? '/';
  const view = new RootView();
  view.add({ at: '/', writable: undefined, lower: '/' });
  assertExecutable(view, config.argv[0] ?? '', { path: searchPath(config), cwd });
  const program = config.tty ? terminalCommand(config.argv) : config.argv;
  return {
    enter: [],
    setUp: [`cd ${shellQuote(cwd)}`],
    argv: [...userCommand(abilities, config), ...environment(container, dir), ...program],
    sweep: [],
  };
}

function execCommand(abilities: RuntimeAbilities, request: ExecRequest): string[] {
  const { container, dir, argv, stdin, tty } = request;
  const { config } = container;
  return [
    ...userCommand(abilities, config),
    ...directoryCommand(config.workingDir),
    ...(stdin && !tty ? inputCommand() : []),
    ...environment(container, dir),
    ...(tty ? terminalCommand(argv) : argv),
  ];
}

function userCommand(abilities: RuntimeAbilities, { user }: ContainerConfig): string[] {
  if (!abilities.runAsUser) return [];
  const groups = [...new Set(user.supplementalGroups)].join(',');
  const groupOption = groups === '' ? '--clear-groups' : `--groups=${groups}`;
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, groupOption, '--'];
}

function environment({ id, config }: ContainerRecord, dir: string): string[] {
  const own = [
    { name: 'ORDINAL_ROOT', value: join(dir, 'rootfs') },
    { name: MARKER, value: id },
  ];
  return environmentCommand({ ...config, env: [...config.env, ...own] });
}

/** Kills until no new process turns up: they may fork meanwhile. */
function killAll(container: ContainerRecord, init: ProcessIdentity | undefined): void {
  const killed = new Set<number>();
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    const found = treeOf(container, init).filter((pid) => !killed.has(pid));
    if (found.length === 0) return;
    for (const pid of found) {
      killed.add(pid);
      sendSignal(pid, 'SIGKILL');
    }
  }
}

/** The container's processes: those under its first one, and those that carry its mark. */
function treeOf(container: ContainerRecord, init: ProcessIdentity | undefined): number[] {
  const mark = `${MARKER}=${container.id}\0`;
  const marked = allPids().filter((pid) => `${readText(`/proc/${pid}/environ`)}\0`.includes(mark));
  const below = init && isAlive(init) ? [init.pid, ...descendantPids(init.pid)] : [];
  return [...new Set([...marked, ...below])];
}
