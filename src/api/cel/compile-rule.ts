// One rule of a schema, compiled: its test, its message, and where a failure is reported.
import type { ValidationRule } from '../generated/types.ts';
import { schemaAtPath } from '../apiextensions/schema-path.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import type { Json } from '../meta/object.ts';
import { compileExpression } from './compile-expression.ts';
import type { CompileOptions, Evaluation } from './compile-expression.ts';

type Run = (values: { self: Json; oldSelf: Json | undefined }, costMax: number) => Evaluation;

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Upstream's text when the rule does not compile. */
  readonly error?: string;
  /** The same of its message expression. */
  readonly messageError?: string;
  readonly usesOldSelf: boolean;
  /** Below the value the rule is about. */
  readonly fieldPath: string | undefined;
  /** The most that the rule, and its message, can cost. */
  readonly cost: number;
  readonly messageCost: number;
  readonly test: Run;
  readonly message?: Run;
}

/** Compiles a rule of a schema. What is wrong with it is told in the result. */
export function compileRule(rule: ValidationRule, schema: Schema, isRoot: boolean): CompiledRule {
  const optional = rule.optionalOldSelf === true;
  const self = { schema, isRoot };
  const variables = { self, oldSelf: { schema, isRoot, optional } };
  const faulty = { rule, usesOldSelf: false, fieldPath: undefined, cost: 0, messageCost: 0 };
  const { expression, error } = compileExpression(rule.rule, { variables });
  if (!expression) return { ...faulty, error: `compilation failed: ${error}`, test: never };
  const usesOldSelf = expression.uses('oldSelf');
  if (expression.resultType.kind !== 'bool') {
    return { ...faulty, error: 'cel expression must evaluate to a bool', test: never };
  }
  const { fieldPath = '' } = rule;
  return {
    rule,
    usesOldSelf,
    fieldPath: fieldPath === '' ? undefined : schemaAtPath(fieldPath, schema).path?.toString(),
    cost: expression.cost.max,
    ...compileMessage(rule, variables),
    test: (values, costMax) => expression.evaluate(values, { costMax }),
  };
}

function compileMessage(
  { messageExpression = '' }: ValidationRule,
  variables: CompileOptions['variables'],
): Pick<CompiledRule, 'message' | 'messageError' | 'messageCost'> {
  if (messageExpression === '') return { messageCost: 0 };
  const { expression, error } = compileExpression(messageExpression, { variables });
  if (!expression) {
    const messageError = `messageExpression compilation failed: ${error}`;
    return { messageError, messageCost: 0 };
  }
  if (expression.resultType.kind !== 'string') {
    return { messageError: 'messageExpression must evaluate to a string', messageCost: 0 };
  }
  return {
    messageCost: expression.cost.max,
    message: (values, costMax) => expression.evaluate(values, { costMax }),
  };
}

/** Of a rule that does not compile. */
function never(): never {
  throw new Error('the rule was not compiled');
}
