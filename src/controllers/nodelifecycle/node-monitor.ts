// The regular look at all nodes: who is silent, what follows for their conditions, pods and taints,
// and how fast (SS-941). What it decides by is in plan/.
import type { Lease, Node, Pod } from '../../api/generated/types.ts';
import { findCondition } from '../../api/meta/conditions.ts';
import { nameOf, uidOf } from '../../api/meta/object.ts';
import { nodes } from '../../api/resources.ts';
import { errorMessage } from '../../base/errors.ts';
import type { ControllerContext, EventRecorder } from '../../client/controller-context.ts';
import type { Lister } from '../../client/informer.ts';
import { changeTaints, withNewest } from './change-node.ts';
import { markPodsNotReady } from './mark-pods-not-ready.ts';
import { judgeHealth } from './plan/node-health.ts';
import type { GracePeriods, HealthVerdict, NodeHealth } from './plan/node-health.ts';
import { hasNoExecute, planNoExecute, REACHABLE } from './plan/taint-change.ts';
import { INITIAL_RATE_PER_SECOND, isExcluded, planDisruption, zoneOf } from './plan/zones.ts';
import type { ZoneState } from './plan/zones.ts';
import { ZoneTainter } from './zone-tainter.ts';

export const LEASE_NAMESPACE = 'kube-node-lease';

/** Nodes looked at side by side: most of it is waiting for writes. */
const NODES_AT_ONCE = 8;

export interface NodeMonitorOptions
  extends GracePeriods, Pick<ControllerContext, 'client' | 'clock' | 'logger'> {
  /** How often `pass` is called, in milliseconds. */
  readonly periodMs: number;
  readonly recorder: EventRecorder;
  readonly nodes: Lister<Node>;
  readonly leases: Lister<Lease>;
  readonly podsOf: (nodeName: string) => Pod[];
}

/** Remembers what it saw; nothing of it outlives the process. */
export class NodeMonitor {
  readonly #options: NodeMonitorOptions;
  readonly #known = new Map<string, Node>();
  readonly #health = new Map<string, NodeHealth>();
  /** Nodes whose pods could not all be marked. */
  readonly #unmarked = new Set<string>();
  readonly #tainters = new Map<string, ZoneTainter>();
  #zones: ReadonlyMap<string, ZoneState> = new Map();
  #lookedMs: number | undefined;

  constructor(options: NodeMonitorOptions) {
    this.#options = options;
  }

  /** Status of Ready of the node as last seen; undefined: not known, or never reported. */
  readyOf(nodeName: string): string | undefined {
    return this.#health.get(nodeName)?.ready?.status;
  }

  /** Looks at all nodes once. */
  async pass(): Promise<void> {
    this.#forgiveAbsence();
    const all = this.#options.nodes.list().toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    this.#classify(all);
    const zones = new Map<string, (string | undefined)[]>();
    for (let start = 0; start < all.length; start += NODES_AT_ONCE) {
      await Promise.all(
        all.slice(start, start + NODES_AT_ONCE).map(async (node) => {
          const verdict = await this.#look(node);
          if (verdict === undefined || isExcluded(node)) return;
          const zone = zones.get(zoneOf(node)) ?? [];
          zones.set(zoneOf(node), [...zone, verdict.ready]);
        }),
      );
    }
    await this.#balance(all, zones);
  }

  /** True when nodes wait for a NoExecute taint that they may get soon. */
  get hasTaintsToSet(): boolean {
    return [...this.#tainters.values()].some((tainter) => tainter.hasWork);
  }

  /** Sets the NoExecute taints that are due. */
  async taintDue(): Promise<void> {
    for (const tainter of this.#tainters.values()) {
      for (let name = tainter.next(); name !== undefined; name = tainter.next()) {
        const node = this.#options.nodes.get({ name });
        if (node !== undefined) await this.#setTaint(node);
        tainter.delete(name);
      }
    }
  }

  /**
   * When we were not running ourselves (a suspended machine, a long pause), silence is no news:
   * everybody is given that time.
   */
  #forgiveAbsence(): void {
    const { clock, periodMs } = this.#options;
    const nowMs = clock.now();
    const awayMs = this.#lookedMs === undefined ? 0 : nowMs - this.#lookedMs - periodMs;
    this.#lookedMs = nowMs;
    if (awayMs <= periodMs) return;
    for (const [name, health] of this.#health) {
      this.#health.set(name, { ...health, seenMs: health.seenMs + awayMs });
    }
  }

  #classify(all: readonly Node[]): void {
    const names = new Set(all.map(nameOf));
    for (const [name, node] of this.#known) {
      if (names.has(name)) continue;
      this.#tell(node, 'RemovingNode', `Removing Node ${name} from Controller`);
      this.#known.delete(name);
      this.#health.delete(name);
      this.#unmarked.delete(name);
      this.#tainter(node).delete(name);
    }
    for (const node of all) {
      const name = nameOf(node);
      if (this.#known.has(name)) continue;
      this.#tell(node, 'RegisteredNode', `Registered Node ${name} in Controller`);
      this.#known.set(name, node);
    }
  }

