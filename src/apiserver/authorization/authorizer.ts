// Who may do what: members of system:masters everything, nodes' agents what concerns their node,
// others what RBAC roles bound to them allow (API-1104, API-1105). Whatever no rule allows is
// refused.
import type {
  ClusterRole,
  PolicyRule,
  RbacSubject,
  Role,
  RoleRef,
} from '../../api/generated/types.ts';
import { statusError } from '../../api/meta/status-error.ts';
import { allowsAction, allowsPath, RBAC_GROUP } from '../../api/rbac/policy-rule.ts';
import { clusterRoles, roles } from '../../api/resources.ts';
import type { Store } from '../../storage/store.ts';
import { MASTERS_GROUP, type UserInfo } from '../api-request.ts';
import { getObject, requireObject } from '../registry/object-store.ts';
import { refusal, type Attributes, type ResourceAttributes } from './attributes.ts';
import { createNodeAuthorizer } from './node-authorizer.ts';
import { nodeOfUser } from './node-identity.ts';
import { createRbacIndex, type AppliedBinding } from './rbac-index.ts';

export interface Decision {
  readonly allowed: boolean;
  /** Which binding allows it, or what is wrong with the bindings; often empty. */
  readonly reason: string;
}

export interface HeldRules {
  readonly rules: readonly PolicyRule[];
  /** About bindings whose role is missing. */
  readonly errors: readonly string[];
}

export interface Authorizer {
  decide(user: UserInfo, attributes: Attributes): Decision;
  /** The rules that hold for the user in a namespace, the cluster-wide ones included. */
  rulesFor(user: UserInfo, namespace: string): HeldRules;
  /** What a role grants, looked up as a binding in `namespace` would. Throws 404. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[];
}

const ALLOWED: Decision = { allowed: true, reason: '' };
const NO_NODE_RULES = 'node authorizer does not support user rule resolution';

/** An authorizer over the roles and bindings of a store; the store must be started when asked. */
export function createAuthorizer(store: Store): Authorizer {
  const index = createRbacIndex(store);
  const decideForNode = createNodeAuthorizer(store);

  const bindings = (user: UserInfo, namespace: string): AppliedBinding[] => [
    ...index.bindingsOf(user, ''),
    ...(namespace === '' ? [] : index.bindingsOf(user, namespace)),
  ];

  const decideByRoles = (user: UserInfo, attributes: Attributes): Decision => {
    const allows = (rule: PolicyRule) =>
      'path' in attributes
        ? allowsPath(rule, attributes.verb, attributes.path)
        : allowsAction(rule, attributes);
    const errors = new Set<string>();
    for (const applied of bindings(user, 'path' in attributes ? '' : attributes.namespace)) {
      const rules = boundRules(store, applied, (error) => errors.add(error));
      if (rules.some(allows)) return { allowed: true, reason: reasonOf(applied) };
    }
    return { allowed: false, reason: errors.size === 0 ? '' : `RBAC: ${aggregate([...errors])}` };
  };

  return {
    decide(user, attributes) {
      if (user.groups.includes(MASTERS_GROUP)) return ALLOWED;
      const node = 'path' in attributes ? undefined : nodeOfUser(user);
      if (node === undefined) return decideByRoles(user, attributes);
      const verdict = decideForNode(node, attributes as ResourceAttributes);
      if (verdict === true) return ALLOWED;
      const { allowed, reason } = decideByRoles(user, attributes);
      if (allowed) return { allowed, reason };
      return { allowed, reason: [verdict, reason].filter((text) => text !== '').join('\n') };
    },
    rulesFor(user, namespace) {
      const errors = new Set<string>();
      if (nodeOfUser(user) !== undefined) errors.add(NO_NODE_RULES);
      const rules = bindings(user, namespace).flatMap((applied) =>
        boundRules(store, applied, (error) => errors.add(error)),
      );
      return { rules, errors: [...errors] };
    },
    rulesOf({ kind, name }, namespace) {
      const target =
        kind === 'ClusterRole'
          ? { resource: clusterRoles, namespace: '', name }
          : { resource: roles, namespace, name };
      if (kind !== 'ClusterRole' && kind !== 'Role') {
        throw statusError('', `unsupported role reference kind: "${kind}"`);
      }
      return requireObject<Role | ClusterRole>(store, target).object.rules ?? [];
    },
  };
}

/** Throws 403 with the text of API-317 unless `user` may do it. */
export function requireAllowed(
  authorizer: Pick<Authorizer, 'decide'>,
  user: UserInfo,
  attributes: Attributes,
): void {
  const { allowed, reason } = authorizer.decide(user, attributes);
  if (!allowed) throw refusal(user, attributes, reason);
}

/** Several errors as Go's aggregate prints them. */
export function aggregate(errors: readonly string[]): string {
  return errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;
}

function boundRules(
  store: Store,
  { binding }: AppliedBinding,
  onError: (error: string) => void,
): readonly PolicyRule[] {
  const { kind, name } = binding.roleRef;
  const namespace = kind === 'ClusterRole' ? '' : (binding.metadata.namespace ?? '');
  const resource = kind === 'ClusterRole' ? clusterRoles : roles;
  const stored = getObject<Role | ClusterRole>(store, { resource, namespace, name });
  if (stored) return stored.object.rules ?? [];
  onError(`${kind.toLowerCase()}.${RBAC_GROUP} "${name}" not found`);
  return [];
}

function reasonOf({ binding, subject }: AppliedBinding): string {
  const { namespace = '', name = '' } = binding.metadata;
  const what = namespace === '' ? name : `${name}/${namespace}`;
  const { kind, name: role } = binding.roleRef;
  const whom = describeSubject(subject, namespace);
  return `RBAC: allowed by ${binding.kind} "${what}" of ${kind} "${role}" to ${whom}`;
}

function describeSubject({ kind, name, namespace }: RbacSubject, ofBinding: string): string {
  return `${kind} "${kind === 'ServiceAccount' ? `${name}/${namespace || ofBinding}` : name}"`;
}
