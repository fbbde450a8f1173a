// The node agent: keeps the pods that the API server has given to this node running, and tells the
// API server how they are. `createNodeAgent` puts its parts together.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf, uidOf } from '../api/meta/object.ts';
import { pods, services } from '../api/resources.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import type { Client } from '../client/client.ts';
import { createEventRecorder } from '../client/event-recorder.ts';
import type { InformerFactory } from '../client/informer.ts';
import { createNodeConnection } from './connection.ts';
import { createContainerLauncher } from './container-launcher.ts';
import { hostDns, mayChangeOwner } from './host-files.ts';
import type { NodeConnection } from './node-connection.ts';
import { machineCapacity, nodeInfo } from './node-facts.ts';
import { NodeStatusKeeper } from './node-status.ts';
import { admitPod } from './plan/admit-pod.ts';
import { podDirectories } from './pod-directories.ts';
import { createPodEvents } from './pod-events.ts';
import { PodWorker } from './pod-worker.ts';
import type { PodWorkerOptions } from './pod-worker.ts';
import { createProbeManager } from './probe/probe-manager.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import { StatusManager } from './status-manager.ts';
import { createObjectReader } from './volume/object-reader.ts';
import { createTokenSource } from './volume/token-source.ts';
import { createVolumeManager } from './volume/volume-manager.ts';

export interface NodeAgentOptions {
  readonly nodeName: string;
  readonly client: Client;
  /** Started by whoever made it, before or while the agent starts. */
  readonly informers: InformerFactory;
  /** Not started; the agent starts and stops it. */
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For everything the agent keeps about its pods; only this agent may use it. */
  readonly stateDir: string;
  readonly clusterDns: { readonly ip: string; readonly domain: string };
  /** Where pods find the API server. */
  readonly apiServerAddress: { readonly host: string; readonly port: number };
  /** InternalIP of the node and hostIP of its pods. */
  readonly address: string;
  /** Version shown by `kubectl get nodes`: `v1.36.0`. */
  readonly version: string;
  /** Replaces what the machine has: `{ cpu: '4', memory: '8Gi', pods: '110' … }`. */
  readonly capacity?: Readonly<Record<string, string>>;
}

export interface NodeAgent extends Runnable {
  /** For the API server: logs, exec, attach, port-forward. */
  readonly connection: NodeConnection;
}

/**
 * `start()` resolves when the node is registered and has taken over what still runs of its pods;
 * `stop()` lets go of the pods without stopping them.
 */
export function createNodeAgent(options: NodeAgentOptions): NodeAgent {
  return new Kubelet(options);
}

class Kubelet implements NodeAgent {
  readonly connection: NodeConnection;
  readonly #options: NodeAgentOptions;
  readonly #workers = new Map<string, PodWorker>();
  readonly #informer;
  readonly #services;
  readonly #recorder;
  readonly #statuses: StatusManager;
  #keeper: NodeStatusKeeper | undefined;
  #closers: (() => void)[] = [];

