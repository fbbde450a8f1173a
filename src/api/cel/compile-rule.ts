// One rule of a schema, compiled: its test, its message, and where a failure is reported.
import type { ValidationRule } from '../generated/types.ts';
import { schemaAtPath } from '../apiextensions/schema-path.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import type { Json } from '../meta/object.ts';
import { compileExpression } from './compile-expression.ts';
import type { CompiledExpression, Evaluation } from './compile-expression.ts';
import { estimateCost } from './static-cost.ts';

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

function usesVariable(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((one) => usesVariable(one, name));
  if (typeof node !== 'object' || node === null || !('op' in node)) return false;
  const { op, args } = node as { op: string; args: unknown };
  return op === 'id' ? args === name : usesVariable(args, name);
}

/** Compiles a rule of a schema. What is wrong with it is told in the result. */
export function compileRule(rule: ValidationRule, schema: Schema, isRoot: boolean): CompiledRule {
  const optional = rule.optionalOldSelf === true;
  const self = { schema, isRoot };
  const variables = { self, oldSelf: { schema, isRoot, optional } };
  const tested = compileExpression(rule.rule, { variables });
  const path =
    (rule.fieldPath ?? '') === '' ? undefined : schemaAtPath(rule.fieldPath ?? '', schema);
  const base = {
    rule,
    usesOldSelf: tested.expression ? usesVariable(tested.expression.ast, 'oldSelf') : false,
    fieldPath: path?.path?.toString(),
    cost: costOf(tested.expression, schema),
    ...compileMessage(rule, schema, { variables }),
  };
  const { expression, error } = tested;
  const faulty = { rule, usesOldSelf: false, fieldPath: undefined, cost: 0, messageCost: 0 };
  if (!expression) return { ...faulty, error: `compilation failed: ${error}`, test: never };
  if (expression.resultType !== 'bool' && expression.resultType !== 'dyn') {
    return { ...faulty, error: 'cel expression must evaluate to a bool', test: never };
  }
  return { ...base, test: (values, costMax) => expression.evaluate(values, { costMax }) };
}

function compileMessage(
  { messageExpression = '' }: ValidationRule,
  schema: Schema,
  { variables }: Parameters<typeof compileExpression>[1],
): Pick<CompiledRule, 'message' | 'messageError' | 'messageCost'> {
  if (messageExpression.trim() === '') return { messageCost: 0 };
  const { expression, error } = compileExpression(messageExpression, { variables });
  if (!expression) {
    const messageError = `messageExpression compilation failed: ${error}`;
    return { messageError, messageCost: 0 };
  }
  if (expression.resultType !== 'string' && expression.resultType !== 'dyn') {
    return { messageError: 'messageExpression must evaluate to a string', messageCost: 0 };
  }
  return {
    messageCost: costOf(expression, schema),
    message: (values, costMax) => expression.evaluate(values, { costMax }),
  };
}

function costOf(expression: CompiledExpression | undefined, schema: Schema): number {
  return expression ? estimateCost(expression.ast, { self: schema, oldSelf: schema }) : 0;
}

/** Of a rule that does not compile. */
function never(): never {
  throw new Error('the rule was not compiled');
}
