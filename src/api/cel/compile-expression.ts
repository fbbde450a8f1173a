// CEL with the functions of Kubernetes: rules of custom resources, admission policies, match
// conditions. Compile once, evaluate often:
//
//   const { expression, error } = compileExpression('object.spec.replicas <= 5', {
//     variables: { object: 'dyn', oldObject: 'dyn', request: 'dyn' },
//     returns: ['bool'],
//   });
//   expression.evaluate({ object, oldObject: null, request }) // JSON in; throws CelEvaluationError
//
// Variables are of any type (`dyn`), or of the type of a schema; `optional` ones are CEL optionals
// that are empty for undefined. Values are plain JSON. Whoever compiles awaits `loadEngines()` of
// the API server first: the CEL library and the regular expressions are loaded with the first use.
import type { Schema } from '../apiextensions/structural-schema.ts';
import type { Json } from '../meta/object.ts';
import { celEngine } from './cel-engine.ts';
import { newCelEnvironment } from './cel-environment.ts';
import { faultText, runText } from './cel-error-text.ts';
import type { CelFault } from './cel-error-text.ts';
import { declareType, dynamicType } from './cel-types.ts';
import type { CelType } from './cel-types.ts';
import type { CelLibrary } from './libraries/library.ts';
import { CALL_COST_MAX, CelCostError, counted, countSteps } from './runtime-cost.ts';

export type CelVariable =
  'dyn' | { readonly schema: Schema; readonly isRoot?: boolean; readonly optional?: boolean };

export interface CompileOptions {
  readonly variables: Readonly<Record<string, CelVariable>>;
  /** The types it may have: `bool`, `string`, … Default: any. A result of type `dyn` always may. */
  readonly returns?: readonly string[];
  /** More functions than all expressions have. */
  readonly libraries?: readonly CelLibrary[];
}

export interface Evaluation {
  /** As CEL has it: whole numbers are bigint. */
  readonly result: unknown;
  readonly cost: number;
}

export interface CompiledExpression {
  /** `bool`, `string`, `dyn`, `list<string>`, … */
  readonly resultType: string;
  /** The syntax tree, for whoever estimates its cost. */
  readonly ast: unknown;
  /**
   * Values by variable, JSON or, for `raw` ones, of opaque types. Throws CelEvaluationError, also
   * when it costs more than `costMax`.
   */
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

/** Compiles an expression. */
export function compileExpression(
  text: string,
  { variables, returns, libraries = [] }: CompileOptions,
): Compilation {
  const environment = newCelEnvironment(libraries);
  const types = new Map<string, { readonly type: CelType; readonly optional: boolean }>();
  for (const [name, variable] of Object.entries(variables)) {
    const isDynamic = variable === 'dyn';
    const known = isDynamic ? undefined : typeOfSchema(types, variable.schema, variables);
    const naming = { name: `Type_${name}`, isRoot: !isDynamic && variable.isRoot === true };
    const type = isDynamic
      ? dynamicType
      : (known ?? declareType(environment, variable.schema, naming));
    const optional = !isDynamic && variable.optional === true;
    types.set(name, { type, optional });
    environment.registerVariable(name, optional ? `optional<${type.name}>` : type.name);
  }
  try {
    const parsed = environment.parse(text);
    useLinearPatterns(parsed.ast);
    const checked = parsed.check();
    if (!checked.valid) return { error: faultText(text, checked.error as unknown as CelFault) };
    const resultType = checked.type ?? 'dyn';
    if (returns && resultType !== 'dyn' && !returns.includes(resultType)) {
      return { error: wrongResult(returns) };
    }
    countSteps(parsed.ast);
    const evaluate = evaluator(parsed as (context: object) => unknown, types);
    return { expression: { resultType, ast: parsed.ast, evaluate } };
  } catch (error) {
    if (isFault(error)) return { error: faultText(text, error) };
    throw error;
  }
}

/** The type that another variable of the same schema has: `self` and `oldSelf`. */
function typeOfSchema(
  types: ReadonlyMap<string, { readonly type: CelType }>,
  schema: Schema,
  variables: CompileOptions['variables'],
): CelType | undefined {
  for (const [name, { type }] of types) {
    const other = variables[name];
    if (other !== undefined && other !== 'dyn' && other.schema === schema) return type;
  }
  return undefined;
}

function wrongResult(returns: readonly string[]): string {
  const [only = '', ...others] = returns;
  if (others.length === 0) return `must evaluate to ${only}`;
  return `must evaluate to one of ${returns.join(', ')}`;
}

function isFault(error: unknown): error is CelFault & Error {
  return (
    error instanceof Error && ['ParseError', 'TypeError'].includes(error.name) && 'code' in error
  );
}

/** `matches` becomes our own function: the library's takes as long as a pattern wants. */
function useLinearPatterns(node: unknown): void {
  if (Array.isArray(node)) return node.forEach(useLinearPatterns);
  if (typeof node !== 'object' || node === null || !('op' in node) || !('args' in node)) return;
  const { op, args } = node as { op: string; args: unknown };
  const isCall = (op === 'call' || op === 'rcall') && Array.isArray(args);
  if (isCall && args[0] === 'matches') args[0] = 'matchesPattern';
  useLinearPatterns(args);
}

function evaluator(
  run: (context: object) => unknown,
  types: ReadonlyMap<string, { readonly type: CelType; readonly optional: boolean }>,
): CompiledExpression['evaluate'] {
  return (values, { costMax = CALL_COST_MAX, raw = [] } = {}) => {
    const { Optional } = celEngine();
    const context: Record<string, unknown> = {};
    for (const [name, { type, optional }] of types) {
      const value = values[name];
      if (raw.includes(name)) context[name] = value;
      else if (value === undefined) context[name] = optional ? Optional.none() : null;
      else {
        const converted = type.convert(value as Json);
        context[name] = optional ? Optional.of(converted) : converted;
      }
    }
    try {
      return counted(costMax, () => run(context));
    } catch (error) {
      if (error instanceof CelCostError) throw new CelEvaluationError(error.message, 'cost');
      throw new CelEvaluationError(runText(error), 'failure');
    }
  };
}
