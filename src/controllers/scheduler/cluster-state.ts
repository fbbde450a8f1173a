// The scheduler's picture of nodes and placed pods, kept up by informer events. Pods that it has
// placed itself count at once, before the informer shows them.
import type { Node, Pod } from '../../api/generated/types.ts';
import { isTerminating, keyOf, nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { nodeBase, type NodeFacts } from './plan/node-facts.ts';
import { podFacts, type PodFacts } from './plan/pod-facts.ts';

interface NodeEntry {
  /** Absent while only pods speak of the node. */
  base: ReturnType<typeof nodeBase> | undefined;
  readonly pods: Map<string, PodFacts>;
  requested: Map<string, number>;
}

export class ClusterState {
  readonly #nodes = new Map<string, NodeEntry>();
  /** Node of each placed pod. */
  readonly #placed = new Map<string, string>();
  readonly #assumed = new Map<string, { readonly uid: string; readonly confirmed: boolean }>();
  /** Keys of the placed pods that use a claim. */
  readonly #claimUsers = new Map<string, Set<string>>();
  readonly #avoiding = new Set<string>();
  #snapshot: NodeFacts[] | undefined;

  setNode(node: Node): void {
    this.#entry(nameOf(node)).base = nodeBase(node);
    this.#snapshot = undefined;
  }

  deleteNode(name: string): void {
    const entry = this.#nodes.get(name);
    if (!entry) return;
    entry.base = undefined;
    if (entry.pods.size === 0) this.#nodes.delete(name);
    this.#snapshot = undefined;
  }

  /** Takes in the newest state of a pod. */
  setPod(pod: Pod): void {
    const key = keyOf(pod);
    const node = pod.spec?.nodeName ?? '';
    const ended = hasEnded(pod);
    if (node === '' && !ended && this.#assumed.get(key)?.uid === uidOf(pod)) return;
    this.deletePod(key);
    if (node !== '' && !ended) this.#place(podFacts(pod), node);
  }

  deletePod(key: string): void {
    this.#assumed.delete(key);
    const name = this.#placed.get(key);
    const entry = name === undefined ? undefined : this.#nodes.get(name);
    const facts = entry?.pods.get(key);
    if (!entry || !facts) return;
    this.#placed.delete(key);
    entry.pods.delete(key);
    for (const [resource, amount] of facts.requests) {
      entry.requested.set(resource, (entry.requested.get(resource) ?? 0) - amount);
    }
    // Nothing is left but rounding errors.
    if (entry.pods.size === 0) entry.requested = new Map();
    for (const claim of claimsOf(facts)) {
      const users = this.#claimUsers.get(claim);
      users?.delete(key);
      if (users?.size === 0) this.#claimUsers.delete(claim);
    }
    this.#avoiding.delete(key);
    this.#snapshot = undefined;
  }

  /** Counts the pod on the node until the informer tells more, or forget() is called. */
  assume(facts: PodFacts, node: string): void {
    this.deletePod(facts.key);
    this.#place(facts, node);
    this.#assumed.set(facts.key, { uid: uidOf(facts.pod), confirmed: false });
  }

  /** Takes an assumption back; a pod that was really placed stays. */
  forget(key: string): void {
    if (this.#assumed.has(key)) this.deletePod(key);
  }

  /** The server has taken the binding; the informer will show it. */
  confirm(key: string): void {
    const assumed = this.#assumed.get(key);
    if (assumed) this.#assumed.set(key, { ...assumed, confirmed: true });
  }

  isConfirmed(key: string): boolean {
    return this.#assumed.get(key)?.confirmed === true;
  }

  isUsedByOther(claimKey: string, podKey: string): boolean {
    const users = this.#claimUsers.get(claimKey);
    return users !== undefined && (users.size > 1 || !users.has(podKey));
  }

  /** All nodes there are, in the order of their appearance. */
  nodes(): readonly NodeFacts[] {
    this.#snapshot ??= [...this.#nodes.values()].flatMap(({ base, pods, requested }) =>
      base ? [{ ...base, pods, requested }] : [],
    );
    return this.#snapshot;
  }

  /** Placed pods with required anti-affinity. */
  avoiding(): { facts: PodFacts; node: NodeFacts }[] {
    if (this.#avoiding.size === 0) return [];
    const byName = new Map(this.nodes().map((node) => [node.name, node]));
    return [...this.#avoiding].flatMap((key) => {
      const node = byName.get(this.#placed.get(key) ?? '');
      const facts = node?.pods.get(key);
      return node && facts ? [{ facts, node }] : [];
    });
  }

  #entry(name: string): NodeEntry {
    const entry = this.#nodes.get(name) ?? {
      base: undefined,
      pods: new Map(),
      requested: new Map(),
    };
    this.#nodes.set(name, entry);
    return entry;
  }

  #place(facts: PodFacts, node: string): void {
    const entry = this.#entry(node);
    entry.pods.set(facts.key, facts);
    for (const [resource, amount] of facts.requests) {
      entry.requested.set(resource, (entry.requested.get(resource) ?? 0) + amount);
    }
    this.#placed.set(facts.key, node);
    for (const claim of claimsOf(facts)) {
      this.#claimUsers.set(claim, (this.#claimUsers.get(claim) ?? new Set()).add(facts.key));
    }
    if (facts.antiAffinity.length > 0) this.#avoiding.add(facts.key);
    this.#snapshot = undefined;
  }
}

function claimsOf({ pod, claims }: PodFacts): string[] {
  return claims.map((name) => `${namespaceOf(pod)}/${name}`);
}

/** True once the pod needs its node no more. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Pods name the scheduler that shall place them. */
export const SCHEDULER_NAME = 'default-scheduler';

/** True for a pod that this scheduler has to place. */
export function isWaiting(pod: Pod): boolean {
  const { nodeName = '', schedulerName = SCHEDULER_NAME, schedulingGates = [] } = pod.spec ?? {};
  return (
    nodeName === '' &&
    schedulerName === SCHEDULER_NAME &&
    schedulingGates.length === 0 &&
    !isTerminating(pod) &&
    !hasEnded(pod)
  );
}
