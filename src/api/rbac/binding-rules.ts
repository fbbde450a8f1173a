// The rules of RoleBinding and ClusterRoleBinding for the API server (API-1105).
import type { ClusterRoleBinding, RbacSubject, RoleBinding, RoleRef } from '../generated/types.ts';
import { isBlank, type Causes } from '../core/field-rules.ts';
import {
  pathSegmentName,
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { KindRules } from '../kind-rules.ts';
import {
  fieldPath,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  type FieldPath,
} from '../meta/field-errors.ts';
import { RBAC_GROUP } from './policy-rule.ts';

type Binding = RoleBinding | ClusterRoleBinding;

const ROLE_REF = fieldPath('roleRef');
const SUBJECTS = fieldPath('subjects');
const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

/** The rules of kind RoleBinding. */
export const roleBindingRules: KindRules<RoleBinding> = kindOfBinding<RoleBinding>({
  namespaced: true,
  roleKinds: ['Role', 'ClusterRole'],
});
/** The rules of kind ClusterRoleBinding. */
export const clusterRoleBindingRules: KindRules<ClusterRoleBinding> =
  kindOfBinding<ClusterRoleBinding>({ namespaced: false, roleKinds: ['ClusterRole'] });

function kindOfBinding<T extends Binding>(kind: {
  namespaced: boolean;
  roleKinds: readonly string[];
}) {
  const { namespaced, roleKinds } = kind;
  const validateNew = function* ({ metadata, roleRef, subjects }: T): Causes {
    yield* validateMetadata(metadata, { namespaced, nameRule: pathSegmentName });
    yield* validateRoleRef(roleRef, roleKinds);
    for (const [index, subject] of (subjects ?? []).entries()) {
      yield* validateSubject(subject, SUBJECTS.index(index), namespaced);
    }
  };
  return defineKind<T>({
    namespaced,
    nameRule: pathSegmentName,
    hasStatus: false,
    createOnUpdate: true,
    applyDefaults: applyBindingDefaults,
    validate: validateNew,
    *validateUpdate(binding, old) {
      yield* validateNew(binding);
      yield* validateMetadataUpdate(binding.metadata, old.metadata);
      yield* sameRole(binding.roleRef, old.roleRef);
    },
  });
}

function applyBindingDefaults({ roleRef, subjects }: Binding): void {
  if (isBlank(roleRef.apiGroup)) roleRef.apiGroup = RBAC_GROUP;
  for (const subject of subjects ?? []) {
    const isPerson = subject.kind === 'User' || subject.kind === 'Group';
    if (isPerson && isBlank(subject.apiGroup)) subject.apiGroup = RBAC_GROUP;
  }
}

function* validateRoleRef(roleRef: RoleRef, kinds: readonly string[]): Causes {
  const { apiGroup = '', kind, name } = roleRef;
  if (apiGroup !== RBAC_GROUP) {
    yield notSupported(ROLE_REF.child('apiGroup'), apiGroup, [RBAC_GROUP]);
  }
  if (!kinds.includes(kind)) yield notSupported(ROLE_REF.child('kind'), kind, kinds);
  if (isBlank(name)) yield required(ROLE_REF.child('name'));
  else yield* invalidForEach(ROLE_REF.child('name'), name, pathSegmentName(name, false));
}

function* validateSubject(subject: RbacSubject, path: FieldPath, namespaced: boolean): Causes {
  const { kind, name, apiGroup = '', namespace } = subject;
  if (isBlank(name)) yield required(path.child('name'));
  if (!SUBJECT_KINDS.includes(kind)) {
    yield notSupported(path.child('kind'), kind, SUBJECT_KINDS);
    return;
  }
  const isAccount = kind === 'ServiceAccount';
  if (isAccount && !isBlank(name)) {
    yield* invalidForEach(path.child('name'), name, subdomainName(name, false));
  }
  const group = isAccount ? '' : RBAC_GROUP;
  if (apiGroup !== group) yield notSupported(path.child('apiGroup'), apiGroup, [group]);
  if (isAccount && !namespaced && isBlank(namespace)) yield required(path.child('namespace'));
}

/** What a binding grants never changes: it is deleted and made anew. */
function* sameRole(roleRef: RoleRef, old: RoleRef): Causes {
  const { apiGroup: APIGroup, kind: Kind, name: Name } = roleRef;
  if (APIGroup === old.apiGroup && Kind === old.kind && Name === old.name) return;
  yield invalidValue(ROLE_REF, { APIGroup, Kind, Name }, 'cannot change roleRef');
}
