// Objects and lists reduced to their metadata (API-105), and what a caller may not ask for.
import type { KubernetesObject } from '../api/meta/object.ts';
import { statusError, type StatusError } from '../api/meta/status-error.ts';
import type { ResourceDefinition } from '../api/resources.ts';

const META_GROUP = 'meta.k8s.io';

/** A PartialObjectMetadata of the given version of meta.k8s.io. */
export function partialMetadata(object: KubernetesObject, version: string): object {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `${META_GROUP}/${version}`,
    metadata: object.metadata,
  };
}

/** A PartialObjectMetadataList. */
export function partialMetadataList(
  items: readonly KubernetesObject[],
  { metadata, version }: { metadata: object; version: string },
): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `${META_GROUP}/${version}`,
    metadata,
    items: items.map((item) => partialMetadata(item, version)),
  };
}

/** `*core.ConfigMap`: how the reference calls a type. */
function goType({ group, kind }: ResourceDefinition): string {
  return `*${group === '' ? 'core' : group.split('.', 1)[0]}.${kind}`;
}

/** 406 for a single form asked of a list (API-324). */
export function notSingle(resource: ResourceDefinition): StatusError {
  const type = `${goType(resource)}List`;
  return statusError(
    'NotAcceptable',
    `you requested PartialObjectMetadata, but the requested object is a list (${type})`,
  );
}

/** 406 for a list form asked of a single object (API-324). */
export function notList(resource: ResourceDefinition): StatusError {
  const type = goType(resource);
  return statusError(
    'NotAcceptable',
    `you requested PartialObjectMetadataList, but the requested object is not a list (${type})`,
  );
}
