// Node selectors: in affinities of pods and of persistent volumes.
import type {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidForEach, invalidValue, required } from '../meta/field-errors.ts';
import { validateLabelValue } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { dnsSubdomain, qualifiedName } from './field-rules.ts';

/** At least one term, each well formed. */
export function* validateNodeSelector(selector: NodeSelector, path: FieldPath): Causes {
  const terms = selector.nodeSelectorTerms ?? [];
  const termsPath = path.child('nodeSelectorTerms');
  if (terms.length === 0) yield required(termsPath, 'must have at least one node selector term');
  for (const [i, term] of terms.entries()) yield* validateNodeTerm(term, termsPath.index(i));
}

/** A term; label values of a preference are not checked. */
export function* validateNodeTerm(
  term: NodeSelectorTerm,
  path: FieldPath,
  { values = true }: { values?: boolean } = {},
): Causes {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    yield* validateRequirement(requirement, path.child('matchExpressions').index(i), values);
  }
  for (const [i, requirement] of (term.matchFields ?? []).entries()) {
    yield* validateFieldRequirement(requirement, path.child('matchFields').index(i));
  }
}

function* validateRequirement(
  { key = '', operator = '', values = [] }: Partial<NodeSelectorRequirement>,
  path: FieldPath,
  checkValues: boolean,
): Causes {
  const valuesPath = path.child('values');
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      yield required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (values.length > 0) yield forbidden(valuesPath, message);
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) {
      yield required(valuesPath, "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else yield invalidValue(path.child('operator'), operator, 'not a valid selector operator');
  yield* qualifiedName(key, path.child('key'));
  if (!checkValues) return;
  for (const [i, value] of values.entries()) {
    yield* invalidForEach(valuesPath.index(i), value, validateLabelValue(value));
  }
}

function* validateFieldRequirement(
  { key = '', operator = '', values = [] }: Partial<NodeSelectorRequirement>,
  path: FieldPath,
): Causes {
  if (operator !== 'In' && operator !== 'NotIn') {
    yield invalidValue(path.child('operator'), operator, 'not a valid selector operator');
  } else if (values.length !== 1) {
    const message =
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    yield required(path.child('values'), message);
  }
  if (key !== 'metadata.name') {
    yield invalidValue(path.child('key'), key, 'not a valid field selector key');
    return;
  }
  for (const [i, value] of values.entries()) {
    yield* dnsSubdomain(value, path.child('values').index(i));
  }
}

/** Messages show upstream's internal form of a term. */
export function internalTerm(term: NodeSelectorTerm): object {
  const list = (requirements: NodeSelectorTerm['matchExpressions']) =>
    requirements?.map(({ key, operator, values }) => ({
      Key: key,
      Operator: operator,
      Values: values ?? null,
    })) ?? null;
  return { MatchExpressions: list(term.matchExpressions), MatchFields: list(term.matchFields) };
}
