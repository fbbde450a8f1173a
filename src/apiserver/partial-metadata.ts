// Objects and lists reduced to their metadata (API-105), and what a caller may not ask for.
import { formConversion } from '../api/form-conversion.ts';
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
    // Go writes a list without a first element as null.
    items: items.length === 0 ? null : items.map((item) => partialMetadata(item, version)),
  };
}

/** `*core.ConfigMap`: how the reference calls a type. */
function goType(resource: ResourceDefinition, suffix = ''): string {
  if (resource.custom) return `*unstructured.Unstructured${suffix}`;
  const { group, kind } = formConversion(resource)?.stored ?? resource;
  return `*${group === '' ? 'core' : group.split('.', 1)[0]}.${kind}${suffix}`;
}

/** 406 for a single form asked of a list (API-324). */
export function notSingle(resource: ResourceDefinition): StatusError {
  const type = goType(resource, 'List');
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
