// Nobody grants rights that they don't hold: roles and bindings are checked against the rules of
// their author, unless the verbs `escalate` or `bind` allow more (API-1105).
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
} from '../../api/generated/types.ts';
import { goQuote } from '../../api/meta/go-quote.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import {
  describeRules,
  quotedList,
  RBAC_GROUP,
  uncoveredRules,
} from '../../api/rbac/policy-rule.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { MASTERS_GROUP } from '../api-request.ts';
import { refuse, type AdmissionRequest, type AdmissionStep } from './admission-request.ts';

const ROLES: readonly ResourceDefinition[] = [roles, clusterRoles];
const BINDINGS: readonly ResourceDefinition[] = [roleBindings, clusterRoleBindings];

/** Whatever there is: who may aggregate roles may get anything. */
const FULL_AUTHORITY: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** Throws 403 for a write that grants more than its author holds; 404 for a missing role. */
export const rbacEscalation: AdmissionStep = (request) => {
  const { target, operation } = request;
  if (operation === 'delete' || target.resource.group !== RBAC_GROUP) return;
  if (target.request.user.groups.includes(MASTERS_GROUP)) return;
  if (onlyGarbageFields(request)) return;
  if (ROLES.includes(target.resource)) checkRole(request);
  if (BINDINGS.includes(target.resource)) checkBinding(request);
};

/** Owner references and finalizers are what the garbage collector writes. */
function onlyGarbageFields({ object, old }: AdmissionRequest): boolean {
  return (
    old !== undefined && semanticEqual(withoutGarbageFields(object), withoutGarbageFields(old))
  );
}

function withoutGarbageFields(object: KubernetesObject): KubernetesObject {
  const { ownerReferences: _, finalizers: __, managedFields: ___, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function checkRole(request: AdmissionRequest): void {
  const { info } = request.target;
  if (mayDo(request, { verb: 'escalate', resource: info.resource, name: info.name })) return;
  const role = request.object as Role | ClusterRole;
  requireHeld(request, role.rules ?? []);
  if (!aggregates(role) && !aggregates(request.old as ClusterRole | undefined)) return;
  if (uncovered(request, FULL_AUTHORITY).length === 0) return;
  throw refuse(request, 'must have cluster-admin privileges to use the aggregationRule');
}

function aggregates(role: Role | ClusterRole | undefined): boolean {
  if (!role || !('aggregationRule' in role)) return false;
  return (role.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
}

function checkBinding(request: AdmissionRequest): void {
  const { roleRef } = request.object as RoleBinding | ClusterRoleBinding;
  const { kind, name } = roleRef;
  const role = kind === 'ClusterRole' ? clusterRoles : kind === 'Role' ? roles : undefined;
  if (!role) return; // validation refuses it
  if (mayDo(request, { verb: 'bind', resource: role.resource, name })) return;
  const { authorizer } = request.context;
  requireHeld(request, authorizer.rulesOf(roleRef, request.target.info.namespace));
}

function mayDo(
  { context, target }: AdmissionRequest,
  what: { verb: string; resource: string; name: string },
): boolean {
  const { namespace } = target.info;
  const attributes = { group: RBAC_GROUP, subresource: '', namespace, ...what };
  return context.authorizer.decide(target.request.user, attributes).allowed;
}

function uncovered(
  { context, target }: AdmissionRequest,
  rules: readonly PolicyRule[],
): PolicyRule[] {
  const held = context.authorizer.rulesFor(target.request.user, target.info.namespace);
  return uncoveredRules(held.rules, rules);
}

function requireHeld(request: AdmissionRequest, rules: readonly PolicyRule[]): void {
  const missing = uncovered(request, rules);
  if (missing.length === 0) return;
  const { name, groups } = request.target.request.user;
  throw refuse(
    request,
    `user ${goQuote(name)} (groups=${quotedList(groups)}) is attempting to grant RBAC permissions ` +
      `not currently held:\n${describeRules(missing).join('\n')}`,
  );
}
