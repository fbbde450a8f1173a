// When a Job fails or succeeds before its time: failure and success policies.
import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicy,
  SuccessPolicyRule,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative, qualifiedName } from '../core/field-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  wrongWhole,
} from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { parseIndexes } from './index-list.ts';

const RULES_MAX = 20;
const PATTERNS_MAX = 20;
const EXIT_CODES_MAX = 255;
const INDEX_TEXT_MAX = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

const quoted = (values: readonly string[]) => `[${values.map(goQuote).join(' ')}]`;

/** `spec.podFailurePolicy`. */
export function* validateFailurePolicy(
  spec: JobSpec,
  { rules }: PodFailurePolicy,
  path: FieldPath,
): Causes {
  const rulesPath = path.child('rules');
  const list = rules ?? [];
  if (list.length > RULES_MAX) yield tooMany(rulesPath, list.length, RULES_MAX);
  for (const [index, rule] of list.entries()) {
    yield* validateFailureRule(spec, rule, rulesPath.index(index));
  }
}

function* validateFailureRule(spec: JobSpec, rule: PodFailurePolicyRule, path: FieldPath): Causes {
  yield* requiredChoice(rule.action, path.child('action'), ACTIONS);
  if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    const message = 'requires the backoffLimitPerIndex to be set';
    yield invalidValue(path.child('action'), rule.action, message);
  }
  const { onExitCodes, onPodConditions = [] } = rule;
  if (onExitCodes) yield* validateExitCodes(spec, onExitCodes, path.child('onExitCodes'));
  const conditionsPath = path.child('onPodConditions');
  if (onPodConditions.length > PATTERNS_MAX) {
    yield tooMany(conditionsPath, onPodConditions.length, PATTERNS_MAX);
  }
  for (const [index, pattern] of onPodConditions.entries()) {
    const at = conditionsPath.index(index);
    yield* qualifiedName(pattern.type, at.child('type'));
    yield* requiredChoice(pattern.status, at.child('status'), STATUSES);
  }
  if (onExitCodes && onPodConditions.length > 0) {
    yield wrongWhole(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    yield wrongWhole(path, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function* requiredChoice(
  value: string | undefined,
  path: FieldPath,
  supported: readonly string[],
): Causes {
  if (value === undefined || value === '') {
    yield required(path, `valid values: ${quoted(supported)}`);
  } else if (!supported.includes(value)) yield notSupported(path, value, supported);
}

function* validateExitCodes(
  { template }: JobSpec,
  codes: PodFailurePolicyOnExitCodesRequirement,
  path: FieldPath,
): Causes {
  const { operator, containerName } = codes;
  const values = codes.values ?? [];
  yield* requiredChoice(operator, path.child('operator'), OPERATORS);
  const containers = [
    ...(template.spec?.containers ?? []),
    ...(template.spec?.initContainers ?? []),
  ];
  if (containerName !== undefined && !containers.some(({ name }) => name === containerName)) {
    const message = 'must be one of the container or initContainer names in the pod template';
    yield invalidValue(path.child('containerName'), containerName, message);
  }
  const valuesPath = path.child('values');
  if (values.length === 0) yield invalidValue(valuesPath, values, 'at least one value is required');
  else if (values.length > EXIT_CODES_MAX) {
    yield tooMany(valuesPath, values.length, EXIT_CODES_MAX);
  }
  for (const [index, value] of values.entries()) {
    const at = valuesPath.index(index);
    if (operator === 'In' && value === 0) {
      yield invalidValue(at, value, 'must not be 0 for the In operator');
    }
    if (values.indexOf(value) < index) yield duplicate(at, value);
  }
  if (values.some((value, index) => value < (values[index - 1] ?? value))) {
    yield invalidValue(valuesPath, values, 'must be ordered');
  }
}

/** `spec.successPolicy` of an indexed job. */
export function* validateSuccessPolicy(
  spec: JobSpec,
  { rules }: SuccessPolicy,
  path: FieldPath,
): Causes {
  const rulesPath = path.child('rules');
  const list = rules ?? [];
  if (list.length === 0) {
    const message = 'at least one rules must be specified when the successPolicy is specified';
    yield required(rulesPath, message);
  }
  if (list.length > RULES_MAX) yield tooMany(rulesPath, list.length, RULES_MAX);
  for (const [index, rule] of list.entries()) {
    yield* validateSuccessRule(spec.completions ?? 0, rule, rulesPath.index(index));
  }
}

function* validateSuccessRule(
  completions: number,
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  path: FieldPath,
): Causes {
  if (count === undefined && indexes === undefined) {
    yield required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const parsed = indexes === undefined ? undefined : parseIndexes(indexes, completions);
  if (indexes !== undefined && parsed !== undefined) {
    const indexesPath = path.child('succeededIndexes');
    if (indexes.length > INDEX_TEXT_MAX) yield tooLong(indexesPath, INDEX_TEXT_MAX);
    if (parsed.fault !== undefined) {
      yield invalidValue(indexesPath, indexes, `error parsing succeededIndexes: ${parsed.fault}`);
    }
  }
  if (count === undefined) return;
  const countPath = path.child('succeededCount');
  yield* nonNegative(count, countPath);
  const atMost = (limit: number, what: string) =>
    invalidValue(countPath, count, `must be less than or equal to ${limit} (${what})`);
  if (count > completions) yield atMost(completions, 'the number of specified completions');
  if (parsed && count > parsed.total) {
    yield atMost(parsed.total, 'the number of indexes in the specified succeededIndexes field');
  }
}
