// Makes the lines of the resource table from what is special about each resource.
import type { ResourceDefinition, Verb } from './resources.ts';
import type { KubernetesObject } from './meta/object.ts';

/** What most resources can do. */
// prettier-ignore
export const ALL_VERBS: readonly Verb[] = [
  'create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch',
];

/** What a resource has beyond its names. */
export interface Extra {
  singular?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: readonly string[];
  cluster?: boolean;
  verbs?: readonly Verb[];
  model?: string;
  deprecation?: string;
}

/** A resource of `groupVersion` by its plural and its kind. */
export function define<T extends KubernetesObject>(
  groupVersion: string,
  [resource, kind]: readonly [string, string],
  extra: Extra = {},
): ResourceDefinition<T> {
  const slash = groupVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : groupVersion.slice(0, slash),
    version: groupVersion.slice(slash + 1),
    resource,
    kind,
    singular: extra.singular ?? kind.toLowerCase(),
    model: extra.model ?? kind,
    namespaced: extra.cluster !== true,
    shortNames: extra.shortNames ?? [],
    categories: extra.categories ?? [],
    verbs: extra.verbs ?? ALL_VERBS,
    subresources: extra.subresources ?? [],
    ...(extra.deprecation === undefined ? {} : { deprecation: extra.deprecation }),
  };
}

/** A question to the server: it is answered and never stored. */
export function defineReview<T extends KubernetesObject>(
  groupVersion: string,
  names: readonly [string, string],
  extra: Extra = {},
): ResourceDefinition<T> {
  return define<T>(groupVersion, names, { cluster: true, verbs: ['create'], ...extra });
}
