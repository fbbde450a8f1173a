// The aggregated discovery document, apidiscovery.k8s.io/v2 (API-204). v2beta1 is not served, as in
// the reference: older clients fall through to the plain documents (API-203).
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ServedGroup } from './group-versions.ts';
import { subresourceDefinition } from './subresources.ts';

/** Content type of the aggregated document. */
export const AGGREGATED_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function subresourceEntry(resource: ResourceDefinition, name: string) {
  const { kind = resource.kind, groupVersion, verbs } = subresourceDefinition(name, resource.kind);
  const { group = '', version = '' } = groupVersion ?? {};
  return { subresource: name, responseKind: { group, version, kind }, verbs };
}

function resourceEntry(resource: ResourceDefinition) {
  const subresources = resource.subresources
    .toSorted()
    .map((name) => subresourceEntry(resource, name));
  return {
    resource: resource.resource,
    // Empty group and version: those of the document, as the reference has it.
    responseKind: { group: '', version: '', kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** The document of the given groups: the core group for /api, all others for /apis. */
export function aggregatedDocument(groups: readonly ServedGroup[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version, resources }) => ({
        version,
        resources: resources.map(resourceEntry),
        freshness: 'Current',
      })),
    })),
  };
}
