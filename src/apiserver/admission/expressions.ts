// CEL in admission: what expressions of policies and match conditions may speak of, and their
// values for one request. The CEL library is loaded when the first of them is needed.
import type { Namespace } from '../../api/generated/types.ts';
import { compileExpression } from '../../api/cel/compile-expression.ts';
import type { Compilation, CompiledExpression } from '../../api/cel/compile-expression.ts';
import { dynamicType } from '../../api/cel/cel-types.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { namespaces } from '../../api/resources.ts';
import { errorMessage } from '../../base/errors.ts';
import { loadEngines } from '../custom-resources/load-engines.ts';
import { getObject } from '../registry/object-store.ts';
import type { AdmissionRequest } from './admission-request.ts';
import type { CelLibrary } from '../../api/cel/libraries/library.ts';
import { authorizerLibrary, authorizerOf } from './expression-authorizer.ts';
import { matchedRequest } from './webhooks/review.ts';
import type { Matched } from './match-request.ts';

/** An expression could not be compiled, or failed. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';
}

/** Values by variable; those of `variables` are worked out when they are asked for. */
export type ExpressionScope = Readonly<Record<string, unknown>>;

const NAMES = [
  'object',
  'oldObject',
  'request',
  'params',
  'namespaceObject',
  'variables',
  'authorizer',
  'authorizerRequestResource',
];
const variables = Object.fromEntries(NAMES.map((name) => [name, 'dyn'] as const));

/** Stands for `jsonpatch` in expressions. */
class JsonPatchFunctions {
  readonly name = 'jsonpatch';
}

const jsonPatchLibrary: CelLibrary = {
  types: [['kubernetes.JSONPatch', JsonPatchFunctions]],
  namespaces: { jsonpatch: ['kubernetes.JSONPatch', new JsonPatchFunctions()] },
  functions: [
    [
      'kubernetes.JSONPatch.escapeKey(string): string',
      (_: JsonPatchFunctions, key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
    ],
  ],
};
const libraries = [authorizerLibrary, jsonPatchLibrary];

/** Compiled expressions by text; more of them are forgotten together. */
const COMPILED_MAX = 1000;
const compiled = new Map<string, Compilation>();
let isLoaded = false;

/** Goes on when expressions can be compiled: usually at once. */
export function whenExpressionsLoad(): undefined | Promise<void> {
  if (isLoaded) return undefined;
  return loadEngines().then(() => void (isLoaded = true));
}

/** Compiles an expression whose result is of one of the types. `error` is upstream's text. */
export function compileInAdmission(text: string, returns?: readonly string[]): Compilation {
  const key = JSON.stringify([returns ?? [], text]);
  const known = compiled.get(key);
  if (known) return known;
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  const plain = text.replace(/\bauthorizer\.requestResource\b/g, 'authorizerRequestResource');
  const compilation = compileExpression(plain, {
    variables,
    libraries,
    ...(returns === undefined ? {} : { returns }),
  });
  compiled.set(key, compilation);
  return compilation;
}

/** The value of an expression, as CEL has it. Throws ExpressionError. */
export function evaluateIn(
  scope: ExpressionScope,
  text: string,
  returns?: readonly string[],
): unknown {
  const { expression, error } = compileInAdmission(text, returns);
  if (!expression) throw new ExpressionError(`compilation error: compilation failed: ${error}`);
  return resultOf(expression, scope, text);
}

function resultOf(expression: CompiledExpression, scope: ExpressionScope, text: string): unknown {
  try {
    return expression.evaluate(scope, { raw: NAMES }).result;
  } catch (error) {
    throw new ExpressionError(`expression '${text}' resulted in error: ${errorMessage(error)}`);
  }
}

/** What a request gives expressions, in the form that it was matched in. */
export function scopeOf(request: AdmissionRequest, matched: Matched): ExpressionScope {
  const { object, old, operation } = request;
  const isGone = operation === 'delete';
  const shown = (value: KubernetesObject | undefined) =>
    value === undefined ? null : celValue(matched.form.to(value));
  return {
    object: isGone ? null : shown(object),
    oldObject: shown(isGone ? object : old),
    request: celValue(matchedRequest(request, matched)),
    params: null,
    namespaceObject: namespaceObject(request),
    variables: {},
    ...authorizerOf(request),
  };
}

/** The scope with parameters, and variables that are expressions themselves. */
export function withVariables(
  scope: ExpressionScope,
  params: KubernetesObject | undefined,
  definitions: readonly { readonly name: string; readonly expression: string }[],
): ExpressionScope {
  const values: Record<string, unknown> = {};
  const full = { ...scope, params: params ? celValue(params) : null, variables: values };
  for (const { name, expression } of definitions) {
    let known: { value: unknown } | undefined;
    const get = () => (known ??= { value: evaluateIn(full, expression) }).value;
    Object.defineProperty(values, name, { get, enumerable: true });
  }
  return full;
}

/** A value of CEL as JSON. Throws ExpressionError for what JSON doesn't have. */
export function jsonOfCel(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return value as Json;
  }
  if (Array.isArray(value)) return value.map(jsonOfCel);
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object') throw new ExpressionError('the result is no JSON value');
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value.entries() : Object.entries(value);
  const members = [...entries].map(([name, member]) => [String(name), jsonOfCel(member)] as const);
  return Object.fromEntries(members);
}

/** JSON as CEL has it. */
export function celValue(value: object): unknown {
  return dynamicType.convert(value as Json);
}

function namespaceObject({ context, target }: AdmissionRequest): unknown {
  const { resource, info } = target;
  if (resource === namespaces || info.namespace === '') return null;
  const place = { resource: namespaces, namespace: '', name: info.namespace };
  const found = getObject<Namespace>(context.store, place);
  return found ? celValue(found.object) : null;
}
