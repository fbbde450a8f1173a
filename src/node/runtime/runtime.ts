// The narrow waist between the node agent and whatever runs processes, in the words of the
// Container Runtime Interface. Implementations: sandbox/ (Linux namespaces), process/ (plain
// processes). Both pass runtime-conformance.ts.
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Runnable } from '../../base/runnable.ts';

/** What this runtime can do on this machine; each false one has a sentence in `notes`. */
export interface RuntimeAbilities {
  /** Every pod has an address of its own that other pods reach on any port. */
  readonly podAddress: boolean;
  /** Own hostname, /etc/hosts and /etc/resolv.conf. */
  readonly hostname: boolean;
  /** Volumes appear at their mount paths. */
  readonly mounts: boolean;
  readonly pidNamespace: boolean;
  /** `runAsUser` of any uid takes effect. */
  readonly runAsUser: boolean;
  readonly memoryLimit: boolean;
  readonly cpuLimit: boolean;
  /** A terminal for `exec -it`. */
  readonly terminal: boolean;
  /** One sentence for each thing that is missing and what follows from it. */
  readonly notes: readonly string[];
}

export interface PodSandboxConfig {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly hostname: string;
  /**
   * Fully qualified name (`web-0.nginx.default.svc.cluster.local`), undefined without subdomain.
   * SS-901.
   */
  readonly fullyQualifiedName: string | undefined;
  readonly hostAliases: readonly { ip: string; hostnames: readonly string[] }[];
  readonly dns: {
    readonly nameservers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly hostNetwork: boolean;
  /**
   * Whose processes its containers see: those of the pod (`shareProcessNamespace`), of the node
   * (`hostPID`), or, when absent, each its own.
   */
  readonly processes?: 'pod' | 'node' | undefined;
}

export interface PodSandbox {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly createdAtMs: number;
  /** False after stopPodSandbox, or if its network is gone. */
  readonly ready: boolean;
}

export interface ContainerMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface ContainerConfig {
  readonly name: string;
  /** Number of earlier starts of this container in this pod. */
  readonly attempt: number;
  /** What the pod asks for; without an image store the host's file system is the image. */
  readonly image: string;
  /** The whole argument vector, not empty. */
  readonly argv: readonly string[];
  readonly workingDir: string | undefined;
  readonly env: readonly { name: string; value: string }[];
  readonly mounts: readonly ContainerMount[];
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly supplementalGroups: readonly number[];
  };
  readonly privileged: boolean;
  readonly allowPrivilegeEscalation: boolean;
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly readOnlyRootFilesystem: boolean;
  readonly limits: {
    readonly memoryBytes: number | undefined;
    readonly cpuMillis: number | undefined;
  };
  readonly stdin: boolean;
  /** Its stdin ends with the first client that had attached to it. */
  readonly stdinOnce?: boolean;
  readonly tty: boolean;
  /** Id of the container whose processes it sees instead of its own; unless its pod shares all. */
  readonly targetId?: string | undefined;
  /** `lifecycle.stopSignal` (`SIGINT`); SIGTERM when absent. */
  readonly stopSignal?: string | undefined;
  /**
   * Where the log in CRI format goes (`<RFC 3339 nano> stdout F <line>`); rotated files get `.1`,
   * `.2` …
   */
  readonly logPath: string;
}

export interface ContainerStatus {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly pid: number | undefined;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerStatusUnknown`, `StartError` once exited. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly logPath: string;
}

export interface ExecOptions {
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** A running exec or attach. */
export interface ExecSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** Undefined with a terminal: everything comes on stdout. */
  readonly stderr: Readable | undefined;
  /** Resolves with the exit code after both outputs have ended (128 + n for signal n). */
  readonly exitCode: Promise<number>;
  resize(width: number, height: number): void;
  kill(): void;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly timedOut: boolean;
}

export interface ContainerStats {
  /** CPU time used since start, in nanoseconds, and memory in use, in bytes. */
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
}

/**
 * Runs pods. All state is on disk before a call resolves: after a `kill -9` of the agent a new
 * runtime object on the same directory finds every sandbox and container again (`start()`).
 * `stop()` lets go of them without stopping them. Ids are unknown → OrdinalError
 * `ORD_RUNTIME_NOT_FOUND`.
 */
export interface ContainerRuntime extends Runnable {
  readonly name: 'sandbox' | 'process';
  readonly abilities: RuntimeAbilities;

  runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox>;
  /** Kills what still runs in it and frees its network; safe to repeat. */
  stopPodSandbox(sandboxId: string): Promise<void>;
  /** Stops it and removes all its containers and files, logs excepted; safe to repeat. */
  removePodSandbox(sandboxId: string): Promise<void>;
  listPodSandboxes(): PodSandbox[];

  /**
   * Starts a container; resolves when its process runs (or has already ended). Throws
   * OrdinalError if it can't be started.
   */
  startContainer(sandboxId: string, config: ContainerConfig): Promise<ContainerStatus>;
  /** SIGTERM, after `graceSeconds` SIGKILL; resolves when it has ended. 0 kills at once. */
  stopContainer(containerId: string, graceSeconds: number): Promise<void>;
  removeContainer(containerId: string): Promise<void>;
  listContainers(): ContainerStatus[];
  containerStats(containerId: string): Promise<ContainerStats>;

  /** Throws OrdinalError when there is no such program, or the container does not run. */
  exec(containerId: string, options: ExecOptions): Promise<ExecSession>;
  /** Runs a command to its end, for probes and hooks; kills it after `timeoutMs`. */
  execSync(containerId: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /**
   * Connects to a port as a program of the pod would at localhost. Throws an error with Node's
   * `code` when nobody listens there.
   */
  dial(sandboxId: string, port: number): Promise<Duplex>;
  /**
   * Joins the standard streams of the main process; stdin if it is asked for and the container was
   * started with it. The first client of a container that has just been started gets also what it
   * has missed.
   */
  attach(containerId: string, options: { readonly stdin: boolean }): Promise<ExecSession>;

  /**
   * Calls back whenever a container's state has changed (started, exited, removed). Returns the
   * unsubscriber.
   */
  onContainerChange(listener: (containerId: string) => void): () => void;
}
