// Compiles the expressions of admission policies and match conditions: what they may speak of.
import { compileExpression } from '../cel/compile-expression.ts';
import type { Compilation, CelVariable } from '../cel/compile-expression.ts';
import { DYN, listOf, mapOf, structOf } from '../cel/language/types.ts';
import type { CelType } from '../cel/language/types.ts';
import { AUTHORIZER, authorizerFunctions, RESOURCE_CHECK } from './authorizer-functions.ts';
import { mutationStructs, namespaceSchema, requestSchema } from './expression-types.ts';

const VARIABLES = 'kubernetes.variables';

const request: CelVariable = {
  schema: requestSchema,
  typeName: 'kubernetes.AdmissionRequest',
  isPlain: true,
};
const namespaceObject: CelVariable = {
  schema: namespaceSchema,
  typeName: 'kubernetes.Namespace',
  isPlain: true,
};

/** What an expression may speak of, and be. */
export interface Speaking {
  /** The types that the result may have. Default: any. */
  readonly returns?: readonly string[];
  /** The types of `variables`. Default: all names, of any type. */
  readonly variables?: ReadonlyMap<string, CelType>;
  /** What `object` and `oldObject` are. Default: of any type. */
  readonly object?: CelVariable;
  /** What `params` are, if there are any. Default: of any type. */
  readonly params?: CelVariable | undefined;
  /** Which authorizers there are: `user` leaves out `authorizer.requestResource`. Default: all. */
  readonly authorizer?: 'all' | 'user' | 'none';
  /** True when objects for mutations may be made. */
  readonly mutates?: boolean;
}

function authorizers(which: Speaking['authorizer']): Record<string, CelVariable> {
  if (which === 'none') return {};
  const authorizer: CelVariable = { type: AUTHORIZER };
  if (which === 'user') return { authorizer };
  return { authorizer, 'authorizer.requestResource': { type: RESOURCE_CHECK } };
}

/** Compiles an expression. `error` is upstream's text. */
export function compileInAdmission(text: string, speaking: Speaking = {}): Compilation {
  const { returns, variables, object = 'dyn', authorizer = 'all', mutates = true } = speaking;
  const params = 'params' in speaking ? speaking.params : 'dyn';
  return compileExpression(text, {
    variables: {
      object,
      oldObject: object,
      request,
      namespaceObject,
      ...authorizers(authorizer),
      variables: variables ? { type: structOf(VARIABLES) } : 'dyn',
      ...(params ? { params } : {}),
    },
    functions: authorizerFunctions,
    structs: {
      hasFields: (struct) => struct === VARIABLES || mutationStructs.hasFields(struct),
      fieldType: (struct, field) =>
        struct === VARIABLES ? variables?.get(field) : mutationStructs.fieldType(struct, field),
      canMake: (struct) => mutates && mutationStructs.canMake(struct),
    },
    ...(returns === undefined ? {} : { returns }),
  });
}

/** The type that a variable has for others: structs lose theirs, as in the reference. */
export function variableType(type: CelType | undefined): CelType {
  if (!type) return DYN;
  switch (type.kind) {
    case 'opaque':
    case 'struct':
    case 'type':
      return DYN;
    case 'list':
      return listOf(variableType(type.parameters[0]));
    case 'map':
      return mapOf(variableType(type.parameters[0]), variableType(type.parameters[1]));
    default:
      return type;
  }
}
