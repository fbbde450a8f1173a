// The building blocks of column tables (API-801 … API-804).
import type { KubernetesObject } from '../../api/meta/object.ts';
import { age } from '../../api/meta/duration.ts';

export type Cell = string | number | boolean | null;

/** Where a column's description comes from: the documentation of a field, or our own words. */
export type Description = { readonly type: string; readonly field: string } | string;

export interface Column {
  readonly name: string;
  readonly type: string;
  /** `name` marks the column that kubectl prints as `kind/name`. */
  readonly format: string;
  /** 0: always shown; above: with -o wide only. */
  readonly priority: number;
  readonly description: Description;
}

/** Tells clients that a row's object has come to its end (API-807). */
export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

/**
 * How the objects of one kind become rows. Objects may lack everything but metadata (bookmarks).
 */
export interface KindTable<T extends KubernetesObject = KubernetesObject> {
  readonly columns: readonly Column[];
  cells(object: T, nowMs: number): Cell[];
  conditions?(object: T): RowCondition[];
}

export interface ColumnOptions {
  readonly type?: Column['type'];
  readonly wide?: boolean;
}

/** A column of plain text, unless `options` say otherwise. */
export function column(
  name: string,
  description: Description,
  { type = 'string', wide = false }: ColumnOptions = {},
): Column {
  return { name, type, format: '', priority: wide ? 1 : 0, description };
}

/** The documentation of a field: `field('PodSpec', 'nodeName')`. */
export const field = (type: string, name: string): Description => ({ type, field: name });

export const nameColumn: Column = {
  ...column('Name', field('ObjectMeta', 'name')),
  format: 'name',
};

export const ageColumn = column('Age', field('ObjectMeta', 'creationTimestamp'));

/** The age of an object in words (API-808). */
export function ageOf(object: KubernetesObject, nowMs: number): string {
  return age(object.metadata.creationTimestamp, nowMs);
}

/** Names of a template's containers and their images. */
export const containerColumns: readonly Column[] = [
  column('Containers', 'Names of each container in the template.', { wide: true }),
  column('Images', 'Images referenced by each container in the template.', { wide: true }),
];

interface NamedImage {
  readonly name: string;
  readonly image?: string | undefined;
}

/** The cells of `containerColumns`. */
export function containerCells(containers: readonly NamedImage[] = []): [string, string] {
  const names = containers.map(({ name }) => name);
  return [names.join(','), containers.map(({ image = '' }) => image).join(',')];
}

/** At most three items, then how many more there are (API-801). */
export function shortList(items: readonly string[], whenEmpty: string): string {
  if (items.length === 0) return whenEmpty;
  const shown = items.slice(0, 3).join(',');
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}

/** The addresses of load balancers, each once, in order. */
export function sortedPoints(
  points: readonly { ip?: string | undefined; hostname?: string | undefined }[] = [],
): string[] {
  const addresses = points.map(({ ip, hostname }) => ip || hostname || '');
  return [...new Set(addresses)].filter((address) => address !== '').toSorted();
}

/** `a=1,b=2` in key order; `<none>` without labels. */
export function formatLabels(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.toSorted().join(',');
}
