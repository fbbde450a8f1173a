// The rules of Role and ClusterRole for the API server (API-1105).
import type { ClusterRole, PolicyRule, Role } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  pathSegmentName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { KindRules } from '../kind-rules.ts';
import { fieldPath, invalidValue, required, type FieldPath } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';

const RULES = fieldPath('rules');
const SELECTORS = fieldPath('aggregationRule').child('clusterRoleSelectors');

/** The rules of kind Role. */
export const roleRules: KindRules<Role> = kindOfRole<Role>({ namespaced: true });
/** The rules of kind ClusterRole. */
export const clusterRoleRules: KindRules<ClusterRole> = kindOfRole<ClusterRole>({
  namespaced: false,
});

function kindOfRole<T extends Role | ClusterRole>({ namespaced }: { namespaced: boolean }) {
  const validateNew = function* (role: T): Causes {
    yield* validateMetadata(role.metadata, { namespaced, nameRule: pathSegmentName });
    for (const [index, rule] of (role.rules ?? []).entries()) {
      yield* validateRule(rule, RULES.index(index), namespaced);
    }
    yield* validateAggregation(role);
  };
  return defineKind<T>({
    namespaced,
    nameRule: pathSegmentName,
    hasStatus: false,
    createOnUpdate: true,
    prepareForCreate: emptyRulesAreNone,
    prepareForUpdate: emptyRulesAreNone,
    validate: validateNew,
    *validateUpdate(role, old) {
      yield* validateNew(role);
      yield* validateMetadataUpdate(role.metadata, old.metadata);
    },
  });
}

/** The reference stores an empty list of rules as null. */
function emptyRulesAreNone(role: { rules?: PolicyRule[] | null | undefined }): void {
  if (role.rules?.length === 0) role.rules = null;
}

function* validateRule(rule: PolicyRule, path: FieldPath, namespaced: boolean): Causes {
  const { apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const isEmpty = (list: readonly string[] | undefined) => (list ?? []).length === 0;
  if (isEmpty(rule.verbs))
    yield required(path.child('verbs'), 'verbs must contain at least one value');
  if (!isEmpty(nonResourceURLs)) {
    const at = path.child('nonResourceURLs');
    if (namespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      yield invalidValue(at, nonResourceURLs, why);
    }
    if (![apiGroups, resources, resourceNames].every(isEmpty)) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      yield invalidValue(at, nonResourceURLs, why);
    }
    return;
  }
  if (isEmpty(apiGroups)) {
    yield required(path.child('apiGroups'), 'resource rules must supply at least one api group');
  }
  if (isEmpty(resources)) {
    yield required(path.child('resources'), 'resource rules must supply at least one resource');
  }
}

function* validateAggregation(role: Role | ClusterRole): Causes {
  if (!('aggregationRule' in role) || !role.aggregationRule) return;
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
    yield required(SELECTORS, why);
  }
  for (const [index, selector] of selectors.entries()) {
    const path = SELECTORS.index(index);
    const causes = validateLabelSelector(selector, path);
    yield* causes;
    if (causes.length > 0) yield invalidValue(path, null, 'invalid label selector.');
  }
}