  /** Undefined when the node is gone or could not be written: nothing follows from that. */
  async #look(node: Node): Promise<HealthVerdict | undefined> {
    const name = nameOf(node);
    return this.#attempt(node, async () => {
      const verdict = await withNewest(this.#options, node, async (newest) => {
        const judged = this.#judge(newest);
        const { conditions } = judged;
        if (conditions) {
          const status = { ...newest.status, conditions };
          await this.#options.client.resource(nodes).updateStatus({ ...newest, status });
        }
        return judged;
      });
      if (verdict === undefined) return undefined;
      this.#health.set(name, verdict.health);
      if (verdict.ready === undefined) return verdict;
      await this.#followReady(node, verdict.ready);
      await this.#followPods(node, verdict);
      return verdict;
    });
  }

  #judge(node: Node): HealthVerdict {
    const { leases, clock, graceMs, startupGraceMs } = this.#options;
    const name = nameOf(node);
    const lease = leases.get({ namespace: LEASE_NAMESPACE, name });
    const known = this.#health.get(name);
    const nowMs = clock.now();
    return judgeHealth({ node, lease, known, nowMs, graceMs, startupGraceMs });
  }

  /** A node that has one of the taints already changes it at once, others wait for their turn. */
  async #followReady(node: Node, ready: string): Promise<void> {
    if (ready === 'True') return this.#markReachable(node);
    const tainter = this.#tainter(node);
    const name = nameOf(node);
    if (!hasNoExecute(node)) return tainter.add(name);
    await this.#setTaint(node);
    tainter.delete(name);
  }

  /** The cache may not have heard of our own write yet. */
  #setTaint(node: Node): Promise<void> {
    const status = this.readyOf(nameOf(node)) ?? 'True';
    const isKnown = findCondition(node.status?.conditions, 'Ready')?.status === status;
    const conditions = [{ type: 'Ready', status }];
    const seen = isKnown ? node : { ...node, status: { ...node.status, conditions } };
    return changeTaints(this.#options, seen, planNoExecute);
  }

  async #followPods(node: Node, { before, ready }: HealthVerdict): Promise<void> {
    const name = nameOf(node);
    if (ready === 'True') return void this.#unmarked.delete(name);
    if (before === 'True') {
      this.#tell(node, 'NodeNotReady');
      this.#unmarked.add(name);
    }
    if (!this.#unmarked.has(name)) return;
    await markPodsNotReady(this.#options, this.#options.podsOf(name));
    this.#unmarked.delete(name);
  }

  async #markReachable(node: Node): Promise<void> {
    await changeTaints(this.#options, node, () => REACHABLE);
    this.#tainter(node).delete(nameOf(node));
  }

  async #balance(
    all: readonly Node[],
    zones: ReadonlyMap<string, readonly (string | undefined)[]>,
  ): Promise<void> {
    const { turn, states, rates } = planDisruption(this.#zones, zones);
    this.#zones = states;
    for (const [zone, rate] of rates) this.#tainterOf(zone).setRate(rate);
    const { logger, clock } = this.#options;
    if (turn === 'enter') {
      logger.info('no node is ready: nothing is evicted', { nodes: all.length });
      for (const node of all) await this.#attempt(node, () => this.#markReachable(node));
    } else if (turn === 'leave') {
      logger.info('nodes are ready again');
      const seenMs = clock.now();
      for (const [name, health] of this.#health) this.#health.set(name, { ...health, seenMs });
    }
  }

  #tainter(node: Node): ZoneTainter {
    return this.#tainterOf(zoneOf(node));
  }

  #tainterOf(zone: string): ZoneTainter {
    const known = this.#tainters.get(zone);
    if (known !== undefined) return known;
    const tainter = new ZoneTainter(this.#options.clock, INITIAL_RATE_PER_SECOND);
    this.#tainters.set(zone, tainter);
    return tainter;
  }

  /** What fails for one node is tried again at the next look, and concerns no other. */
  async #attempt<T>(node: Node, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      const fields = { node: nameOf(node), error: errorMessage(error) };
      this.#options.logger.warn('node not followed up', fields);
      return undefined;
    }
  }

  #tell(node: Node, reason: string, what?: string): void {
    const name = nameOf(node);
    const message =
      what === undefined ? `Node ${name} status is now: ${reason}` : `Node ${name} event: ${what}`;
    const metadata = { name, uid: uidOf(node) };
    const reference = { apiVersion: 'v1', kind: 'Node', metadata };
    this.#options.recorder.event(reference, 'Normal', { reason, message });
  }
}
