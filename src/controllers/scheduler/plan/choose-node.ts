// The decision: on which node a pod goes, or why on none.
import { matchesPodAffinityToNode, preferredNodeWeight } from './node-affinity.ts';
import { hasPortConflict, missingResources, type NodeFacts } from './node-facts.ts';
import {
  podAffinityCheck,
  preferredPodWeight,
  type AffinityView,
  type NodeCheck,
} from './pod-affinity.ts';
import type { PodFacts } from './pod-facts.ts';
import {
  planVolumes,
  resolveVolumes,
  type PodVolumes,
  type VolumePlan,
  type VolumeView,
} from './pod-volumes.ts';
import { avoidedTaints, forbiddingTaint } from './taints.ts';
import { topologySpreadCheck } from './topology-spread.ts';

export interface ClusterView extends AffinityView {
  readonly volumes: VolumeView;
}

export type Decision =
  | { readonly node: NodeFacts; readonly volumes: VolumePlan }
  | { readonly node: undefined; readonly message: string };

/** Filters, then scores all nodes; pure. */
export function chooseNode(facts: PodFacts, cluster: ClusterView): Decision {
  const { nodes } = cluster;
  if (nodes.length === 0) return refusal('no nodes available to schedule pods');
  const volumes = resolveVolumes(facts, cluster.volumes);
  if (typeof volumes === 'string') {
    return refusal(`0/${nodes.length} nodes are available: ${volumes}.`);
  }
  const affinity = podAffinityCheck(facts, cluster);
  const spread = topologySpreadCheck(facts, nodes);
  const fitting: { node: NodeFacts; volumes: VolumePlan }[] = [];
  const reasons = new Map<string, number>();
  for (const node of nodes) {
    const found = fit(facts, node, { volumes, cluster, checks: [spread, affinity] });
    if (!Array.isArray(found)) fitting.push({ node, volumes: found });
    else for (const reason of found) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return best(facts, fitting, cluster) ?? refusal(unavailable(nodes.length, reasons));
}

function refusal(message: string): Decision {
  return { node: undefined, message };
}

/** Upstream's sentence: `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were …`. */
function unavailable(count: number, reasons: ReadonlyMap<string, number>): string {
  const texts = [...reasons].map(([reason, times]) => `${times} ${reason}`).toSorted();
  return `0/${count} nodes are available: ${texts.join(', ')}.`;
}

interface FitContext {
  readonly volumes: PodVolumes;
  readonly cluster: ClusterView;
  readonly checks: readonly NodeCheck[];
}

/** The volume plan, or the reasons of the first check that fails, in upstream's order. */
function fit(facts: PodFacts, node: NodeFacts, context: FitContext): VolumePlan | string[] {
  const { pod } = facts;
  const object = unfitObject(facts, node);
  if (object !== undefined) return [object];
  if (!matchesPodAffinityToNode(pod, node.node)) {
    return ["node(s) didn't match Pod's node affinity/selector"];
  }
  if (hasPortConflict(facts, node)) {
    return ["node(s) didn't have free ports for the requested pod ports"];
  }
  const missing = missingResources(facts, node);
  if (missing.length > 0) return missing;
  const plan = planVolumes(context.volumes, node.node, context.cluster.volumes);
  if (typeof plan === 'string') return [plan];
  for (const check of context.checks) {
    const reason = check(node);
    if (reason !== undefined) return [reason];
  }
  return plan;
}

const UNSCHEDULABLE = {
  key: 'node.kubernetes.io/unschedulable',
  effect: 'NoSchedule',
};

/** Whether a node is ready is told by its taints: some pods tolerate those. */
function unfitObject({ pod }: PodFacts, { node }: NodeFacts): string | undefined {
  if (node.metadata.deletionTimestamp !== undefined) return 'node(s) were being deleted';
  const closed = { ...node, spec: { taints: [UNSCHEDULABLE] } };
  if (node.spec?.unschedulable === true && forbiddingTaint(pod, closed)) {
    return 'node(s) were unschedulable';
  }
  return forbiddingTaint(pod, node) ? 'node(s) had untolerated taint(s)' : undefined;
}

type Candidate = { readonly node: NodeFacts; readonly volumes: VolumePlan };

/** The candidate with the highest score; of equal ones that of the first name. */
function best(
  facts: PodFacts,
  candidates: readonly Candidate[],
  cluster: ClusterView,
): Candidate | undefined {
  if (candidates.length < 2) return candidates[0];
  const podWeight = preferredPodWeight(facts, cluster);
  const scored = candidates.map((candidate) => ({
    candidate,
    score:
      leastAllocated(facts, candidate.node) -
      100 * siblings(facts, candidate.node) +
      preferredNodeWeight(facts.pod, candidate.node.node) * 10 +
      podWeight(candidate.node) * 10 -
      300 * avoidedTaints(facts.pod, candidate.node.node),
  }));
  scored.sort(
    (a, b) => b.score - a.score || (a.candidate.node.name < b.candidate.node.name ? -1 : 1),
  );
  return scored[0]?.candidate;
}

/** Free share of cpu and memory after placing the pod, 0 to 100. */
function leastAllocated({ requests }: PodFacts, node: NodeFacts): number {
  const shares = ['cpu', 'memory', 'pods'].map((name) => {
    const total = node.allocatable.get(name) ?? 0;
    const used =
      name === 'pods'
        ? node.pods.size + 1
        : (node.requested.get(name) ?? 0) + (requests.get(name) ?? 0);
    return total === 0 ? 0 : Math.max(1 - used / total, 0);
  });
  return (100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length;
}

/** Pods of the same controller on the node. */
function siblings({ controllerUid }: PodFacts, { pods }: NodeFacts): number {
  if (controllerUid === '') return 0;
  return [...pods.values()].filter((other) => other.controllerUid === controllerUid).length;
}
