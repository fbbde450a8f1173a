// Checks the expressions of a policy against the types of what it is about: warnings, that change
// nothing of what the policy does.
import {
  compileInAdmission,
  variableType,
} from '../../../api/admissionregistration/compile-in-admission.ts';
import type { Speaking } from '../../../api/admissionregistration/compile-in-admission.ts';
import type { Schema } from '../../../api/apiextensions/structural-schema.ts';
import type { CelVariable } from '../../../api/cel/compile-expression.ts';
import type { CelType } from '../../../api/cel/language/types.ts';
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicySpec,
} from '../../../api/generated/types.ts';
import { fieldPath } from '../../../api/meta/field-errors.ts';

/** A kind with the schema of its objects. */
export interface TypedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Schema;
}

/** What the expressions of a policy speak of. */
export interface PolicyTypes {
  readonly objects: readonly TypedKind[];
  /** Undefined when nobody knows what they are, or there are none. */
  readonly params: TypedKind | undefined;
}

/** What is wrong with the validations of a policy, by field. */
export function checkPolicy(
  spec: ValidatingAdmissionPolicySpec,
  types: PolicyTypes,
): ExpressionWarning[] {
  const environments = types.objects.map((kind) => environmentOf(spec, kind, types.params));
  const check = (fieldRef: string, expression: string): ExpressionWarning[] => {
    const faults = environments.flatMap(({ title, speaking }) => {
      const { error } = compileInAdmission(expression, speaking);
      return error === undefined ? [] : [`${title}: ${error}\n`];
    });
    return faults.length === 0 ? [] : [{ fieldRef, warning: faults.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression = '' }, index) => {
    const at = fieldPath('spec', 'validations').index(index);
    const message = at.child('messageExpression').toString();
    return [
      ...check(at.child('expression').toString(), expression),
      ...(messageExpression === '' ? [] : check(message, messageExpression)),
    ];
  });
}

interface Environment {
  readonly title: string;
  readonly speaking: Speaking;
}

function environmentOf(
  { paramKind, variables = [] }: ValidatingAdmissionPolicySpec,
  kind: TypedKind,
  params: TypedKind | undefined,
): Environment {
  const types = new Map<string, CelType>();
  const speaking: Speaking = {
    object: variableOf(kind, 0),
    params: params ? variableOf(params, 1) : paramKind && 'dyn',
    variables: types,
    authorizer: 'user',
    mutates: false,
  };
  for (const { name, expression } of variables) {
    const { expression: compiled } = compileInAdmission(expression, speaking);
    types.set(name, variableType(compiled?.resultType));
  }
  return { title: `${kind.group}/${kind.version}, Kind=${kind.kind}`, speaking };
}

/** The number keeps kinds of the same name apart. */
function variableOf({ kind, schema }: TypedKind, number: number): CelVariable {
  return { schema, typeName: `${kind}${number}` };
}
