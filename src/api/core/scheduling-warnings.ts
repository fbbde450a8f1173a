// Warnings about where pods and volumes want to be: old names of node labels, selectors of nothing.
import type {
  Affinity,
  LabelSelector,
  NodeSelectorTerm,
  PodAffinity,
  TopologySpreadConstraint,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { validateLabelValue } from '../meta/names.ts';
import { sortedEntries } from './field-rules.ts';

type Warnings = Iterable<string>;

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const MATCHES_NOTHING = 'a null labelSelector results in matching no pod';
const OLD_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods':
    'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** What is said about the label of a node; undefined for those without a fault. */
export function oldNodeLabel(key: string): string | undefined {
  return Object.hasOwn(OLD_LABELS, key) ? OLD_LABELS[key] : undefined;
}

/** Warnings about a plain `nodeSelector` at `path`. */
export function* nodeSelectorWarnings(
  selector: Record<string, string> | undefined,
  path: FieldPath,
): Warnings {
  for (const [key] of sortedEntries(selector)) {
    const message = oldNodeLabel(key);
    if (message !== undefined) yield `${path.key(key).toString()}: ${message}`;
  }
}

/** Warnings about a selector of nodes by their labels at `path`. */
export function* labelSelectorWarnings(
  selector: LabelSelector | undefined,
  path: FieldPath,
): Warnings {
  for (const [i, { key }] of (selector?.matchExpressions ?? []).entries()) {
    const message = oldNodeLabel(key);
    const keyPath = path.child('matchExpressions').index(i).child('key');
    if (message !== undefined) yield `${keyPath.toString()}: ${key} is ${message}`;
  }
  for (const [label] of sortedEntries(selector?.matchLabels)) {
    const message = oldNodeLabel(label);
    const labelPath = path.child('matchLabels', label);
    if (message !== undefined) yield `${labelPath.toString()}: ${message}`;
  }
}

/** Warnings about a term at `path`; values of a preference are only warned about. */
export function* nodeTermWarnings(
  term: NodeSelectorTerm | undefined,
  path: FieldPath,
  { values = false }: { values?: boolean } = {},
): Warnings {
  for (const [i, expression] of (term?.matchExpressions ?? []).entries()) {
    const itemPath = path.child('matchExpressions').index(i);
    const message = oldNodeLabel(expression.key);
    if (message !== undefined) {
      yield `${itemPath.child('key').toString()}: ${expression.key} is ${message}`;
    }
    if (!values) continue;
    for (const [j, value] of (expression.values ?? []).entries()) {
      for (const fault of validateLabelValue(value)) {
        yield `${itemPath.child('values').index(j).toString()}: ${value} is invalid, ${fault}`;
      }
    }
  }
}

/** Warnings about the affinity to nodes in the affinity at `path`. */
export function* nodeAffinityWarnings(affinity: Affinity | undefined, path: FieldPath): Warnings {
  const nodes = affinity?.nodeAffinity;
  const nodesPath = path.child('nodeAffinity');
  const termsPath = nodesPath.child(REQUIRED, 'nodeSelectorTerms');
  for (const [i, term] of (nodes?.[REQUIRED]?.nodeSelectorTerms ?? []).entries()) {
    yield* nodeTermWarnings(term, termsPath.index(i));
  }
  for (const [i, { preference }] of (nodes?.[PREFERRED] ?? []).entries()) {
    const preferencePath = nodesPath.child(PREFERRED).index(i).child('preference');
    yield* nodeTermWarnings(preference, preferencePath, { values: true });
  }
}

/** Warnings about the affinities to pods in the affinity at `path`. */
export function* podAffinityWarnings(affinity: Affinity | undefined, path: FieldPath): Warnings {
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    yield* termsWithoutSelector(affinity?.[field], path.child(field));
  }
}

function* termsWithoutSelector(affinity: PodAffinity | undefined, path: FieldPath): Warnings {
  for (const [i, { labelSelector }] of (affinity?.[REQUIRED] ?? []).entries()) {
    if (labelSelector !== undefined) continue;
    yield `${path.child(REQUIRED).index(i).child('labelSelector').toString()}: ${MATCHES_NOTHING}`;
  }
  for (const [i, { podAffinityTerm }] of (affinity?.[PREFERRED] ?? []).entries()) {
    if (podAffinityTerm?.labelSelector !== undefined) continue;
    const selector = path.child(PREFERRED).index(i).child('podAffinityTerm', 'labelSelector');
    yield `${selector.toString()}: ${MATCHES_NOTHING}`;
  }
}

/** Warnings about the topology spread constraints at `path`. */
export function* spreadWarnings(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: FieldPath,
): Warnings {
  for (const [i, { topologyKey, labelSelector }] of (constraints ?? []).entries()) {
    const itemPath = path.index(i);
    const message = oldNodeLabel(topologyKey);
    if (message !== undefined) {
      yield `${itemPath.child('topologyKey').toString()}: ${topologyKey} is ${message}`;
    }
    if (labelSelector === undefined) {
      yield `${itemPath.child('labelSelector').toString()}: ${MATCHES_NOTHING}`;
    }
  }
}
