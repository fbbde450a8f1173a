// Columns of what nodes and pods use, as metrics-server has them.
import { addQuantities, formatQuantity, parseQuantity } from '../../api/meta/quantity.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/metrics-resources.ts';
import { column, nameColumn, type KindTable } from './column.ts';

const columns = [
  nameColumn,
  column('cpu', 'Processor time used, in cores.'),
  column('memory', 'Memory in use.'),
  column('Window', 'Length of the window over which cpu is the mean.'),
];

function total(quantities: readonly string[]): string {
  return formatQuantity(quantities.map(parseQuantity).reduce(addQuantities, parseQuantity('0')));
}

export const nodeMetricsTable: KindTable<NodeMetrics> = {
  columns,
  cells: ({ metadata, usage, window }) => [metadata.name ?? '', usage.cpu, usage.memory, window],
};

export const podMetricsTable: KindTable<PodMetrics> = {
  columns,
  cells: ({ metadata, containers, window }) => [
    metadata.name ?? '',
    total(containers.map(({ usage }) => usage.cpu)),
    total(containers.map(({ usage }) => usage.memory)),
    window,
  ],
};
