// Tables of custom resources: the printer columns of the definition (API-801), by JSON paths.
import type { CustomResourceColumnDefinition } from '../../api/generated/types.ts';
import type { CustomKind } from '../../api/apiextensions/custom-kind.ts';
import { canonicalJson } from '../../api/meta/canonical-json.ts';
import { age } from '../../api/meta/duration.ts';
import { evaluateJsonPath } from '../../api/apiextensions/json-path.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { column, field, nameColumn, type Cell, type Column, type KindTable } from './column.ts';

const CREATED = '.metadata.creationTimestamp';

const agePath: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  jsonPath: CREATED,
};

const replicas = (name: string, path: string, what: string): CustomResourceColumnDefinition => ({
  name,
  type: 'integer',
  jsonPath: `.${path}.replicas`,
  description: `Number of ${what} replicas`,
});

/** Of the scale subresource of custom resources. */
export const customScaleTable = customTable({
  columns: [
    replicas('Desired', 'spec', 'desired'),
    replicas('Available', 'status', 'actual'),
    agePath,
  ],
});

/** The table of a custom resource; without printer columns name and age. */
export function customTable({ columns }: Pick<CustomKind, 'columns'>): KindTable {
  const shown = columns.length === 0 ? [agePath] : columns;
  return {
    columns: [nameColumn, ...shown.map(columnOf)],
    cells: (object, nowMs) => [
      object.metadata.name ?? '',
      ...shown.map((one) => cellOf(one, object, nowMs)),
    ],
  };
}

function columnOf(definition: CustomResourceColumnDefinition): Column {
  const { name, type, format = '', description = '', priority = 0, jsonPath } = definition;
  if (definition === agePath) {
    const created = field('ObjectMeta', 'creationTimestamp');
    return { ...column(name, created, { type: 'date' }) };
  }
  const text = `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  return { name, type, format, priority, description: description === '' ? text : description };
}

function cellOf(
  { type, jsonPath }: CustomResourceColumnDefinition,
  object: KubernetesObject,
  nowMs: number,
): Cell {
  // Of several results of a path only the first one is shown, as in the reference.
  const [value] = evaluateJsonPath(jsonPath, object as unknown as Json) ?? [];
  if (value === undefined) return null;
  if (value === null) return type === 'string' ? '<no value>' : null;
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? (type === 'integer' ? Math.trunc(value) : value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateText(value, nowMs) : null;
    default:
      return typeof value === 'string' ? value : canonicalJson(value);
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function dateText(value: string, nowMs: number): string {
  if (value === '' || value === 'null') return '<unknown>';
  const isTime = RFC3339.test(value) && !Number.isNaN(Date.parse(value));
  return isTime ? age(value, nowMs) : '<invalid>';
}
