// Required affinity and anti-affinity between pods, worked out once a pod, asked once a node.
import type { AffinityTerm, NamespaceLabels } from './affinity-term.ts';
import { termMatches } from './affinity-term.ts';
import type { NodeFacts } from './node-facts.ts';
import type { PodFacts } from './pod-facts.ts';

export interface AffinityView {
  readonly nodes: readonly NodeFacts[];
  /** Placed pods that have required anti-affinity, with their nodes. */
  readonly avoiding: readonly { readonly facts: PodFacts; readonly node: NodeFacts }[];
  readonly namespaceLabels: NamespaceLabels;
}

/** Gives the reason why a node is unfit, or undefined. */
export type NodeCheck = (node: NodeFacts) => string | undefined;

export const AFFINITY_MISMATCH = "node(s) didn't match pod affinity rules";
export const ANTI_AFFINITY_MISMATCH = "node(s) didn't match pod anti-affinity rules";
export const EXISTING_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules";

/** Label key and value of a topology domain. */
function domainOf(term: AffinityTerm, node: NodeFacts): string | undefined {
  const value = node.node.metadata.labels?.[term.topologyKey];
  return value === undefined ? undefined : `${term.topologyKey}=${value}`;
}

/** Domains with a pod that the term speaks of. */
function domainsWith(term: AffinityTerm, view: AffinityView): ReadonlySet<string> {
  const domains = new Set<string>();
  for (const node of view.nodes) {
    const domain = domainOf(term, node);
    if (domain === undefined || domains.has(domain)) continue;
    for (const { pod } of node.pods.values()) {
      if (!termMatches(term, pod, view.namespaceLabels)) continue;
      domains.add(domain);
      break;
    }
  }
  return domains;
}

/** The check of the pod's own terms and of those of the pods that are there already. */
export function podAffinityCheck(facts: PodFacts, view: AffinityView): NodeCheck {
  const wanted = facts.affinity.map((term) => ({ term, domains: domainsWith(term, view) }));
  const avoided = facts.antiAffinity.map((term) => ({ term, domains: domainsWith(term, view) }));
  const closed = new Set<string>();
  for (const { facts: other, node } of view.avoiding) {
    for (const term of other.antiAffinity) {
      const domain = domainOf(term, node);
      if (domain !== undefined && termMatches(term, facts.pod, view.namespaceLabels)) {
        closed.add(domain);
      }
    }
  }
  // The first pod of a group that wants to be together has nobody to join yet.
  const isFirst =
    wanted.every(({ domains }) => domains.size === 0) &&
    wanted.every(({ term }) => termMatches(term, facts.pod, view.namespaceLabels));
  return (node) => {
    const missing = wanted.some(({ term, domains }) => {
      const domain = domainOf(term, node);
      return domain === undefined || (!isFirst && !domains.has(domain));
    });
    if (missing) return AFFINITY_MISMATCH;
    if (avoided.some(({ term, domains }) => domains.has(domainOf(term, node) ?? ''))) {
      return ANTI_AFFINITY_MISMATCH;
    }
    const labels = Object.entries(node.node.metadata.labels ?? {});
    const isClosed =
      closed.size > 0 && labels.some(([key, value]) => closed.has(`${key}=${value}`));
    return isClosed ? EXISTING_ANTI_AFFINITY : undefined;
  };
}

/** Sum of the weights of the preferred terms that a node fulfils. */
export function preferredPodWeight(
  facts: PodFacts,
  view: AffinityView,
): (node: NodeFacts) => number {
  const preferred = facts.preferred.map(({ term, weight }) => ({
    term,
    weight,
    domains: domainsWith(term, view),
  }));
  return (node) =>
    preferred
      .filter(({ term, domains }) => domains.has(domainOf(term, node) ?? ''))
      .reduce((sum, { weight }) => sum + weight, 0);
}
