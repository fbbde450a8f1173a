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

/** Where the reference keeps resources that changed their names since. */
const DISPLAYED: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  ingresses: 'ingress',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  services: 'services/specs',
};

/** The key as error messages show it: the reference leaves the group of built-in kinds out. */
export function displayKey(resource: ResourceDefinition, target: NamespacedName): string {
  const namespace = target.namespace === '' ? '' : `${target.namespace}/`;
  const { group, resource: name, custom } = resource;
  const place = custom ? `${group}/${name}` : (DISPLAYED[name] ?? name);
  return `/registry/${place}/${namespace}${target.name}`;
}
