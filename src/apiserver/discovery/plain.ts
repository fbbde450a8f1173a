// The discovery documents from before aggregation (API-205 … API-208); kubectl drain and generic
// clients still read them.
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ServedGroup, ServedVersion } from './group-versions.ts';
import { storageVersionHash } from './storage-version-hash.ts';
import { subresourceDefinition } from './subresources.ts';

/** GET /api; `address`: `host:port` of this server. */
export function apiVersionsDocument(core: ServedGroup, address: string): object {
  return {
    kind: 'APIVersions',
    versions: core.versions.map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

function groupEntry(group: ServedGroup) {
  const versions = group.versions.map(({ groupVersion, version }) => ({ groupVersion, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** GET /apis. */
export function groupListDocument(groups: readonly ServedGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) };
}

/** GET /apis/<group>. */
export function groupDocument(group: ServedGroup): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

function subresourceEntry(resource: ResourceDefinition, name: string) {
  const { kind = resource.kind, groupVersion, verbs } = subresourceDefinition(name, resource.kind);
  return {
    name: `${resource.resource}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...groupVersion,
    kind,
    verbs,
  };
}

function resourceEntries(resource: ResourceDefinition) {
  const hash = storageVersionHash(resource);
  const main = {
    name: resource.resource,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(hash === undefined ? {} : { storageVersionHash: hash }),
  };
  const names = resource.subresources.toSorted();
  return [main, ...names.map((name) => subresourceEntry(resource, name))];
}

/** GET /api/v1 and /apis/<group>/<version>; the core one has no apiVersion, as in the reference. */
export function resourceListDocument(served: ServedVersion): object {
  return {
    kind: 'APIResourceList',
    ...(served.groupVersion.includes('/') ? { apiVersion: 'v1' } : {}),
    groupVersion: served.groupVersion,
    resources: served.resources.flatMap(resourceEntries),
  };
}
