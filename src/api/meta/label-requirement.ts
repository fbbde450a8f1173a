// One requirement of a label selector: key, operator, values.
import type { StatusCause } from '../generated/types.ts';
import { compareBytewise } from './canonical-json.ts';
import { FieldPath, invalidValue } from './field-errors.ts';
import { validateLabelValue, validateQualifiedName } from './names.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

/** What a label must be for an object to be selected. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

// prettier-ignore
export const BINARY_OPERATORS: readonly LabelOperator[] = [
  'in', 'notin', '=', '==', '!=', 'gt', 'lt',
];

/** A selector that cannot be; the message is upstream's text. */
export class SelectorError extends Error {
  override name = 'SelectorError';
}

const INTEGER = /^[+-]?[0-9]+$/;

function parseInt64(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function countError({ operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? '' : "for 'in', 'notin' operators, values set can't be empty";
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? '' : 'exact-match compatibility requires one single value';
    case 'exists':
    case '!':
      return values.length === 0 ? '' : 'values set must be empty for exists and does not exist';
    default:
      return values.length === 1 ? '' : "for 'Gt', 'Lt' operators, exactly one value is required";
  }
}

function requirementErrors(requirement: LabelRequirement): StatusCause[] {
  const { key, operator, values } = requirement;
  const errors: StatusCause[] = [];
  const keyMessages = validateQualifiedName(key);
  if (keyMessages.length > 0) errors.push(invalidValue('key', key, keyMessages.join('; ')));
  const valuesPath = new FieldPath('values');
  const wrongCount = countError(requirement);
  if (wrongCount !== '') errors.push(invalidValue(valuesPath, values, wrongCount));
  values.forEach((value, index) => {
    if ((operator === 'gt' || operator === 'lt') && parseInt64(value) === undefined) {
      const detail = "for 'Gt', 'Lt' operators, the value must be an integer";
      errors.push(invalidValue(valuesPath.index(index), value, detail));
    }
  });
  values.forEach((value, index) => {
    const messages = validateLabelValue(value);
    if (messages.length === 0) return;
    errors.push(invalidValue(valuesPath.index(index).key(key), value, messages.join('; ')));
  });
  return errors;
}

/** Checks a requirement; returns it, or throws SelectorError with every reason. */
export function checkRequirement(requirement: LabelRequirement): LabelRequirement {
  const errors = requirementErrors(requirement);
  if (errors.length === 0) return requirement;
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  throw new SelectorError(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
}

/** True when `labels` satisfy it; absent keys satisfy `!=`, `notin` and `!` (API-517). */
export function matchesRequirement(requirement: LabelRequirement, labels: Labels): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    default:
      return value !== undefined && compares(operator, value, values[0] ?? '');
  }
}

function compares(operator: 'gt' | 'lt', value: string, bound: string): boolean {
  const left = parseInt64(value);
  const right = parseInt64(bound);
  if (left === undefined || right === undefined) return false;
  return operator === 'gt' ? left > right : left < right;
}

/** The requirement as text: `a=b`, `a in (b,c)`, `!a`. */
export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = [...values].sort(compareBytewise).join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}
