// ValidatingAdmissionPolicies: expressions that a request must make true, in effect where a binding
// says so and with the consequences that it names.
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '../../../api/generated/types.ts';
import { forbidden, StatusError } from '../../../api/meta/status-error.ts';
import { validatingPolicies, validatingPolicyBindings } from '../../../api/other-resources.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import {
  evaluateIn,
  ExpressionError,
  OutOfBudgetError,
  whenExpressionsLoad,
} from '../expressions.ts';
import type { ExpressionScope } from '../expressions.ts';
import { isExempt } from '../match-request.ts';
import { whenDone } from '../when-done.ts';
import { meetingsOf, meetsPolicy, scopeOfMeeting } from './policy-bindings.ts';
import type { Meeting } from './policy-bindings.ts';

type ValidatingMeeting = Meeting<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

const kinds = { policies: validatingPolicies, bindings: validatingPolicyBindings };
const MESSAGE_BYTES_MAX = 5 * 1024;
const ANNOTATION_MAX = 10 * 1024;
const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** What a policy has against a request. */
interface Violation {
  readonly message: string;
  readonly reason: string;
  /** Its place among the validations; 0 for faults of the policy as a whole. */
  readonly index: number;
}

/** Throws the first denial. A promise only when CEL has to be loaded. */
export function validateByPolicies(request: AdmissionRequest): void | Promise<void> {
  if (isExempt(request)) return undefined;
  const meetings = meetingsOf(request, kinds);
  if (meetings.length === 0) return undefined;
  return whenDone(whenExpressionsLoad(), () => decide(request, meetings));
}

function decide(request: AdmissionRequest, meetings: readonly ValidatingMeeting[]): void {
  const denials: { meeting: ValidatingMeeting; violation: Violation }[] = [];
  for (const meeting of meetings) {
    for (const violation of violationsOf(request, meeting)) {
      if (takeActions(request, meeting, violation)) denials.push({ meeting, violation });
    }
  }
  const [first] = denials;
  if (first) throw denial(request, first.meeting, first.violation);
}

function violationsOf(request: AdmissionRequest, meeting: ValidatingMeeting): Violation[] {
  const { policy, fault } = meeting;
  const failure = (message: string, index = 0): Violation[] =>
    policy.spec?.failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid', index }];
  if (fault !== undefined) return failure(fault);
  try {
    const scope = scopeOfMeeting(request, meeting);
    if (!meetsPolicy(meeting, scope)) return [];
    const validations = policy.spec?.validations ?? [];
    const found = validations.flatMap((validation, index): Violation[] => {
      try {
        if (evaluateIn(scope, validation.expression) === true) return [];
        const { reason = 'Invalid' } = validation;
        return [{ message: messageOf(scope, validation), reason, index }];
      } catch (error) {
        if (error instanceof OutOfBudgetError) throw error;
        return failure(textOf(error), index);
      }
    });
    return [...found, ...annotate(request, meeting, scope).flatMap((text) => failure(text))];
  } catch (error) {
    return failure(textOf(error));
  }
}

function textOf(error: unknown): string {
  if (error instanceof ExpressionError) return error.message;
  throw error;
}

function messageOf(scope: ExpressionScope, validation: Validation): string {
  const { messageExpression = '', message = '', expression } = validation;
  const made = messageExpression === '' ? '' : evaluatedMessage(scope, messageExpression);
  if (made !== '') return made;
  const own = message.trim();
  return own === '' ? `failed expression: ${expression.trim()}` : own;
}

/** The empty string when the expression gives no usable text. */
function evaluatedMessage(scope: ExpressionScope, expression: string): string {
  try {
    const value = evaluateIn(scope, expression);
    const text = typeof value === 'string' ? value.trim() : '';
    return text.includes('\n') || Buffer.byteLength(text) > MESSAGE_BYTES_MAX ? '' : text;
  } catch (error) {
    if (error instanceof ExpressionError) return '';
    throw error;
  }
}

/** Writes the audit annotations of a policy; what goes wrong is returned. */
function annotate(
  request: AdmissionRequest,
  { policy }: ValidatingMeeting,
  scope: ExpressionScope,
): string[] {
  const faults: string[] = [];
  for (const { key, valueExpression } of policy.spec?.auditAnnotations ?? []) {
    try {
      const value = evaluateIn(scope, valueExpression);
      const text = typeof value === 'string' ? value.trim() : '';
      if (text === '') continue;
      request.audit(`${policy.metadata.name ?? ''}/${key}`, text.slice(0, ANNOTATION_MAX));
    } catch (error) {
      faults.push(textOf(error));
    }
  }
  return faults;
}

/** Warns and notes down as the binding says; true when it denies. */
function takeActions(
  request: AdmissionRequest,
  { policy, binding }: ValidatingMeeting,
  { message, index }: Violation,
): boolean {
  // Without a binding the policy itself is at fault: there is nobody to say otherwise.
  if (!binding) return true;
  const { validationActions } = binding.spec;
  const name = binding.metadata.name ?? '';
  const policyName = policy.metadata.name ?? '';
  if (validationActions.includes('Warn')) {
    const who = `ValidatingAdmissionPolicy '${policyName}' with binding '${name}'`;
    request.warnings.push(`Validation failed for ${who}: ${message}`);
  }
  if (validationActions.includes('Audit')) {
    const failure = { message, policy: policyName, binding: name, expressionIndex: index };
    const value = JSON.stringify([{ ...failure, validationActions }]);
    request.audit('validation.policy.admission.k8s.io/validation_failure', value);
  }
  return validationActions.includes('Deny');
}

function denial(
  { target, object }: AdmissionRequest,
  { policy, binding }: ValidatingMeeting,
  { message, reason }: Violation,
): StatusError {
  const where = binding ? ` with binding '${binding.metadata.name ?? ''}'` : '';
  const who = `ValidatingAdmissionPolicy '${policy.metadata.name ?? ''}'${where}`;
  const why = `${who} denied request: ${message}`;
  const { status } = forbidden(target.resource, object.metadata.name ?? '', why);
  return new StatusError({
    ...status,
    reason,
    details: { ...status.details, causes: [{ message: why }] },
    code: CODES[reason] ?? CODES['Invalid'],
  });
}
