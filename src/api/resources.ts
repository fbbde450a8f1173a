// The table of everything served: one line a resource. Discovery, paths, the registry, the client
// and the garbage collector read it. Adding a kind starts here.
import { ALL_VERBS, define, defineReview } from './define-resource.ts';
import type { CustomKind } from './apiextensions/custom-kind.ts';
import type * as types from './generated/types.ts';
import type { KubernetesObject } from './meta/object.ts';
import { otherResources } from './other-resources.ts';

export type Verb =
  'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** A served resource; `T` is the type of its objects. */
export interface ResourceDefinition<T extends KubernetesObject = KubernetesObject> {
  /** The empty string for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, as in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  /** Name of the object's type in the type model. */
  readonly model: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  /** Subresource names: `status`, `scale`, `log` … */
  readonly subresources: readonly string[];
  /** What every request is warned of, when the resource is on its way out (API-114). */
  readonly deprecation?: string;
  /** Only of custom resources: what their definition says. */
  readonly custom?: CustomKind;
  /** Never set: carries the type of the objects. */
  readonly objectType?: T;
}

const AUTHENTICATION = 'authentication.k8s.io/v1';
const AUTHORIZATION = 'authorization.k8s.io/v1';
const RBAC = 'rbac.authorization.k8s.io/v1';
const all = ['all'];
const workload = ['status', 'scale'];

export const namespaces = define<types.Namespace>('v1', ['namespaces', 'Namespace'], {
  cluster: true,
  shortNames: ['ns'],
  // Namespaces end one by one.
  verbs: ALL_VERBS.filter((verb) => verb !== 'deletecollection'),
  subresources: ['status', 'finalize'],
});
export const nodes = define<types.Node>('v1', ['nodes', 'Node'], {
  cluster: true,
  shortNames: ['no'],
  subresources: ['status', 'proxy'],
});
export const pods = define<types.Pod>('v1', ['pods', 'Pod'], {
  shortNames: ['po'],
  categories: all,
  subresources: [
    'status',
    'log',
    'exec',
    'attach',
    'portforward',
    'proxy',
    'binding',
    'eviction',
    'ephemeralcontainers',
    'resize',
  ],
});
export const services = define<types.Service>('v1', ['services', 'Service'], {
  shortNames: ['svc'],
  categories: all,
  subresources: ['status', 'proxy'],
});
export const endpoints = define<types.Endpoints>('v1', ['endpoints', 'Endpoints'], {
  shortNames: ['ep'],
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
});
export const configMaps = define<types.ConfigMap>('v1', ['configmaps', 'ConfigMap'], {
  shortNames: ['cm'],
});
export const secrets = define<types.Secret>('v1', ['secrets', 'Secret']);
export const serviceAccounts = define<types.ServiceAccount>(
  'v1',
  ['serviceaccounts', 'ServiceAccount'],
  { shortNames: ['sa'], subresources: ['token'] },
);
export const events = define<types.Event>('v1', ['events', 'Event'], { shortNames: ['ev'] });
export const persistentVolumes = define<types.PersistentVolume>(
  'v1',
  ['persistentvolumes', 'PersistentVolume'],
  { cluster: true, shortNames: ['pv'], subresources: ['status'] },
);
export const persistentVolumeClaims = define<types.PersistentVolumeClaim>(
  'v1',
  ['persistentvolumeclaims', 'PersistentVolumeClaim'],
  { shortNames: ['pvc'], subresources: ['status'] },
);
export const statefulSets = define<types.StatefulSet>('apps/v1', ['statefulsets', 'StatefulSet'], {
  shortNames: ['sts'],
  categories: all,
  subresources: workload,
});
export const deployments = define<types.Deployment>('apps/v1', ['deployments', 'Deployment'], {
  shortNames: ['deploy'],
  categories: all,
  subresources: workload,
});
export const replicaSets = define<types.ReplicaSet>('apps/v1', ['replicasets', 'ReplicaSet'], {
  shortNames: ['rs'],
  categories: all,
  subresources: workload,
});
export const controllerRevisions = define<types.ControllerRevision>('apps/v1', [
  'controllerrevisions',
  'ControllerRevision',
]);
export const storageClasses = define<types.StorageClass>(
  'storage.k8s.io/v1',
  ['storageclasses', 'StorageClass'],
  { cluster: true, shortNames: ['sc'] },
);
export const endpointSlices = define<types.EndpointSlice>('discovery.k8s.io/v1', [
  'endpointslices',
  'EndpointSlice',
]);
export const leases = define<types.Lease>('coordination.k8s.io/v1', ['leases', 'Lease']);
export const podDisruptionBudgets = define<types.PodDisruptionBudget>(
  'policy/v1',
  ['poddisruptionbudgets', 'PodDisruptionBudget'],
  { shortNames: ['pdb'], subresources: ['status'] },
);
export const roles = define<types.Role>(RBAC, ['roles', 'Role']);
export const clusterRoles = define<types.ClusterRole>(RBAC, ['clusterroles', 'ClusterRole'], {
  cluster: true,
});
export const roleBindings = define<types.RoleBinding>(RBAC, ['rolebindings', 'RoleBinding']);
export const clusterRoleBindings = define<types.ClusterRoleBinding>(
  RBAC,
  ['clusterrolebindings', 'ClusterRoleBinding'],
  { cluster: true },
);
export const selfSubjectReviews = defineReview<types.SelfSubjectReview>(AUTHENTICATION, [
  'selfsubjectreviews',
  'SelfSubjectReview',
]);
export const tokenReviews = defineReview<types.TokenReview>(AUTHENTICATION, [
  'tokenreviews',
  'TokenReview',
]);
export const localSubjectAccessReviews = defineReview<types.LocalSubjectAccessReview>(
  AUTHORIZATION,
  ['localsubjectaccessreviews', 'LocalSubjectAccessReview'],
  { cluster: false },
);
export const selfSubjectAccessReviews = defineReview<types.SelfSubjectAccessReview>(AUTHORIZATION, [
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
]);
export const selfSubjectRulesReviews = defineReview<types.SelfSubjectRulesReview>(AUTHORIZATION, [
  'selfsubjectrulesreviews',
  'SelfSubjectRulesReview',
]);
export const subjectAccessReviews = defineReview<types.SubjectAccessReview>(AUTHORIZATION, [
  'subjectaccessreviews',
  'SubjectAccessReview',
]);

/** Every resource served by default; discovery has groups and versions in this order. */
export const builtinResources: readonly ResourceDefinition[] = [
  namespaces,
  nodes,
  pods,
  services,
  endpoints,
  configMaps,
  secrets,
  serviceAccounts,
  events,
  persistentVolumes,
  persistentVolumeClaims,
  statefulSets,
  deployments,
  replicaSets,
  controllerRevisions,
  storageClasses,
  endpointSlices,
  leases,
  podDisruptionBudgets,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  ...otherResources,
];

/** `v1`, `apps/v1`. */
export function groupVersion({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * The path of a collection, an object or a subresource:
 * `/apis/apps/v1/namespaces/ns/statefulsets/web/status`.
 */
export function resourcePath(
  resource: ResourceDefinition,
  {
    namespace = '',
    name = '',
    subresource = '',
  }: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const prefix =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${groupVersion(resource)}`;
  const scope =
    resource.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === '' ? '' : `/${encodeURIComponent(name)}`;
  return `${prefix}${scope}/${resource.resource}${object}${subresource === '' ? '' : `/${subresource}`}`;
}
