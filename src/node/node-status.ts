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
/** How often we look whether the object still says what is true. */
const STATUS_CHECK_MS = 10_000;
/** A status that has not changed is written so often. */
const STATUS_REPORT_MS = 300_000;
const RETRY_MS = 1000;
const CONFLICT_TRIES_MAX = 5;

/** `start()` resolves when the node is registered. */
export class NodeStatusKeeper implements Runnable {
  readonly #options: NodeStatusOptions;
  readonly #abort = new AbortController();
  #flights: Promise<void>[] = [];
  #node: Node | undefined;
  #lease: Lease | undefined;
  #reportedMs = 0;

  constructor(options: NodeStatusOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && !(await this.#try('node not registered', () => this.#register()))) {
      await sleep(this.#options.clock, RETRY_MS, signal);
    }
    const lease = () => this.#try('node lease not renewed', () => this.#renewLease());
    const status = () => this.#try('node status not written', () => this.#checkStatus());
    await lease();
    this.#flights = [this.#repeat(LEASE_RENEW_MS, lease), this.#repeat(STATUS_CHECK_MS, status)];
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

  async #find(): Promise<Node | undefined> {
    try {
      return await this.#options.client.resource(nodes).get({ name: this.#options.nodeName });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Writes only what has changed, or when it is time. A lost object is made anew then. */
  async #checkStatus(): Promise<void> {
    if (this.#options.clock.now() - this.#reportedMs < STATUS_REPORT_MS) {
      const node = await this.#find();
      if (node === undefined || sameStatus(node.status, this.#status(node.status))) return;
    }
    await this.#register();
  }

  /** Makes the object and its labels if needed and writes the status. */
  async #register(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const node = await this.#find();
        this.#node = await (node === undefined ? this.#create() : this.#update(node));
        this.#reportedMs = this.#options.clock.now();
        return;
      } catch (error) {
        const isRace = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
        if (!isRace || tries === CONFLICT_TRIES_MAX) throw error;
      }
    }
  }

  /** One write, so that nobody sees a node of which nothing is known. */
  #create(): Promise<Node> {
    return this.#options.client.resource(nodes).create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: this.#options.nodeName, labels: this.#labels() },
      status: this.#status(undefined),
    });
  }

  async #update(node: Node): Promise<Node> {
    const resource = this.#options.client.resource(nodes);
    const labels = { ...node.metadata.labels, ...this.#labels() };
    const labelled = semanticEqual(labels, node.metadata.labels)
      ? node
      : await resource.update({ ...node, metadata: { ...node.metadata, labels } });
    return resource.updateStatus({ ...labelled, status: this.#status(labelled.status) });
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

/** Says the same, apart from times. */
function sameStatus(left: NodeStatus | undefined, right: NodeStatus): boolean {
  return semanticEqual(withoutTimes(left ?? {}), withoutTimes(right));
}

function withoutTimes(status: NodeStatus): object {
  const conditions = (status.conditions ?? []).map(
    ({ lastHeartbeatTime: _beat, lastTransitionTime: _since, ...rest }) => rest,
  );
  return { ...status, conditions: conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1)) };
}
