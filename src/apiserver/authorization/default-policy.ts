// The roles and bindings that every cluster has from its first start, as upstream's (API-1105).
// Written down in a compact form (default-cluster-roles.ts) and read when they are needed.
import type {
  ClusterRole,
  ClusterRoleBinding,
  ObjectMeta,
  PolicyRule,
  RbacSubject,
  Role,
  RoleBinding,
} from '../../api/generated/types.ts';
import { RBAC_GROUP } from '../../api/rbac/policy-rule.ts';
import { groupVersion, roles } from '../../api/resources.ts';
import { DEFAULT_CLUSTER_ROLES, DEFAULT_ROLES } from './default-cluster-roles.ts';
import { CONTROLLER_ROLES } from './default-controller-roles.ts';

export interface DefaultPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly roles: readonly Role[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roleBindings: readonly RoleBinding[];
}

/** Set to `false`, it keeps an object as its owner made it. */
export const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';
const CONTROLLER_PREFIX = 'system:controller:';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const VERBS: ReadonlyMap<string, readonly string[]> = new Map([
  ['read', READ],
  ['write', WRITE],
  ['all', [...READ, ...WRITE].sort()],
]);

/** Cluster role → subjects: `user name`, `group name`, `account namespace/name`. */
const CLUSTER_BINDINGS: Readonly<Record<string, string>> = {
  'cluster-admin': 'group system:masters',
  'system:basic-user': 'group system:authenticated',
  'system:discovery': 'group system:authenticated',
  'system:kube-controller-manager': 'user system:kube-controller-manager',
  'system:kube-dns': 'account kube-system/kube-dns',
  'system:kube-scheduler': 'user system:kube-scheduler',
  'system:monitoring': 'group system:monitoring',
  'system:node': '',
  'system:node-proxier': 'user system:kube-proxy',
  'system:public-info-viewer': 'group system:authenticated, group system:unauthenticated',
  'system:service-account-issuer-discovery': 'group system:serviceaccounts',
  'system:volume-scheduler': 'user system:kube-scheduler',
  // Ours: the keys that tokens are verified with are no secret.
  'system:well-known-viewer': 'group system:authenticated, group system:unauthenticated',
};

/** Namespace/binding → role and subjects. */
const BINDINGS: Readonly<Record<string, readonly [role: string, subjects: string]>> = {
  'kube-public/system:controller:bootstrap-signer': [
    'system:controller:bootstrap-signer',
    'account kube-system/bootstrap-signer',
  ],
  'kube-system/system::extension-apiserver-authentication-reader': [
    'extension-apiserver-authentication-reader',
    'user system:kube-controller-manager, user system:kube-scheduler',
  ],
  'kube-system/system::leader-locking-kube-controller-manager': [
    'system::leader-locking-kube-controller-manager',
    'user system:kube-controller-manager, account kube-system/kube-controller-manager, ' +
      'account kube-system/leader-election-controller',
  ],
  'kube-system/system::leader-locking-kube-scheduler': [
    'system::leader-locking-kube-scheduler',
    'user system:kube-scheduler, account kube-system/kube-scheduler',
  ],
  'kube-system/system:controller:bootstrap-signer': [
    'system:controller:bootstrap-signer',
    'account kube-system/bootstrap-signer',
  ],
  'kube-system/system:controller:cloud-provider': [
    'system:controller:cloud-provider',
    'account kube-system/cloud-provider',
  ],
  'kube-system/system:controller:token-cleaner': [
    'system:controller:token-cleaner',
    'account kube-system/token-cleaner',
  ],
};

