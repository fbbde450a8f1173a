// The texts of failed rules (API-1010).
import type { StatusCause, ValidationRule } from '../generated/types.ts';
import { duplicate, forbidden, invalidValue, required, wrongWhole } from '../meta/field-errors.ts';
import type { Json } from '../meta/object.ts';

/** How a rule appears in upstream's errors. */
export function shownRule(rule: ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

/** A rule by its message, or by its own text. */
export function ruleName({ message = '', rule }: ValidationRule): string {
  return message === '' ? rule.trim() : message.trim();
}

/** What is said when a rule has no expression for it. */
export function ruleMessage(rule: ValidationRule): string {
  const { message = '' } = rule;
  return message === '' ? `failed rule: ${ruleName(rule)}` : message.trim();
}

/** The cause of the kind that the rule asks for. */
export function failedRule(
  field: string,
  { rule, value, detail }: { rule: ValidationRule; value: Json; detail: string },
): StatusCause {
  const isWhole = typeof value === 'object' && value !== null;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, isWhole ? '' : value);
    default:
      return isWhole ? wrongWhole(field, detail) : invalidValue(field, value, detail);
  }
}
