// The rules of pod disruption budgets for the API server.
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  atMostHundredPercent,
  intOrPercent,
  isBlank,
  nonNegative,
  oneOf,
} from '../core/field-rules.ts';
import { subdomainName } from '../core/object-meta-validation.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import {
  duplicate,
  fieldPath,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
  type FieldPath,
} from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validateQualifiedName } from '../meta/names.ts';

const SPEC = fieldPath('spec');
const STATUS = fieldPath('status');
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_LIMIT = 1024;
const MESSAGE_LIMIT = 32 * 1024;
const POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** What the API server asks of this kind. */
export const disruptionBudgetRules = defineKind<PodDisruptionBudget>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  unconditionalUpdate: false,
  specChanged: specDiffers,
  initialStatus: () => ({
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
  }),
  validate: ({ spec }) => validateSpec(spec ?? {}),
  validateUpdate: ({ spec }) => validateSpec(spec ?? {}),
  validateStatusUpdate: validateStatus,
});

function* validateSpec(spec: PodDisruptionBudgetSpec): Causes {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    // Messages show upstream's internal form of the spec.
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
    };
    yield invalidValue(SPEC, shown, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    yield* intOrPercent(value, SPEC.child(field));
    yield* atMostHundredPercent(value, SPEC.child(field));
  }
  yield* validateLabelSelector(selector, SPEC.child('selector'));
  const policyPath = SPEC.child('unhealthyPodEvictionPolicy');
  yield* oneOf(unhealthyPodEvictionPolicy, policyPath, POLICIES);
}

function* validateStatus({ status }: PodDisruptionBudget): Causes {
  yield* validateConditions(status?.conditions ?? []);
  for (const field of [
    'disruptionsAllowed',
    'currentHealthy',
    'desiredHealthy',
    'expectedPods',
  ] as const) {
    yield* nonNegative(status?.[field], STATUS.child(field));
  }
}

type Conditions = NonNullable<NonNullable<PodDisruptionBudget['status']>['conditions']>;

/** The rules of the standard condition type. */
function* validateConditions(conditions: Conditions): Causes {
  for (const [i, condition] of conditions.entries()) {
    const path = STATUS.child('conditions').index(i);
    const given: Partial<typeof condition> = condition;
    const { type = '', status = '', reason = '', lastTransitionTime } = given;
    const repeated = conditions.findIndex((other) => other.type === type) < i;
    if (repeated) yield duplicate(path.child('type'), type);
    yield* invalidForEach(path.child('type'), type, validateQualifiedName(type));
    const statuses = ['False', 'True', 'Unknown'];
    if (!statuses.includes(status)) yield notSupported(path.child('status'), status, statuses);
    if ((condition.observedGeneration ?? 0) < 0) {
      const message = 'must be greater than or equal to zero';
      const generationPath = path.child('observedGeneration');
      yield invalidValue(generationPath, condition.observedGeneration, message);
    }
    if (isBlank(lastTransitionTime)) yield required(path.child('lastTransitionTime'));
    yield* validateReason(reason, path.child('reason'));
    if (condition.message.length > MESSAGE_LIMIT) {
      yield tooLong(path.child('message'), MESSAGE_LIMIT);
    }
  }
}

function* validateReason(reason: string, path: FieldPath): Causes {
  if (reason === '') {
    yield required(path);
    return;
  }
  if (!new RegExp(`^${REASON}$`).test(reason)) {
    const examples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'];
    const list = examples.map((example) => `'${example}', `).join(' or ');
    const rule =
      'a condition reason must start with alphabetic character, optionally followed by a string ' +
      "of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
    const message = `${rule} (e.g. ${list}regex used for validation is '${REASON}')`;
    yield invalidValue(path, reason, message);
  }
  if (reason.length > REASON_LIMIT) yield tooLong(path, REASON_LIMIT);
}
