// Brings the default roles and bindings into the store: what is missing is added, what an
// administrator has added stays, and what says autoupdate=false is left alone, as upstream.
import type {
  ClusterRole,
  ClusterRoleBinding,
  ObjectMeta,
  PolicyRule,
  RbacSubject,
  Role,
  RoleBinding,
} from '../../api/generated/types.ts';
import { jsonEqual, semanticEqual } from '../../api/meta/json-equal.ts';
import { uncoveredRules } from '../../api/rbac/policy-rule.ts';
import { AUTO_UPDATE } from './default-policy.ts';

/** The stored role with what it lacks of the default one; undefined when it lacks nothing. */
export function reconciledRole<T extends Role | ClusterRole>(
  stored: T,
  expected: T,
): T | undefined {
  const result = withMetadata(stored, expected);
  const gathers = 'aggregationRule' in expected && expected.aggregationRule;
  if (gathers) {
    const own = (stored as ClusterRole).aggregationRule?.clusterRoleSelectors ?? [];
    const lacking = (gathers.clusterRoleSelectors ?? []).filter(
      (selector) => !own.some((other) => semanticEqual(other, selector)),
    );
    const clusterRoleSelectors = [...own, ...lacking];
    if (lacking.length > 0) Object.assign(result, { aggregationRule: { clusterRoleSelectors } });
  } else {
    const lacking = lackingRules(stored.rules ?? [], expected.rules ?? []);
    if (lacking.length > 0) result.rules = [...(stored.rules ?? []), ...lacking];
  }
  return unlessEqual(stored, result);
}

/**
 * The stored binding with the subjects it lacks; undefined when it lacks nothing. A binding to
 * another role stays as it is: its owner has taken it over.
 */
export function reconciledBinding<T extends RoleBinding | ClusterRoleBinding>(
  stored: T,
  expected: T,
): T | undefined {
  if (!semanticEqual(stored.roleRef, expected.roleRef)) return undefined;
  const result = withMetadata(stored, expected);
  const own = stored.subjects ?? [];
  const lacking = (expected.subjects ?? []).filter(
    (subject) => !own.some((other) => sameSubject(other, subject)),
  );
  if (lacking.length > 0) result.subjects = [...own, ...lacking];
  return unlessEqual(stored, result);
}

/** The usual case, nothing changed, is to cost little: it is part of every start. */
function lackingRules(stored: readonly PolicyRule[], expected: readonly PolicyRule[]) {
  return jsonEqual(stored, expected) ? [] : uncoveredRules(stored, expected);
}

function sameSubject(a: RbacSubject, b: RbacSubject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}

/** A copy whose labels and annotations are complete; values of the stored object win. */
function withMetadata<T extends { metadata: ObjectMeta }>(stored: T, expected: T): T {
  const labels = { ...expected.metadata.labels, ...stored.metadata.labels };
  const annotations = { ...expected.metadata.annotations, ...stored.metadata.annotations };
  return { ...stored, metadata: { ...stored.metadata, labels, annotations } };
}

function unlessEqual<T extends { metadata: ObjectMeta }>(stored: T, result: T): T | undefined {
  const isProtected = stored.metadata.annotations?.[AUTO_UPDATE] === 'false';
  return isProtected || jsonEqual(stored, result) ? undefined : result;
}
