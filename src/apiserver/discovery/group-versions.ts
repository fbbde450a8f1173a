// The served resources, grouped as discovery documents need them.
import { groupVersion, type ResourceDefinition } from '../../api/resources.ts';

export interface ServedVersion {
  /** `v1`, `apps/v1`. */
  readonly groupVersion: string;
  readonly version: string;
  /** By name, as in the reference. */
  readonly resources: readonly ResourceDefinition[];
}

export interface ServedGroup {
  /** The empty string for the core group. */
  readonly name: string;
  /** The preferred one first (API-209). */
  readonly versions: readonly ServedVersion[];
}

const byName = (a: ResourceDefinition, b: ResourceDefinition) => (a.resource < b.resource ? -1 : 1);

/** Groups and versions in the order of the resource table; the core group comes first. */
export function servedGroups(resources: readonly ResourceDefinition[]): ServedGroup[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(resource.group, versions);
    const members = versions.get(resource.version) ?? [];
    versions.set(resource.version, members);
    members.push(resource);
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions].map(([version, members]) => ({
      groupVersion: groupVersion({ group: name, version }),
      version,
      resources: members.toSorted(byName),
    })),
  }));
}
