// `kubectl get` of admission policies and their bindings.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
} from '../../api/generated/types.ts';
import { goSelectorText } from '../../api/meta/go-selector-text.ts';
import { nameOf } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, nameColumn, type Column, type KindTable } from './column.ts';

const integer = { type: 'integer' } as const;

const paramKindColumn = column(
  'ParamKind',
  'ParamKind specifies the kind of resources used to parameterize this policy',
);

const paramKindText = (kind: ParamKind | undefined) =>
  kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';

export const validatingPolicyTable: KindTable<ValidatingAdmissionPolicy> = {
  columns: [
    nameColumn,
    column(
      'Validations',
      'Validations indicates the number of validation rules defined in this configuration',
      integer,
    ),
    paramKindColumn,
    ageColumn,
  ],
  cells: (policy, nowMs) => [
    nameOf(policy),
    policy.spec?.validations?.length ?? 0,
    paramKindText(policy.spec?.paramKind),
    ageOf(policy, nowMs),
  ],
};

export const mutatingPolicyTable: KindTable<MutatingAdmissionPolicy> = {
  columns: [
    nameColumn,
    column(
      'Mutations',
      'Mutation indicates the number of mutations rules defined in this configuration',
      integer,
    ),
    paramKindColumn,
    ageColumn,
  ],
  cells: (policy, nowMs) => [
    nameOf(policy),
    policy.spec?.mutations?.length ?? 0,
    paramKindText(policy.spec?.paramKind),
    ageOf(policy, nowMs),
  ],
};

function paramText({ name, namespace, selector }: ParamRef = {}): string {
  if (name) return `${namespace || '*'}/${name}`;
  return selector ? goSelectorText(selector) : '<unset>';
}

const paramRefColumn: Column = column(
  'ParamRef',
  'ParamRef indicates the param resource which sets the configuration param',
);

/** Bindings of both kinds of policies. */
export const policyBindingTable: KindTable<MutatingAdmissionPolicyBinding> = {
  columns: [
    nameColumn,
    column(
      'PolicyName',
      'PolicyName indicates the policy definition which the policy binding binded to',
    ),
    paramRefColumn,
    ageColumn,
  ],
  cells: (binding, nowMs) => [
    nameOf(binding),
    binding.spec?.policyName ?? '',
    paramText(binding.spec?.paramRef),
    ageOf(binding, nowMs),
  ],
};
