// What types are called in OpenAPI: `io.k8s.api.core.v1.PodSpec`. The type model has bare names, so
// a type belongs to the first group that reaches it, the core group first.
import { builtinTypes, type ObjectType, type TypeRef } from '../../api/meta/type-model.ts';
import { builtinResources, type ResourceDefinition } from '../../api/resources.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const META_TYPES = new Set([
  'Condition',
  'DeleteOptions',
  'LabelSelector',
  'LabelSelectorRequirement',
  'ListMeta',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'OwnerReference',
  'Preconditions',
  'ShardInfo',
  'Status',
  'StatusCause',
  'StatusDetails',
]);

/** Types that the model calls otherwise, because it has no packages to tell them apart. */
const OWN_NAMES: ReadonlyMap<string, string> = new Map([
  ['AdmissionregistrationV1ServiceReference', 'ServiceReference'],
  ['AdmissionregistrationV1WebhookClientConfig', 'WebhookClientConfig'],
  ['ApiextensionsV1ServiceReference', 'ServiceReference'],
  ['ApiextensionsV1WebhookClientConfig', 'WebhookClientConfig'],
  ['ApiregistrationV1ServiceReference', 'ServiceReference'],
  ['CoreV1ResourceClaim', 'ResourceClaim'],
  ['CrossVersionObjectReferenceV1', 'CrossVersionObjectReference'],
  ['EndpointSlicePort', 'EndpointPort'],
  ['EventsV1Event', 'Event'],
  ['EventsV1EventSeries', 'EventSeries'],
  ['FlowSchemaSubject', 'Subject'],
  ['HorizontalPodAutoscalerSpecV1', 'HorizontalPodAutoscalerSpec'],
  ['HorizontalPodAutoscalerStatusV1', 'HorizontalPodAutoscalerStatus'],
  ['HorizontalPodAutoscalerV1', 'HorizontalPodAutoscaler'],
  ['RbacSubject', 'Subject'],
  ['StorageV1TokenRequest', 'TokenRequest'],
]);

/** The named type at the bottom of a reference, if any. */
function namedType(type: TypeRef): string | undefined {
  if (type.form === 'list') return namedType(type.item);
  if (type.form === 'map') return namedType(type.value);
  return type.form === 'object' ? type.name : undefined;
}

/** All types that an object of type `root` can hold, itself first. */
export function reachableTypes(root: string): ObjectType[] {
  const found = new Map<string, ObjectType>();
  const pending = [root];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const type = found.has(name) ? undefined : builtinTypes.type(name);
    if (!type) continue;
    found.set(name, type);
    for (const { type: fieldType } of type.fields.values()) {
      const reference = namedType(fieldType);
      if (reference !== undefined) pending.push(reference);
    }
  }
  return [...found.values()];
}

type Packaged = Pick<ResourceDefinition, 'group' | 'version' | 'model'>;

/** What is posted to subresources only. */
const SUBRESOURCE_BODIES: readonly Packaged[] = [
  { group: 'autoscaling', version: 'v1', model: 'Scale' },
  { group: 'policy', version: 'v1', model: 'Eviction' },
  { group: 'authentication.k8s.io', version: 'v1', model: 'TokenRequest' },
];

/** Types of the core group that only other groups reach. */
const CORE_TYPES = ['TopologySelectorLabelRequirement', 'TopologySelectorTerm'];

/** `io.k8s.api.apps.v1`. */
function packageOf({ group, version }: Packaged): string {
  if (group === 'apiextensions.k8s.io') {
    return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${version}`;
  }
  if (group === 'apiregistration.k8s.io') {
    return `io.k8s.kube-aggregator.pkg.apis.apiregistration.${version}`;
  }
  return `io.k8s.api.${group === '' ? 'core' : group.split('.', 1)[0]}.${version}`;
}

function namesByType(): ReadonlyMap<string, string> {
  const names = new Map([...META_TYPES].map((name) => [name, `${META}.${name}`]));
  for (const name of CORE_TYPES) names.set(name, `io.k8s.api.core.v1.${name}`);
  const inOrder = builtinResources.toSorted(
    (a, b) => Number(a.group !== '') - Number(b.group !== ''),
  );
  for (const resource of [...inOrder, ...SUBRESOURCE_BODIES]) {
    for (const { name } of reachableTypes(resource.model)) {
      const own = OWN_NAMES.get(name) ?? name;
      if (!names.has(name)) names.set(name, `${packageOf(resource)}.${own}`);
    }
  }
  return names;
}

let names: ReadonlyMap<string, string> | undefined;

/** The OpenAPI name of a type. */
export function schemaName(type: string): string {
  names ??= namesByType();
  return names.get(type) ?? type;
}
