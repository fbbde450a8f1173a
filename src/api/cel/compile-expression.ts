// CEL with the functions of Kubernetes: rules of custom resources, admission policies, match
// conditions. Compile once, evaluate often:
//
//   const { expression, error } = compileExpression('object.spec.replicas <= 5', {
//     variables: { object: 'dyn', oldObject: 'dyn', request: 'dyn' },
//     returns: ['bool'],
//   });
//   expression.evaluate({ object, oldObject: null, request }) // JSON in; throws CelEvaluationError
//
// Variables are of any type (`dyn`), of the type of a schema, or of a type of CEL; `optional` ones
// are CEL optionals that are empty for undefined. Values are plain JSON. Whoever compiles awaits
// `loadEngines()` of the API server first: regular expressions are loaded with the first use.
import type { Schema } from '../apiextensions/structural-schema.ts';
import type { Json } from '../meta/object.ts';
import { celFunctions } from './functions.ts';
import { checkExpression } from './language/check.ts';
import type { Declarations } from './language/check.ts';
import { checkLiterals } from './language/check-literals.ts';
import type { Declaration, FunctionTable } from './language/declarations.ts';
import { estimateCost } from './language/estimate-cost.ts';
import type { Path } from './language/estimate-cost.ts';
import { CelCostError, planExpression } from './language/evaluate.ts';
import type { Evaluator } from './language/evaluate.ts';
import { showFaults } from './language/faults.ts';
import { childrenOf } from './language/node.ts';
import type { CelNode } from './language/node.ts';
import { parseExpression } from './language/parse.ts';
import type { Range } from './language/range.ts';
import { DYN, optionalOf, showType } from './language/types.ts';
import type { CelType } from './language/types.ts';
import { CelOptional, CelRunError } from './language/values.ts';
import { declareType, dynamicValue, structsIn } from './schema-types.ts';
import type { DeclaredType } from './schema-types.ts';

/** Cost that one evaluation may have. */
export const CALL_COST_MAX = 1_000_000;

export type CelVariable =
  | 'dyn'
  | {
      readonly schema: Schema;
      readonly isRoot?: boolean;
      readonly optional?: boolean;
      /** How faults name the type. */
      readonly typeName?: string;
      /** True when no name of a member has to be escaped. */
      readonly isPlain?: boolean;
    }
  /** Values are CEL values already. */
  | { readonly type: CelType };

export interface CompileOptions {
  /** By name; names may have dots. */
  readonly variables: Readonly<Record<string, CelVariable>>;
  /** The types it may have: `bool`, `string`, … Default: any. */
  readonly returns?: readonly string[];
  /** More functions than all expressions have. */
  readonly functions?: readonly Declaration[];
  readonly structs?: StructTypes;
}

/** Types with members besides those of schemas. */
export interface StructTypes {
  /** True for those with members. */
  hasFields(struct: string): boolean;
  fieldType(struct: string, field: string): CelType | undefined;
  /** True for those that expressions may make. */
  canMake(struct: string): boolean;
}

export interface Evaluation {
  /** As CEL has it: whole numbers are bigint. */
  readonly result: unknown;
  readonly cost: number;
}

export interface CompiledExpression {
  /** `bool`, `string`, `dyn`, `list(string)`, … */
  readonly resultType: CelType;
  /** The least and most that it can cost. */
  readonly cost: Range;
  /** True when it speaks of a variable. */
  uses(variable: string): boolean;
  /** Values by variable. Throws CelEvaluationError, also when it costs more than `costMax`. */
  evaluate(values: Readonly<Record<string, unknown>>, options?: EvaluateOptions): Evaluation;
}

export interface EvaluateOptions {
  /** Default: what one evaluation may cost. */
  readonly costMax?: number;
  /** Variables whose values are CEL values already. */
  readonly raw?: readonly string[];
}

export type Compilation =
  | { readonly expression: CompiledExpression; readonly error?: undefined }
  /** Upstream's text, without `compilation failed: `. */
  | { readonly expression?: undefined; readonly error: string };

/** An expression failed while it ran; the message is upstream's. */
export class CelEvaluationError extends Error {
  override name = 'CelEvaluationError';
  readonly reason: 'cost' | 'failure';

  constructor(message: string, reason: 'cost' | 'failure') {
    super(message);
    this.reason = reason;
  }
}

interface Known {
  readonly declared: DeclaredType | undefined;
  readonly type: CelType;
  readonly optional: boolean;
}

