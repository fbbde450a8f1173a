// The part in which the two runtimes differ. PodRuntime owns records, life cycle, adoption, logs
// and exec sessions; a driver knows how to isolate a pod and how to enter it.
import type { Duplex } from 'node:stream';
import type { CommandRunner } from './command-runner.ts';
import type { ContainerRecord, PodRecord } from './records.ts';
import type { ContainerRuntime, RuntimeAbilities } from './runtime.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What the shim needs to start a container (shim.ts). */
export interface ShimPlan {
  /** Command that goes into the namespaces and then runs the words that follow it. */
  readonly enter: readonly string[];
  /** Shell commands that the container's first process runs in order; each must succeed. */
  readonly setUp: readonly string[];
  /** Replaces the container's first process in the end. */
  readonly argv: readonly string[];
  /** Shell commands that the shim runs when that process has ended. */
  readonly sweep: readonly string[];
}

export interface RuntimeDriver {
  readonly name: ContainerRuntime['name'];
  readonly abilities: RuntimeAbilities;
  readonly runner: CommandRunner;

  start(): Promise<void>;
  /** An address for a new pod; `inUse` are those of the others. */
  allocateAddress(inUse: ReadonlySet<string>, hostNetwork: boolean): string;
  /** Makes the pod's namespaces and network. */
  setUpPod(pod: PodRecord): Promise<void>;
  /** Undoes setUpPod, complete or not; safe to repeat. */
  tearDownPod(pod: PodRecord): Promise<void>;
  /** Connects to a port of localhost in the pod. */
  dial(pod: PodRecord, port: number): Promise<Duplex>;
  /** Which of `pods` still have what setUpPod made. */
  livePods(pods: readonly PodRecord[]): Promise<ReadonlySet<string>>;

  /** Makes the control groups that the container's limits need; their directories. */
  createCgroups(container: ContainerRecord): readonly string[];
  /**
   * Writes the container's files into `dir`; throws OrdinalError for what can't be mounted or
   * run.
   */
  prepareContainer(pod: PodRecord, container: ContainerRecord, dir: string): ShimPlan;
  /** SIGKILL for every process of the container (`init` is its first); the shim stays. */
  killContainer(container: ContainerRecord, init: ProcessIdentity): void;
  /** Called once its main process has ended: kills what may have stayed behind. */
  sweepContainer(container: ContainerRecord): void;
  /** Deletes what the container has outside of `dir`, after its end and again at its removal. */
  cleanUpContainer(container: ContainerRecord): Promise<void>;
  wasOomKilled(container: ContainerRecord): boolean;

  /** Command line that runs `argv` as if the container had started it. */
  execCommand(request: ExecRequest): readonly string[];
  /** Where its file system is seen from here, given its first process. */
  rootPath(init: ProcessIdentity): string;
  /** Command prefix that sees the container's /dev. */
  enterMounts(init: ProcessIdentity): readonly string[];
  /** Ids of the container's processes. */
  containerPids(container: ContainerRecord, init: ProcessIdentity): number[];
  /** Memory in use as the control group counts it, if there is one. */
  cgroupMemoryBytes(container: ContainerRecord): number | undefined;
}

export interface ExecRequest {
  readonly pod: PodRecord;
  readonly container: ContainerRecord;
  readonly dir: string;
  readonly init: ProcessIdentity;
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}
