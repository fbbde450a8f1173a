// One term of pod affinity: which other pods it speaks of.
import type { Pod, PodAffinityTerm } from '../../../api/generated/types.ts';
import {
  everything,
  matches,
  nothing,
  selectorFromObject,
  type Selector,
} from '../../../api/meta/labels.ts';
import { namespaceOf } from '../../../api/meta/object.ts';

export interface AffinityTerm {
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly namespaces: readonly string[];
  /** Selects further namespaces by their labels. */
  readonly namespaceSelector: Selector;
}

/** Labels of a namespace. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

/** The term as meant by `pod`, in whose namespace it looks if it names none. */
export function affinityTerm(term: PodAffinityTerm, pod: Pod): AffinityTerm {
  const { namespaces = [], namespaceSelector, labelSelector, topologyKey } = term;
  const own = namespaces.length === 0 && namespaceSelector === undefined;
  return {
    topologyKey,
    selector: withLabelKeys(selectorFromObject(labelSelector), term, pod),
    namespaces: own ? [namespaceOf(pod)] : namespaces,
    namespaceSelector:
      namespaceSelector === undefined
        ? nothing
        : Object.keys(namespaceSelector).length === 0
          ? everything
          : selectorFromObject(namespaceSelector),
  };
}

function withLabelKeys(selector: Selector, term: PodAffinityTerm, pod: Pod): Selector {
  const labels = pod.metadata.labels ?? {};
  const added = (keys: readonly string[] | undefined, operator: 'in' | 'notin') =>
    (keys ?? []).flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return {
    nothing: selector.nothing,
    requirements: [
      ...selector.requirements,
      ...added(term.matchLabelKeys, 'in'),
      ...added(term.mismatchLabelKeys, 'notin'),
    ],
  };
}

/** True when the term speaks of the pod. */
export function termMatches(term: AffinityTerm, pod: Pod, labelsOf: NamespaceLabels): boolean {
  const namespace = namespaceOf(pod);
  const inNamespace =
    term.namespaces.includes(namespace) ||
    (!term.namespaceSelector.nothing && matches(term.namespaceSelector, labelsOf(namespace)));
  return inNamespace && matches(term.selector, pod.metadata.labels);
}
