// The texts of x-kubernetes-validations, before the rules are compiled (API-1010).
import type { StatusCause, ValidationRule } from '../generated/types.ts';
import { invalidValue, notSupported, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { schemaAtPath } from './schema-path.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;

const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
];
const NON_EMPTY = 'must be non-empty if specified';
const NO_BREAKS = 'must not contain line breaks';

/** The causes against the rules of one schema. */
export function* checkRuleTexts(schema: Schema, path: FieldPath): Causes {
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = path.child('x-kubernetes-validations').index(index);
    yield* checkRule(rule, at);
    yield* checkFieldPath(schema, rule, at.child('fieldPath'));
  }
}

function hasBreaks(text: string): boolean {
  return /[\n\r]/.test(text);
}

function isBlankText(text: string): boolean {
  return text !== '' && text.trim() === '';
}

function* checkRule(rule: ValidationRule, path: FieldPath): Causes {
  const { message = '', messageExpression = '', reason } = rule;
  const text = (rule.rule ?? '').trim();
  if (text === '') yield required(path.child('rule'), 'rule is not specified');
  else if (isBlankText(message)) yield invalidValue(path.child('message'), message, NON_EMPTY);
  else if (hasBreaks(message.trim())) {
    yield invalidValue(path.child('message'), message, NO_BREAKS);
  } else if (hasBreaks(text) && message.trim() === '') {
    const why = 'message must be specified if rule contains line breaks';
    yield required(path.child('message'), why);
  }
  if (isBlankText(messageExpression)) {
    const why = 'messageExpression must be non-empty if specified';
    yield required(path.child('messageExpression'), why);
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    yield notSupported(path.child('reason'), reason, REASONS);
  }
}

function* checkFieldPath(schema: Schema, rule: ValidationRule, path: FieldPath): Causes {
  const { fieldPath = '' } = rule;
  if (fieldPath === '') return;
  if (isBlankText(fieldPath)) yield invalidValue(path, fieldPath, NON_EMPTY);
  if (hasBreaks(fieldPath)) yield invalidValue(path, fieldPath, NO_BREAKS);
  if (!schemaAtPath(fieldPath, schema).schema) {
    yield invalidValue(path, fieldPath, 'must be a valid path');
  }
}