  constructor(options: NodeAgentOptions) {
    const { nodeName, client, clock, random, logger, informers, runtime } = options;
    this.#options = options;
    const fieldSelector = `spec.nodeName=${nodeName}`;
    this.#informer = informers.informer(pods, { fieldSelector });
    this.#services = informers.informer(services);
    const component = { component: 'kubelet', host: nodeName };
    this.#recorder = createEventRecorder({ client, clock, random, logger, ...component });
    this.#statuses = new StatusManager({
      client,
      clock,
      logger,
      cached: (pod) => this.#cached(pod),
    });
    this.connection = createNodeConnection({
      runtime,
      clock,
      logger,
      findPod: (name) => {
        const pod = this.#informer.lister.get(name);
        return pod && { pod, status: this.#statuses.current(pod) };
      },
    });
  }

  async start(): Promise<void> {
    const { runtime, stateDir, logger } = this.#options;
    await mkdir(stateDir, { recursive: true });
    await runtime.start();
    await this.#recorder.start();
    const capacity = { ...(await machineCapacity(stateDir)), ...this.#options.capacity };
    const keeper = this.#makeKeeper(capacity);
    this.#keeper = keeper;
    await Promise.all([keeper.start(), this.#informer.synced(), this.#services.synced()]);
    const workerOptions = this.#workerOptions(capacity);
    this.#closers = [
      runtime.onContainerChange((id) => this.#containerChanged(id)),
      this.#informer.addEventHandler({
        add: (pod) => this.#seen(workerOptions, pod),
        update: (_previous, pod) => this.#seen(workerOptions, pod),
        delete: (pod) => this.#workers.get(uidOf(pod))?.remove(),
      }),
    ];
    await this.#removeOrphans(workerOptions);
    logger.info('node agent started', { node: this.#options.nodeName, runtime: runtime.name });
  }

  async stop(): Promise<void> {
    for (const close of this.#closers) close();
    this.#closers = [];
    await this.#keeper?.stop();
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
    this.#workers.clear();
    await this.#statuses.stop();
    await this.#recorder.stop();
    await this.#options.runtime.stop();
  }

  #makeKeeper(capacity: Record<string, string>): NodeStatusKeeper {
    const { runtime, version } = this.#options;
    return new NodeStatusKeeper({ ...this.#options, capacity, info: nodeInfo(version, runtime) });
  }

  #cached(pod: Pod): Pod | undefined {
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const cached = this.#informer.lister.get(name);
    return cached !== undefined && uidOf(cached) === uidOf(pod) ? cached : undefined;
  }

  #workerOptions(allocatable: Record<string, string>): PodWorkerOptions {
    const { client, clock, random, runtime, clusterDns, version, address } = this.#options;
    const directories = podDirectories(this.#options.stateDir);
    const events = createPodEvents(this.#recorder);
    const reader = createObjectReader(client);
    const userAgent = `kube-probe/${version.replace(/^v?(\d+\.\d+).*$/, '$1')}`;
    return {
      ...this.#options,
      hostIP: address,
      allocatable,
      userAgent,
      directories,
      events,
      dns: { clusterIp: clusterDns.ip, clusterDomain: clusterDns.domain, host: hostDns() },
      statuses: this.#statuses,
      launcher: createContainerLauncher({
        ...this.#options,
        reader,
        directories,
        events,
        services: (namespace) => this.#services.lister.list(namespace),
      }),
      volumes: createVolumeManager({
        podDirectory: (uid) => directories.pod(uid),
        reader,
        tokens: createTokenSource(reader, clock),
        clock,
        random,
        mayChangeOwner: mayChangeOwner(),
        mayMount: runtime.abilities.mounts,
      }),
      probes: createProbeManager({
        runtime,
        clock,
        userAgent,
        events,
        onResult: (uid) => this.#workers.get(uid)?.poke(),
      }),
      admit: (pod) => admitPod(pod, this.#podsBeside(pod), allocatable),
      mayStart: (pod) => !this.#hasPredecessor(pod),
      onGone: (pod) => this.#forget(pod),
    };
  }

  #podsBeside(pod: Pod): Pod[] {
    const others = [...this.#workers.values()].filter((worker) => worker.occupies);
    return others.map((worker) => worker.pod).filter((other) => uidOf(other) !== uidOf(pod));
  }

  /** Does an earlier pod of the same name still run? Two at once must never be. */
  #hasPredecessor(pod: Pod): boolean {
    return [...this.#workers.values()].some(
      (worker) =>
        !worker.finished && uidOf(worker.pod) !== uidOf(pod) && keyOf(worker.pod) === keyOf(pod),
    );
  }

  #forget(pod: Pod): void {
    this.#workers.delete(uidOf(pod));
    for (const worker of this.#workers.values()) {
      if (keyOf(worker.pod) === keyOf(pod)) worker.poke();
    }
  }

  #seen(options: PodWorkerOptions, pod: Pod): void {
    // A pod deleted and made again between two lists shows as an update.
    for (const worker of this.#workers.values()) {
      if (keyOf(worker.pod) === keyOf(pod) && uidOf(worker.pod) !== uidOf(pod)) worker.remove();
    }
    const known = this.#workers.get(uidOf(pod));
    if (known !== undefined) return known.update(pod);
    const worker = new PodWorker(options, pod);
    this.#workers.set(uidOf(pod), worker);
    worker.poke();
  }

  #containerChanged(containerId: string): void {
    const { runtime } = this.#options;
    const container = runtime.listContainers().find(({ id }) => id === containerId);
    const sandbox = runtime.listPodSandboxes().find(({ id }) => id === container?.sandboxId);
    if (sandbox !== undefined) this.#workers.get(sandbox.uid)?.poke();
  }

  /** What is left of pods that were deleted while no agent was here. */
  async #removeOrphans({ volumes, directories }: PodWorkerOptions): Promise<void> {
    const { runtime } = this.#options;
    for (const { id, uid } of runtime.listPodSandboxes()) {
      if (!this.#workers.has(uid)) await runtime.removePodSandbox(id);
    }
    await mkdir(directories.podsDirectory, { recursive: true });
    for (const uid of await readdir(directories.podsDirectory)) {
      if (this.#workers.has(uid)) continue;
      await volumes.unmount(uid);
      await rm(join(directories.podsDirectory, uid), { recursive: true, force: true });
    }
  }
}
