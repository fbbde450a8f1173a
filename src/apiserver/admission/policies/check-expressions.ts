// Expressions of policies and of webhooks' match conditions are compiled when they are written, so
// that whoever writes them hears of their faults.
import {
  compileInAdmission,
  variableType,
} from '../../../api/admissionregistration/compile-in-admission.ts';
import type { Speaking } from '../../../api/admissionregistration/compile-in-admission.ts';
import type {
  MatchCondition,
  MutatingAdmissionPolicySpec,
  MutatingWebhook,
  ValidatingAdmissionPolicySpec,
} from '../../../api/generated/types.ts';
import { fieldPath, invalidValue } from '../../../api/meta/field-errors.ts';
import type { FieldPath } from '../../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { invalid } from '../../../api/meta/status-error.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { whenExpressionsLoad } from '../expressions.ts';
import type { CelType } from '../../../api/cel/language/types.ts';
import { isExempt } from '../match-request.ts';
import { whenDone } from '../when-done.ts';

/** An expression with its place and what it may speak of and be. */
interface Placed extends Speaking {
  readonly path: FieldPath;
  readonly text: string;
  /** Of the variable that it gives. */
  readonly name?: string;
}

interface Configuration extends KubernetesObject {
  webhooks?: MutatingWebhook[];
  spec?: PolicySpec;
}

type PolicySpec = Partial<ValidatingAdmissionPolicySpec> &
  Pick<Partial<MutatingAdmissionPolicySpec>, 'mutations'>;

const BOOL: readonly string[] = ['bool'];

/** Throws 422 for expressions that can't be compiled. A promise only when CEL has to be loaded. */
export function checkExpressions(request: AdmissionRequest): void | Promise<void> {
  const { operation, object, target } = request;
  if (!isExempt(request) || operation === 'delete') return undefined;
  const placed = expressionsOf(object);
  if (placed.length === 0) return undefined;
  return whenDone(whenExpressionsLoad(), () => {
    const causes = causesOf(placed, object);
    if (causes.length > 0) throw invalid(target.resource, object.metadata.name ?? '', causes);
  });
}

/** Variables have the types of their expressions for all expressions after them. */
function causesOf(placed: readonly Placed[], { spec }: Configuration): StatusCause[] {
  const variables = new Map<string, CelType>();
  const params = spec?.paramKind ? ('dyn' as const) : undefined;
  return placed.flatMap(({ path, text, name, ...speaking }) => {
    const own = spec ? { variables, params } : { params };
    const { expression, error } = compileInAdmission(text, { mutates: false, ...own, ...speaking });
    if (name !== undefined) variables.set(name, variableType(expression?.resultType));
    if (error === undefined) return [];
    const isSyntax = error.startsWith('ERROR');
    return [invalidValue(path, text, isSyntax ? `compilation failed: ${error}` : error)];
  });
}

function expressionsOf({ webhooks = [], spec = {} }: Configuration): Placed[] {
  return [
    ...webhooks.flatMap(({ matchConditions }, index) =>
      conditions(matchConditions, fieldPath('webhooks').index(index)),
    ),
    ...policyExpressions(spec),
    ...mutationExpressions(spec),
  ];
}

function conditions(list: readonly MatchCondition[] | undefined, path: FieldPath): Placed[] {
  return (list ?? []).map(({ expression }, index) => ({
    path: path.child('matchConditions').index(index).child('expression'),
    text: expression,
    returns: BOOL,
  }));
}

function policyExpressions(spec: PolicySpec): Placed[] {
  const { validations = [], variables = [], auditAnnotations = [], matchConditions } = spec;
  const at = (list: string, index: number, name: string) =>
    fieldPath('spec', list).index(index).child(name);
  return [
    ...conditions(matchConditions, fieldPath('spec')),
    ...variables.map(({ name, expression }, index) => ({
      path: at('variables', index, 'expression'),
      text: expression,
      name,
    })),
    ...validations.flatMap(({ expression, messageExpression = '' }, index) => [
      { path: at('validations', index, 'expression'), text: expression, returns: BOOL },
      ...(messageExpression === ''
        ? []
        : [
            {
              path: at('validations', index, 'messageExpression'),
              text: messageExpression,
              returns: ['string'],
              authorizer: 'none' as const,
            },
          ]),
    ]),
    ...auditAnnotations.map(({ valueExpression }, index) => ({
      path: at('auditAnnotations', index, 'valueExpression'),
      text: valueExpression,
      returns: ['string', 'null'],
    })),
  ];
}

function mutationExpressions({ mutations = [] }: PolicySpec): Placed[] {
  return mutations.flatMap(({ jsonPatch, applyConfiguration }, index) => {
    const path = fieldPath('spec', 'mutations').index(index);
    const both = { jsonPatch, applyConfiguration };
    return Object.entries(both).flatMap(([name, own]) => {
      const returns = [name === 'jsonPatch' ? 'list(JSONPatch)' : 'Object'];
      const at = path.child(name).child('expression');
      return own ? [{ path: at, text: own.expression ?? '', returns, mutates: true }] : [];
    });
  });
}