/** Makes the objects; none of them has been stored. */
export function defaultPolicy(): DefaultPolicy {
  const controllers = readRoles(CONTROLLER_ROLES).map((role) => ({
    ...role,
    name: CONTROLLER_PREFIX + role.name,
  }));
  return {
    clusterRoles: [...readRoles(DEFAULT_CLUSTER_ROLES), ...controllers].map(clusterRole),
    roles: readRoles(DEFAULT_ROLES).map(namespacedRole),
    clusterRoleBindings: [
      ...Object.entries(CLUSTER_BINDINGS),
      ...controllers.map(({ name }): [string, string] => [
        name,
        `account kube-system/${name.slice(CONTROLLER_PREFIX.length)}`,
      ]),
    ].map(([role, subjects]) => clusterBinding(role, subjects)),
    roleBindings: Object.entries(BINDINGS).map(([path, [role, subjects]]) =>
      namespacedBinding(path, { role, subjects }),
    ),
  };
}

/** A role as it stands in the text. */
interface WrittenRole {
  /** With the namespace in front, where there is one. */
  readonly name: string;
  readonly gatheredInto: string | undefined;
  readonly gathers: string | undefined;
  readonly rules: readonly string[];
}

function readRoles(text: string): WrittenRole[] {
  const joined = text.replace(/\n {4}/g, '').trim();
  return joined.split(/\n(?! )/).map((block) => {
    const [head = '', ...rules] = block.split('\n').map((line) => line.trim());
    const [, name = '', gatheredInto, gathers] =
      /^(\S+)(?: -> (\S+))?(?: <- (\S+))?$/.exec(head) ?? [];
    return { name, gatheredInto, gathers, rules };
  });
}

function readRule(line: string): PolicyRule {
  const [, verbText = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
  const verbs = [...(VERBS.get(verbText) ?? verbText.split(','))];
  const ofResources = /^(\S+): (\S+)(?: \[(\S+)\])?$/.exec(rest);
  if (!ofResources) return { nonResourceURLs: rest.split(','), verbs };
  const [, groups = '', resources = '', names] = ofResources;
  return {
    apiGroups: groups.split(',').map((group) => (group === 'core' ? '' : group)),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
    resources: resources.split(','),
    verbs,
  };
}

const apiVersion = groupVersion(roles);

function metadataOf(path: string, labels: Record<string, string> = {}): ObjectMeta {
  const slash = path.indexOf('/');
  return {
    name: path.slice(slash + 1),
    ...(slash < 0 ? {} : { namespace: path.slice(0, slash) }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [AUTO_UPDATE]: 'true' },
  };
}

function clusterRole({ name, gatheredInto, gathers, rules }: WrittenRole): ClusterRole {
  const labels = gatheredInto === undefined ? {} : { [AGGREGATE + gatheredInto]: 'true' };
  const head = { apiVersion, kind: 'ClusterRole', metadata: metadataOf(name, labels) };
  if (gathers === undefined) return { ...head, rules: rules.map(readRule) };
  const matchLabels = { [AGGREGATE + gathers]: 'true' };
  return { ...head, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } };
}

function namespacedRole({ name, rules }: WrittenRole): Role {
  return { apiVersion, kind: 'Role', metadata: metadataOf(name), rules: rules.map(readRule) };
}

function clusterBinding(role: string, subjects: string): ClusterRoleBinding {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadataOf(role),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
    ...readSubjects(subjects),
  };
}

function namespacedBinding(
  path: string,
  { role, subjects }: { role: string; subjects: string },
): RoleBinding {
  return {
    apiVersion,
    kind: 'RoleBinding',
    metadata: metadataOf(path),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: role },
    ...readSubjects(subjects),
  };
}

function readSubjects(text: string): { subjects?: RbacSubject[] } {
  if (text === '') return {};
  const subjects = text.split(', ').map((entry): RbacSubject => {
    const [kind = '', path = ''] = entry.split(' ');
    if (kind === 'user') return { apiGroup: RBAC_GROUP, kind: 'User', name: path };
    if (kind === 'group') return { apiGroup: RBAC_GROUP, kind: 'Group', name: path };
    const [namespace = '', name = ''] = path.split('/');
    return { kind: 'ServiceAccount', name, namespace };
  });
  return { subjects };
}
