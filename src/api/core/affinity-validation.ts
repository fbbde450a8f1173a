// Affinities of pods to nodes and to each other.
import type {
  Affinity,
  LabelSelector,
  NodeAffinity,
  PodAffinity,
  PodAffinityTerm,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue, required } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, qualifiedName } from './field-rules.ts';
import { validateNodeSelector, validateNodeTerm } from './node-selector-validation.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** The affinities of a pod at `path`. */
export function* validateAffinity(affinity: Affinity, path: FieldPath): Causes {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) yield* validateNodeAffinity(nodeAffinity, path.child('nodeAffinity'));
  if (podAffinity) yield* validatePodAffinity(podAffinity, path.child('podAffinity'));
  if (podAntiAffinity) yield* validatePodAffinity(podAntiAffinity, path.child('podAntiAffinity'));
}

function* validateNodeAffinity(affinity: NodeAffinity, path: FieldPath): Causes {
  const selector = affinity[REQUIRED];
  if (selector) yield* validateNodeSelector(selector, path.child(REQUIRED));
  for (const [i, { weight, preference }] of (affinity[PREFERRED] ?? []).entries()) {
    const termPath = path.child(PREFERRED).index(i);
    yield* validateWeight(weight, termPath);
    yield* validateNodeTerm(preference ?? {}, termPath.child('preference'), { values: false });
  }
}

function* validateWeight(weight: number | undefined, path: FieldPath): Causes {
  const value = weight ?? 0;
  if (value <= 0 || value > 100) {
    yield invalidValue(path.child('weight'), value, 'must be in the range 1-100');
  }
}

function* validatePodAffinity(affinity: PodAffinity, path: FieldPath): Causes {
  for (const [i, term] of (affinity[REQUIRED] ?? []).entries()) {
    yield* validatePodTerm(term, path.child(REQUIRED).index(i));
  }
  for (const [i, { weight, podAffinityTerm }] of (affinity[PREFERRED] ?? []).entries()) {
    const termPath = path.child(PREFERRED).index(i);
    yield* validateWeight(weight, termPath);
    yield* validatePodTerm(
      podAffinityTerm ?? { topologyKey: '' },
      termPath.child('podAffinityTerm'),
    );
  }
}

function* validatePodTerm(term: PodAffinityTerm, path: FieldPath): Causes {
  yield* validateLabelSelector(term.labelSelector, path.child('labelSelector'));
  yield* validateLabelSelector(term.namespaceSelector, path.child('namespaceSelector'));
  for (const namespace of term.namespaces ?? []) {
    yield* dnsLabel(namespace, path.child('namespace'));
  }
  yield* validateLabelKeys(term, path);
  const key = term.topologyKey ?? '';
  const keyPath = path.child('topologyKey');
  if (key === '') yield required(keyPath, 'can not be empty');
  yield* qualifiedName(key, keyPath);
}

interface LabelKeys {
  matchLabelKeys?: string[] | undefined;
  mismatchLabelKeys?: string[] | undefined;
  labelSelector?: LabelSelector | undefined;
}

/** Keys whose values are taken from the pod: not also in the selector, nor in both lists. */
export function* validateLabelKeys(term: LabelKeys, path: FieldPath): Causes {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[field] ?? [];
    const keysPath = path.child(field);
    if (keys.length === 0) continue;
    if (labelSelector === undefined) {
      yield forbidden(keysPath, 'must not be specified when labelSelector is not set');
    } else {
      for (const [i, key] of keys.entries()) yield* qualifiedName(key, keysPath.index(i));
    }
  }
  yield* validateMergedKeys(matchLabelKeys, labelSelector, path);
  for (const [i, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue;
    const message = 'exists in both matchLabelKeys and mismatchLabelKeys';
    yield invalidValue(path.child('matchLabelKeys').index(i), key, message);
  }
}

/** The server adds one expression for each key; a second one for it came from the client. */
function* validateMergedKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: FieldPath,
): Causes {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    if (keys.includes(key) && seen.has(key)) {
      const message = 'exists in both matchLabelKeys and labelSelector';
      yield invalidValue(path.index(keys.indexOf(key)), key, message);
    }
    seen.add(key);
  }
}
