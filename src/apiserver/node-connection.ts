// How the API server reaches a node agent for logs, exec and port-forward. The composition root
// injects a dialer; the server never imports the agent.
import type { Readable, Writable } from 'node:stream';
import type { Duplex } from 'node:stream';

export interface ContainerAddress {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly sinceMs: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface RemoteProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  readonly exitCode: Promise<number>;
  resize(width: number, height: number): void;
  kill(): void;
}

/** What something uses; processor time is the mean over the window that ends at `atMs`. */
export interface Usage {
  readonly atMs: number;
  readonly windowMs: number;
  readonly cpuNanoCores: number;
  /** Processor time since `startedAtMs`. */
  readonly cpuNanoseconds: number;
  readonly startedAtMs: number;
  readonly memoryBytes: number;
}

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  /** Those that run. */
  readonly containers: readonly (Usage & { readonly name: string })[];
}

export interface NodeUsage {
  readonly node: Usage;
  readonly pods: readonly PodUsage[];
}

/** All methods throw StatusError (404 pod or container unknown, 400 not running yet …). */
export interface NodeConnection {
  /** Ends when the log ends (or the container, when following); destroy it to stop. */
  containerLogs(address: ContainerAddress, options: LogOptions): Promise<Readable>;
  exec(address: ContainerAddress, request: ExecRequest): Promise<RemoteProcess>;
  attach(address: ContainerAddress, request: Omit<ExecRequest, 'command'>): Promise<RemoteProcess>;
  /**
   * A byte stream to a port of the pod: at its address, unless it is to be as for a program inside
   * that connects to localhost.
   */
  dial(
    pod: { namespace: string; pod: string },
    port: number,
    via?: 'address' | 'localhost',
  ): Promise<Duplex>;
  /** What the node and its pods use now. */
  usage(): Promise<NodeUsage>;
}

/** The connection to a node's agent; throws StatusError 503/500 when the node has none. */
export type NodeDialer = (nodeName: string) => NodeConnection;

/**
 * How to connect to a host and port that are not the cluster's, for a server that lives in the
 * network of the pods; undefined: directly.
 */
export type OutsideDialer = (host: string, port: number) => (() => Promise<Duplex>) | undefined;
