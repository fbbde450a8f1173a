// The status of a definition (API-1006): which of its names are accepted, whether it is
// established, and what is said about approval and its end. Pure; the API server writes what comes
// out.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '../generated/types.ts';
import { isConditionTrue, setCondition } from '../meta/conditions.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { approvalOf, isProtectedGroup } from './api-approval.ts';

type Condition = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

/** Holds a definition until its objects are gone (API-1007). */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Names that are taken in a group. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenBy(others: readonly CustomResourceDefinition[]): Taken {
  const accepted = others.flatMap(({ status }) => status?.acceptedNames ?? []);
  return {
    resources: new Set(
      accepted.flatMap(({ plural, singular = '', shortNames = [] }) => [
        plural,
        singular,
        ...shortNames,
      ]),
    ),
    kinds: new Set(accepted.flatMap(({ kind, listKind = '' }) => [kind, listKind])),
  };
}

interface Naming {
  readonly names: CustomResourceDefinitionNames;
  readonly condition: Condition;
}

/** Accepts the names that nobody else in the group has. */
function nameDefinition({ spec, status }: CustomResourceDefinition, taken: Taken): Naming {
  const wanted = spec.names;
  const names: CustomResourceDefinitionNames = {
    ...(status?.acceptedNames ?? { plural: '', kind: '' }),
  };
  let conflict: Condition | undefined;
  const accept = (
    field: 'plural' | 'singular' | 'kind' | 'listKind',
    used: ReadonlySet<string>,
  ) => {
    const name = wanted[field] ?? '';
    if (name === names[field] || !used.has(name)) names[field] = name;
    else conflict = conflictOf(field, `"${name}" is already in use`);
  };
  accept('plural', taken.resources);
  accept('singular', taken.resources);
  const own = new Set(names.shortNames);
  const clashes = (wanted.shortNames ?? []).filter(
    (name) => !own.has(name) && taken.resources.has(name),
  );
  if (clashes.length === 0) names.shortNames = wanted.shortNames;
  else conflict = conflictOf('shortNames', inUse(clashes));
  accept('kind', taken.kinds);
  accept('listKind', taken.kinds);
  names.categories = wanted.categories;
  const fine = { reason: 'NoConflicts', message: 'no conflicts found' };
  return {
    names,
    condition: conflict ?? { type: 'NamesAccepted', status: 'True', ...fine },
  };
}

function inUse(names: readonly string[]): string {
  const texts = names.map((name) => `"${name}" is already in use`);
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

function conflictOf(field: string, message: string): Condition {
  const reason = `${field.charAt(0).toUpperCase()}${field.slice(1)}Conflict`;
  return { type: 'NamesAccepted', status: 'False', reason, message };
}

function establishedCondition(
  { status }: CustomResourceDefinition,
  namesAccepted: boolean,
): Condition {
  const type = 'Established';
  if (namesAccepted || isConditionTrue(status?.conditions, type)) {
    const message = 'the initial names have been accepted';
    return { type, status: 'True', reason: 'InitialNamesAccepted', message };
  }
  const message = 'not all names are accepted';
  return { type, status: 'False', reason: 'NotAccepted', message };
}

const APPROVAL_REASONS = {
  approved: 'ApprovedAnnotation',
  bypassed: 'UnapprovedAnnotation',
  invalid: 'InvalidAnnotation',
  missing: 'MissingAnnotation',
};

function approvalCondition(definition: CustomResourceDefinition): Condition[] {
  if (!isProtectedGroup(definition.spec.group)) return [];
  const { state, reason: message } = approvalOf(definition);
  const status = state === 'approved' ? 'True' : 'False';
  const reason = APPROVAL_REASONS[state];
  return [{ type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }];
}

/** The status a definition is to have; the present one itself when nothing changes. */
export function settledStatus(
  definition: CustomResourceDefinition,
  group: readonly CustomResourceDefinition[],
  now: string,
): CustomResourceDefinitionStatus | undefined {
  const others = group.filter(({ metadata }) => metadata.name !== definition.metadata.name);
  const { names, condition } = nameDefinition(definition, takenBy(others));
  const wanted = [
    condition,
    establishedCondition(definition, condition.status === 'True'),
    ...approvalCondition(definition),
  ];
  const { status } = definition;
  const conditions = wanted.reduce<readonly CustomResourceDefinitionCondition[]>(
    (list, one) => setCondition<CustomResourceDefinitionCondition>(list, one, now),
    status?.conditions ?? [],
  );
  const settled = { ...status, acceptedNames: names, conditions: [...conditions] };
  return jsonEqual(settled, status) ? status : settled;
}

/** The definition as its deletion begins: held until its objects are gone. */
export function beginEnd(
  definition: CustomResourceDefinition,
  now: string,
): CustomResourceDefinition {
  const { metadata, status } = definition;
  const finalizers = metadata.finalizers ?? [];
  const conditions = setCondition<CustomResourceDefinitionCondition>(
    status?.conditions,
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message:
        'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    },
    now,
  );
  const held = finalizers.includes(CLEANUP_FINALIZER)
    ? finalizers
    : [...finalizers, CLEANUP_FINALIZER];
  return {
    ...definition,
    metadata: { ...metadata, deletionTimestamp: now, finalizers: [...held] },
    status: { ...status, conditions: [...conditions] },
  };
}
