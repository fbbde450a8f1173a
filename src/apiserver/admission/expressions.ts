// CEL in admission: the values for one request of what expressions of policies and match conditions
// may speak of. Regular expressions are loaded when the first of them is needed.
import type { Namespace } from '../../api/generated/types.ts';
import { compileInAdmission } from '../../api/admissionregistration/compile-in-admission.ts';
import type { Compilation, CompiledExpression } from '../../api/cel/compile-expression.ts';
import {
  CelDuration,
  CelMap,
  CelRunError,
  CelTimestamp,
  CelUint,
  LazyMap,
} from '../../api/cel/language/values.ts';
import { durationText, timestampText } from '../../api/cel/libraries/times.ts';
import { dynamicValue, unescapedName } from '../../api/cel/schema-types.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { namespaces } from '../../api/resources.ts';
import { errorMessage } from '../../base/errors.ts';
import { loadEngines } from '../custom-resources/load-engines.ts';
import { getObject } from '../registry/object-store.ts';
import type { AdmissionRequest } from './admission-request.ts';
import { authorizerOf } from './expression-authorizer.ts';
import { matchedRequest } from './webhooks/review.ts';
import type { Matched } from './match-request.ts';

/** An expression could not be compiled, or failed. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';
}

/** The expressions of a policy cost too much together. */
export class OutOfBudgetError extends ExpressionError {
  constructor() {
    const what = 'validation failed due to running out of cost budget';
    super(`${what}, no further validation rules will be run`);
  }
}

/** What the expressions of a policy may cost for one request; its conditions have their own. */
const POLICY_COST_MAX = 10_000_000;
const CONDITIONS_COST_MAX = 2_500_000;

/** What expressions may speak of, and what they may cost from here on. */
export interface ExpressionScope {
  /** By variable; those of `variables` are worked out when they are asked for. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly budget: { left: number };
}

/** The same scope with what conditions may cost. */
export function conditionScope(scope: ExpressionScope): ExpressionScope {
  return { ...scope, budget: { left: CONDITIONS_COST_MAX } };
}

/** What is not JSON in a scope. */
// prettier-ignore
const RAW = [
  'object', 'oldObject', 'params', 'variables', 'authorizer', 'authorizer.requestResource',
];

/** Compiled expressions by text; more of them are forgotten together. */
const COMPILED_MAX = 1000;
const compiled = new Map<string, Compilation>();
let isLoaded = false;

/** Goes on when expressions can be compiled: usually at once. */
export function whenExpressionsLoad(): undefined | Promise<void> {
  if (isLoaded) return undefined;
  return loadEngines().then(() => void (isLoaded = true));
}

function compiledFor(text: string): Compilation {
  const before = compiled.get(text);
  if (before) return before;
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  const compilation = compileInAdmission(text);
  compiled.set(text, compilation);
  return compilation;
}

/** The value of an expression, as CEL has it. Throws ExpressionError. */
export function evaluateIn(scope: ExpressionScope, text: string): unknown {
  const { expression, error } = compiledFor(text);
  if (!expression) throw new ExpressionError(`compilation error: compilation failed: ${error}`);
  const { budget } = scope;
  if (budget.left < 0) throw new OutOfBudgetError();
  const { result, cost } = evaluated(expression, scope, text);
  budget.left -= cost;
  if (budget.left < 0) throw new OutOfBudgetError();
  return result;
}

function evaluated(expression: CompiledExpression, scope: ExpressionScope, text: string) {
  try {
    return expression.evaluate(scope.values, { raw: RAW });
  } catch (error) {
    if (error instanceof OutOfBudgetError) throw error;
    throw new ExpressionError(`expression '${text}' resulted in error: ${errorMessage(error)}`);
  }
}

/** What a request gives expressions, in the form that it was matched in. */
export function scopeOf(request: AdmissionRequest, matched: Matched): ExpressionScope {
  const { object, old, operation } = request;
  const isGone = operation === 'delete';
  const shown = (value: KubernetesObject | undefined) =>
    value === undefined ? null : celValue(matched.form.to(value));
  const values = {
    object: isGone ? null : shown(object),
    oldObject: shown(isGone ? object : old),
    request: matchedRequest(request, matched),
    params: null,
    namespaceObject: namespaceObject(request),
    variables: new LazyMap({}),
    ...authorizerOf(request),
  };
  return { values, budget: { left: POLICY_COST_MAX } };
}

/** The scope with parameters, and variables that are expressions themselves. */
export function withVariables(
  scope: ExpressionScope,
  params: KubernetesObject | undefined,
  definitions: readonly { readonly name: string; readonly expression: string }[],
): ExpressionScope {
  const members: Record<string, () => unknown> = {};
  const own = { params: params ? celValue(params) : null, variables: new LazyMap(members) };
  const full = { ...scope, values: { ...scope.values, ...own } };
  for (const { name, expression } of definitions) {
    members[name] = () => variableIn(full, name, expression);
  }
  return full;
}

/** A fault is one of the expression that asks: it may do without the variable. */
function variableIn(scope: ExpressionScope, name: string, text: string): unknown {
  try {
    return evaluateIn(scope, text);
  } catch (error) {
    if (error instanceof OutOfBudgetError || !(error instanceof ExpressionError)) throw error;
    throw new CelRunError(`composited variable "${name}" fails to evaluate: ${error.message}`);
  }
}

/** A value of CEL as JSON. Throws ExpressionError for what JSON doesn't have. */
export function jsonOfCel(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return value as Json;
  }
  if (Array.isArray(value)) return value.map(jsonOfCel);
  if (value instanceof CelUint) return Number(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (!(value instanceof CelMap)) throw new ExpressionError('the result is no JSON value');
  // Members of objects are written as expressions have to write them.
  const nameOf = value.celType.kind === 'struct' ? unescapedName : String;
  const members = Array.from(value.keys(), (key) => [
    nameOf(key as string),
    jsonOfCel(value.get(key)),
  ]);
  return Object.fromEntries(members) as Json;
}

/** JSON as CEL has it. */
export function celValue(value: object): unknown {
  return dynamicValue(value as Json);
}

function namespaceObject({ context, target }: AdmissionRequest): Json {
  const { resource, info } = target;
  if (resource === namespaces || info.namespace === '') return null;
  const place = { resource: namespaces, namespace: '', name: info.namespace };
  const found = getObject<Namespace>(context.store, place);
  return found ? (found.object as unknown as Json) : null;
}
