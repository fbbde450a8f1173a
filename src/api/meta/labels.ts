// Label selectors: from query strings and from LabelSelector objects, matching, text form, checks.
import type { LabelSelector, LabelSelectorRequirement, StatusCause } from '../generated/types.ts';
import { compareBytewise } from './canonical-json.ts';
import {
  forbidden,
  invalidForEach,
  invalidValue,
  required,
  type FieldPath,
} from './field-errors.ts';
import { goQuote } from './go-quote.ts';
import {
  SelectorError,
  checkRequirement,
  formatRequirement,
  matchesRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
} from './label-requirement.ts';
import { parseRequirements } from './label-selector-parser.ts';
import { validateLabelValue, validateQualifiedName } from './names.ts';
import { badRequest } from './status-error.ts';

/** All requirements must hold; one without requirements selects everything. */
export interface Selector {
  readonly requirements: readonly LabelRequirement[];
  /** True for the selector that selects no object at all. */
  readonly nothing: boolean;
}

export const everything: Selector = { requirements: [], nothing: false };
export const nothing: Selector = { requirements: [], nothing: true };

/** Reads the `labelSelector` of a query (API-517). Throws StatusError 400 with upstream's text. */
export function parseLabelSelector(text: string): Selector {
  try {
    return { requirements: parseRequirements(text), nothing: false };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

const OPERATORS: ReadonlyMap<string, LabelOperator> = new Map<string, LabelOperator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

function fromExpression({ key, operator, values }: LabelSelectorRequirement): LabelRequirement {
  const known = OPERATORS.get(operator);
  if (known === undefined) {
    throw new SelectorError(`${goQuote(operator)} is not a valid label selector operator`);
  }
  return checkRequirement({ key, operator: known, values: values ?? [] });
}

/**
 * The selector of a LabelSelector object: absent selects nothing, empty everything.
 * Throws SelectorError for one that validation would refuse.
 */
export function selectorFromObject(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    checkRequirement({ key, operator: '=', values: [value] }),
  );
  const expressions = (selector.matchExpressions ?? []).map(fromExpression);
  return fromRequirements([...labels, ...expressions]);
}

/** The selector of a plain map, such as a Service's; absent and empty select everything. */
export function selectorFromMap(labels: Labels | undefined): Selector {
  return fromRequirements(
    Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })),
  );
}

function fromRequirements(requirements: LabelRequirement[]): Selector {
  requirements.sort((left, right) => compareBytewise(left.key, right.key));
  return { requirements, nothing: false };
}

const NO_LABELS: Labels = {};

/** True when the labels satisfy every requirement. */
export function matches(selector: Selector, labels: Labels | undefined): boolean {
  if (selector.nothing) return false;
  const present = labels ?? NO_LABELS;
  return selector.requirements.every((requirement) => matchesRequirement(requirement, present));
}

/** True when the selector selects every object. */
export function selectsEverything(selector: Selector): boolean {
  return !selector.nothing && selector.requirements.length === 0;
}

/** The text form, as in `status.selector` of a Scale: `app=web,tier in (a,b)`. */
export function formatSelector(selector: Selector): string {
  return selector.requirements.map(formatRequirement).join(',');
}

/** Checks keys and values of labels; every error stands at `path` itself. */
export function validateLabels(labels: Labels | undefined, path: FieldPath): StatusCause[] {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => compareBytewise(a, b));
  return entries.flatMap(([key, value]) => [
    ...invalidForEach(path, key, validateQualifiedName(key)),
    ...invalidForEach(path, value, validateLabelValue(value)),
  ]);
}

/** Checks that the values of a requirement at `path` are as many as its operator wants. */
export function validateOperator(
  { operator, values = [] }: LabelSelectorRequirement,
  path: FieldPath,
): StatusCause[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [
        required(path.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"),
      ];
    case 'Exists':
    case 'DoesNotExist': {
      if (values.length === 0) return [];
      const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return [forbidden(path.child('values'), detail)];
    }
    default:
      return [invalidValue(path.child('operator'), operator, 'not a valid selector operator')];
  }
}

/** Checks one requirement of a selector, standing at `path`. */
export function validateExpression(
  expression: LabelSelectorRequirement,
  path: FieldPath,
): StatusCause[] {
  const { key, values = [] } = expression;
  return [
    ...validateOperator(expression, path),
    ...invalidForEach(path.child('key'), key, validateQualifiedName(key)),
    ...values.flatMap((value, index) =>
      invalidForEach(path.child('values').index(index), value, validateLabelValue(value)),
    ),
  ];
}

/** Checks a LabelSelector object standing at `path`. */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
): StatusCause[] {
  if (selector === undefined) return [];
  const expressions = (selector.matchExpressions ?? []).flatMap((expression, index) =>
    validateExpression(expression, path.child('matchExpressions').index(index)),
  );
  return [...validateLabels(selector.matchLabels, path.child('matchLabels')), ...expressions];
}
