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

/** The order of the reference, by which clients choose when several groups have a name. */
const ORDER: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

const rank = ({ name }: ServedGroup) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** The core group first, then the others that are built in, then the rest by name. */
const byRank = (a: ServedGroup, b: ServedGroup) =>
  rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Groups in their order, versions in that of the resource table. */
export function servedGroups(resources: readonly ResourceDefinition[]): ServedGroup[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(resource.group, versions);
    const members = versions.get(resource.version) ?? [];
    versions.set(resource.version, members);
    members.push(resource);
  }
  const served = [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions].map(([version, members]) => ({
      groupVersion: groupVersion({ group: name, version }),
      version,
      resources: members.toSorted(byName),
    })),
  }));
  return served.toSorted(byRank);
}
