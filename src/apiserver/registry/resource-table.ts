// Which resources are served, by path parts.
import { builtinResources, groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';

export interface ResourceTable {
  /** The served resource, or undefined. */
  find(path: { group: string; version: string; resource: string }): ResourceDefinition | undefined;
  hasGroupVersion(path: { group: string; version: string }): boolean;
  /** Definition of a kind served in a group and version, or undefined. */
  findKind(kind: { group: string; version: string; kind: string }): ResourceDefinition | undefined;
}

/** A table over a fixed list of definitions. */
export function createResourceTable(definitions: readonly ResourceDefinition[]): ResourceTable {
  const byPath = new Map(
    definitions.map((definition) => [
      `${groupVersion(definition)} ${definition.resource}`,
      definition,
    ]),
  );
  const byKind = new Map(
    definitions.map((definition) => [`${groupVersion(definition)} ${definition.kind}`, definition]),
  );
  const groupVersions = new Set(definitions.map(groupVersion));
  return {
    find: (path) => byPath.get(`${groupVersion(path)} ${path.resource}`),
    hasGroupVersion: (path) => groupVersions.has(groupVersion(path)),
    findKind: (kind) => byKind.get(`${groupVersion(kind)} ${kind.kind}`),
  };
}

/** The table of everything served by default. */
export const builtinTable: ResourceTable = createResourceTable(builtinResources);