/** Compiles an expression. */
export function compileExpression(text: string, options: CompileOptions): Compilation {
  const functions = celFunctions(options.functions);
  const known = knownVariables(options.variables);
  const { root, faults } = parseExpression(text);
  if (faults) return { error: showFaults(text, faults) };
  const wrong = checkExpression(root, declarationsOf(known, functions, options.structs));
  if (wrong.length > 0) return { error: showFaults(text, wrong) };
  const literals = checkLiterals(root);
  if (literals.length > 0) return { error: showFaults(text, literals) };
  const resultType = root.type ?? DYN;
  const { returns } = options;
  const shown = showType(resultType);
  if (returns && !returns.includes(shown)) return { error: wrongResult(returns, shown) };
  return { expression: expressionOf(root, known, functions) };
}

function expressionOf(
  root: CelNode,
  known: ReadonlyMap<string, Known>,
  functions: FunctionTable,
): CompiledExpression {
  let cost: Range | undefined;
  const evaluate = planExpression(root, functions);
  return {
    resultType: root.type ?? DYN,
    get cost() {
      return (cost ??= estimateCost(root, (path) => sizeAt(known, path)));
    },
    uses: (variable) => speaksOf(root, variable),
    evaluate: evaluator(evaluate, known),
  };
}

function speaksOf(node: CelNode, variable: string): boolean {
  if (node.kind === 'ident' && node.name === variable) return true;
  return childrenOf(node).some((child) => speaksOf(child, variable));
}

function knownVariables(variables: CompileOptions['variables']): Map<string, Known> {
  const known = new Map<string, Known>();
  const bySchema = new Map<Schema, DeclaredType | undefined>();
  for (const [name, variable] of Object.entries(variables)) {
    if (variable === 'dyn') known.set(name, { declared: undefined, type: DYN, optional: false });
    else if ('type' in variable) {
      known.set(name, { declared: undefined, type: variable.type, optional: false });
    } else {
      const { schema, isRoot = false, optional = false, isPlain = false } = variable;
      const naming = { name: variable.typeName ?? 'selfType', isRoot, isPlain };
      const declared = bySchema.get(schema) ?? declareType(schema, naming);
      bySchema.set(schema, declared);
      const type = declared?.type ?? DYN;
      known.set(name, { declared, type: optional ? optionalOf(type) : type, optional });
    }
  }
  return known;
}

function declarationsOf(
  known: ReadonlyMap<string, Known>,
  functions: FunctionTable,
  structs: StructTypes | undefined,
): Declarations {
  const declared = new Map<string, DeclaredType>();
  for (const one of known.values()) {
    if (!one.declared) continue;
    for (const [name, struct] of structsIn(one.declared)) declared.set(name, struct);
  }
  return {
    functions,
    variables: new Map(Array.from(known, ([name, { type }]) => [name, type])),
    hasFields: (struct) => declared.has(struct) || structs?.hasFields(struct) === true,
    fieldType: (struct, field) =>
      declared.get(struct)?.fields?.get(field)?.declared.type ?? structs?.fieldType(struct, field),
    canMake: (struct) => structs?.canMake(struct) ?? false,
  };
}

function sizeAt(known: ReadonlyMap<string, Known>, [name = '', ...path]: Path): Range | undefined {
  let at = known.get(name)?.declared;
  for (const part of path) {
    // The keys of maps are texts of no known length.
    if (part === '@keys') return at?.element ? { min: 0, max: 0 } : undefined;
    at = part === '@items' || part === '@values' ? at?.element : at?.fields?.get(part)?.declared;
  }
  return at && { min: 0, max: at.sizeMax };
}

function wrongResult(returns: readonly string[], found: string): string {
  const [only = '', ...others] = returns;
  const wanted = others.length === 0 ? only : `one of [${returns.join(' ')}]`;
  return `must evaluate to ${wanted} but got ${found}`;
}

function evaluator(
  evaluate: Evaluator,
  known: ReadonlyMap<string, Known>,
): CompiledExpression['evaluate'] {
  return (values, { costMax = CALL_COST_MAX, raw = [] } = {}) => {
    const variables = new Map<string, unknown>();
    for (const [name, { declared, optional }] of known) {
      const value = values[name];
      if (raw.includes(name)) variables.set(name, value ?? null);
      else if (value === undefined) variables.set(name, optional ? CelOptional.NONE : null);
      else {
        const converted = (declared?.convert ?? dynamicValue)(value as Json);
        variables.set(name, optional ? new CelOptional(converted) : converted);
      }
    }
    try {
      return evaluate(variables, costMax);
    } catch (error) {
      if (error instanceof CelCostError) throw new CelEvaluationError(error.message, 'cost');
      if (!(error instanceof CelRunError)) throw error;
      throw new CelEvaluationError(error.message, 'failure');
    }
  };
}
