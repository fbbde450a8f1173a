// topologySpreadConstraints with whenUnsatisfiable DoNotSchedule.
import type { TopologySpreadConstraint } from '../../../api/generated/types.ts';
import { matches, selectorFromObject, type Selector } from '../../../api/meta/labels.ts';
import { isTerminating, namespaceOf } from '../../../api/meta/object.ts';
import { matchesPodAffinityToNode } from './node-affinity.ts';
import type { NodeFacts } from './node-facts.ts';
import type { NodeCheck } from './pod-affinity.ts';
import type { PodFacts } from './pod-facts.ts';
import { forbiddingTaint } from './taints.ts';

const MISMATCH = "node(s) didn't match pod topology spread constraints";
const MISSING_LABEL = `${MISMATCH} (missing required label)`;

/** The check of all constraints of the pod. */
export function topologySpreadCheck(facts: PodFacts, nodes: readonly NodeFacts[]): NodeCheck {
  const constraints = (facts.pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  const checks = constraints.map((constraint) =>
    constraintCheck(constraint, facts, { nodes, keys }),
  );
  return (node) => {
    for (const check of checks) {
      const reason = check(node);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

function constraintCheck(
  constraint: TopologySpreadConstraint,
  facts: PodFacts,
  { nodes, keys }: { nodes: readonly NodeFacts[]; keys: readonly string[] },
): NodeCheck {
  const selector = selectorOf(constraint, facts);
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const labels = node.node.metadata.labels ?? {};
    const domain = labels[constraint.topologyKey];
    if (domain === undefined || keys.some((key) => labels[key] === undefined)) continue;
    if (!isCounted(constraint, facts, node)) continue;
    const matching = [...node.pods.values()].filter(
      ({ pod }) =>
        namespaceOf(pod) === namespaceOf(facts.pod) &&
        !isTerminating(pod) &&
        matches(selector, pod.metadata.labels),
    );
    counts.set(domain, (counts.get(domain) ?? 0) + matching.length);
  }
  const fewDomains = counts.size < (constraint.minDomains ?? 1);
  const least = fewDomains ? 0 : Math.min(...counts.values());
  const own = matches(selector, facts.pod.metadata.labels) ? 1 : 0;
  return (node) => {
    const domain = node.node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined) return MISSING_LABEL;
    const skew = (counts.get(domain) ?? 0) + own - least;
    return skew > constraint.maxSkew ? MISMATCH : undefined;
  };
}

/** True when pods on the node are counted. */
function isCounted(
  constraint: TopologySpreadConstraint,
  facts: PodFacts,
  node: NodeFacts,
): boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  if (nodeAffinityPolicy === 'Honor' && !matchesPodAffinityToNode(facts.pod, node.node)) {
    return false;
  }
  return nodeTaintsPolicy !== 'Honor' || forbiddingTaint(facts.pod, node.node) === undefined;
}

function selectorOf(constraint: TopologySpreadConstraint, { pod }: PodFacts): Selector {
  const selector = selectorFromObject(constraint.labelSelector);
  const labels = pod.metadata.labels ?? {};
  const added = (constraint.matchLabelKeys ?? []).flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator: 'in' as const, values: [value] }];
  });
  return { nothing: selector.nothing, requirements: [...selector.requirements, ...added] };
}
