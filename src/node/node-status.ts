// Registers the node and keeps its object and its lease alive.
import type { Lease, Node, NodeStatus, NodeSystemInfo } from '../api/generated/types.ts';
import { semanticEqual } from '../api/meta/json-equal.ts';
import { uidOf } from '../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/meta/status-error.ts';
import { leases, nodes } from '../api/resources.ts';
import { sleep } from '../base/clock.ts';
import { formatMicroTime } from '../base/time.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Runnable } from '../base/runnable.ts';
import type { Client } from '../client/client.ts';
import { nodeConditions } from './plan/node-conditions.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';

export interface NodeStatusOptions {
  readonly nodeName: string;
  /** InternalIP of the node. */
  readonly address: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly capacity: Readonly<Record<string, string>>;
  readonly info: NodeSystemInfo;
}

const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const LEASE_RENEW_MS = 10_000;
const STATUS_PERIOD_MS = 300_000;
const RETRY_MS = 1000;
const CONFLICT_TRIES_MAX = 5;

/** `start()` resolves when the node is registered. */
export class NodeStatusKeeper implements Runnable {
  readonly #options: NodeStatusOptions;
  readonly #abort = new AbortController();
  #flights: Promise<void>[] = [];
  #node: Node | undefined;
  #lease: Lease | undefined;

  constructor(options: NodeStatusOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && !(await this.#try('node not registered', () => this.#register()))) {
      await sleep(this.#options.clock, RETRY_MS, signal);
    }
    const lease = () => this.#try('node lease not renewed', () => this.#renewLease());
    const status = () => this.#try('node status not written', () => this.#register());
    await lease();
    this.#flights = [this.#repeat(LEASE_RENEW_MS, lease), this.#repeat(STATUS_PERIOD_MS, status)];
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#flights);
  }

  async #repeat(periodMs: number, action: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#abort;
    let delayMs = periodMs;
    for (;;) {
      await sleep(this.#options.clock, delayMs, signal);
      if (signal.aborted) return;
      delayMs = (await action()) ? periodMs : RETRY_MS;
    }
  }

  async #try(what: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#options.logger.warn(what, { error: errorMessage(error) });
      return false;
    }
  }

  #labels(): Record<string, string> {
    const { nodeName, info } = this.#options;
    return {
      'beta.kubernetes.io/arch': info.architecture,
      'beta.kubernetes.io/os': info.operatingSystem,
      'kubernetes.io/arch': info.architecture,
      'kubernetes.io/hostname': nodeName,
      'kubernetes.io/os': info.operatingSystem,
    };
  }

  #status(previous: NodeStatus | undefined): NodeStatus {
    const { nodeName, address, capacity, info, runtime, clock } = this.#options;
    return {
      ...previous,
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: nodeName },
      ],
      capacity: { ...capacity },
      allocatable: { ...capacity },
      conditions: nodeConditions({
        runtimeName: runtime.name,
        abilities: runtime.abilities,
        previous: previous?.conditions ?? [],
        nowMs: clock.now(),
      }),
      nodeInfo: info,
    };
  }

  async #fetch(): Promise<Node> {
    const resource = this.#options.client.resource(nodes);
    const name = this.#options.nodeName;
    try {
      return await resource.get({ name });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      return await resource.create({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: this.#labels() },
      });
    } catch (error) {
      if (isAlreadyExists(error)) return resource.get({ name });
      throw error;
    }
  }

  /** Makes the object and its labels if needed and writes the status. */
  async #register(): Promise<void> {
    const resource = this.#options.client.resource(nodes);
    for (let tries = 1; ; tries++) {
      try {
        let node = await this.#fetch();
        const labels = { ...node.metadata.labels, ...this.#labels() };
        if (!semanticEqual(labels, node.metadata.labels)) {
          node = await resource.update({ ...node, metadata: { ...node.metadata, labels } });
        }
        this.#node = await resource.updateStatus({ ...node, status: this.#status(node.status) });
        return;
      } catch (error) {
        if (!isConflict(error) || tries === CONFLICT_TRIES_MAX) throw error;
      }
    }
  }

  async #renewLease(): Promise<void> {
    const { client, clock, nodeName } = this.#options;
    const resource = client.resource(leases);
    const name = { namespace: LEASE_NAMESPACE, name: nodeName };
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: formatMicroTime(clock.now()),
    };
    try {
      this.#lease ??= await resource.get(name);
      this.#lease = await resource.update({ ...this.#lease, spec });
    } catch (error) {
      this.#lease = undefined;
      if (!isNotFound(error)) throw error;
      const metadata = { ...name, ...this.#leaseOwner() };
      this.#lease = await resource.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata,
        spec,
      });
    }
  }

  #leaseOwner(): Pick<Lease['metadata'], 'ownerReferences'> {
    if (this.#node === undefined) return {};
    const { nodeName: name } = this.#options;
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid: uidOf(this.#node) };
    return { ownerReferences: [owner] };
  }
}
