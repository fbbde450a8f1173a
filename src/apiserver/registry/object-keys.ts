// Where objects live in the store.
import type { ResourceDefinition } from '../../api/resources.ts';

export interface NamespacedName {
  /** The empty string for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * `/registry/<group or core>/<resource>/[<namespace>/]`; without a namespace that of all objects.
 */
export function collectionPrefix(resource: ResourceDefinition, namespace: string): string {
  const all = `/registry/${resource.group === '' ? 'core' : resource.group}/${resource.resource}/`;
  return resource.namespaced && namespace !== '' ? `${all}${namespace}/` : all;
}

/** The key of one object. */
export function objectKey(resource: ResourceDefinition, target: NamespacedName): string {
  return `${collectionPrefix(resource, target.namespace)}${target.name}`;
}

/** The key as error messages show it: the reference leaves the group out. */
export function displayKey(resource: ResourceDefinition, target: NamespacedName): string {
  const namespace = target.namespace === '' ? '' : `${target.namespace}/`;
  return `/registry/${resource.resource}/${namespace}${target.name}`;
}
