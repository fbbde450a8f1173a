// What the scheduler knows of a node: the object, what it can hold and which pods it holds.
import type { Node } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { amountOf, type HostPort, type PodFacts } from './pod-facts.ts';

export interface NodeFacts {
  readonly node: Node;
  readonly name: string;
  readonly allocatable: ReadonlyMap<string, number>;
  /** Pods on it that have not ended, by key. */
  readonly pods: ReadonlyMap<string, PodFacts>;
  /** Sum of the requests of those pods. */
  readonly requested: ReadonlyMap<string, number>;
}

/** The facts of the object itself. */
export function nodeBase(node: Node): Pick<NodeFacts, 'node' | 'name' | 'allocatable'> {
  const allocatable = Object.entries(node.status?.allocatable ?? {});
  return {
    node,
    name: nameOf(node),
    allocatable: new Map(allocatable.map(([name, amount]) => [name, amountOf(amount)])),
  };
}

/** Upstream's reasons: `Too many pods`, `Insufficient cpu`. */
export function missingResources({ requests }: PodFacts, node: NodeFacts): string[] {
  const reasons: string[] = [];
  if (node.pods.size + 1 > (node.allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
  for (const [name, amount] of requests) {
    if (amount === 0) continue;
    const free = (node.allocatable.get(name) ?? 0) - (node.requested.get(name) ?? 0);
    // Sums of decimal fractions are a little off: a billionth is nobody's request.
    if (amount > free + 1e-9) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
}

/** True when a host port that the pod wants is taken on the node. */
export function hasPortConflict({ hostPorts }: PodFacts, node: NodeFacts): boolean {
  if (hostPorts.length === 0) return false;
  const taken = [...node.pods.values()].flatMap((other) => other.hostPorts);
  return hostPorts.some((wanted) => taken.some((other) => portsClash(wanted, other)));
}

function portsClash(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.ip === right.ip || left.ip === '0.0.0.0' || right.ip === '0.0.0.0';
}
