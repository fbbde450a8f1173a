// Tables for `kubectl get` (API-801): columns per kind, one row an object.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { INITIAL_EVENTS_END } from '../api-request.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { partialMetadata } from '../partial-metadata.ts';
import { fieldText, loadTypeDocs, type TypeDocs } from '../type-docs.ts';
import type { Column, KindTable } from './column.ts';
import { kindTable, plainTable } from './kind-tables.ts';

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
  const why = `Invalid value: "${value}": must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
}

function columnDefinition({ name, type, format, description, priority }: Column, docs: TypeDocs) {
  const text =
    typeof description === 'string'
      ? description
      : (fieldText(docs, description.type, description.field) ?? '');
  return { name, type, format, description: text, priority };
}

function rowObject(object: KubernetesObject, { includeObject, version }: TableRequest) {
  // The end of the initial events is told in any case.
  if (includeObject === 'None' && !endsInitialEvents(object)) return null;
  return includeObject === 'Object' ? object : partialMetadata(object, version);
}

const endsInitialEvents = ({ metadata }: KubernetesObject) =>
  metadata.annotations?.[INITIAL_EVENTS_END] !== undefined;

function row(object: KubernetesObject, table: KindTable, request: TableRequest) {
  const conditions = table.conditions?.(object) ?? [];
  return {
    cells: table.cells(object, request.nowMs),
    ...(conditions.length > 0 ? { conditions } : {}),
    object: rowObject(object, request),
  };
}

/** Kinds without a table of their own have no rows, rather than none, as Go writes it. */
const hasRows = (objects: readonly unknown[], table: KindTable) =>
  objects.length > 0 || table !== plainTable;

/** Loads the texts that tables show; the result makes tables. */
export async function loadTables(): Promise<PrintTable> {
  const docs = await loadTypeDocs();
  return (objects, request) => {
    const table = kindTable(request.resource, request.subresource);
    return {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${request.version}`,
      metadata: request.metadata,
      columnDefinitions: request.headers
        ? table.columns.map((column) => columnDefinition(column, docs))
        : null,
      rows: hasRows(objects, table) ? objects.map((object) => row(object, table, request)) : null,
    };
  };
}
