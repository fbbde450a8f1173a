// metadata.managedFields as server-side apply works on it: who owns which fields (API-641). Entries
// that an operation leaves alone stay the very objects that are stored.
import type { ManagedFieldsEntry } from '../../generated/types.ts';
import type { Json } from '../object.ts';
import { isEmptySet, parseFieldSet, sortedSet, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; undefined where upstream keeps none. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The stored entry that says all this. */
  readonly entry?: ManagedFieldsEntry;
}

/** Managers by identity. */
export type Managers = ReadonlyMap<string, Manager>;

/** Update entries of one object; more are merged into `ancient-changes` (API-645). */
const UPDATE_MANAGERS_MAX = 10;
const ANCIENT = 'ancient-changes';

/** Who an entry belongs to: an applier has one entry whatever its version, an updater one each. */
export function managerId({
  manager,
  operation,
  apiVersion,
  subresource,
}: Omit<Manager, 'time' | 'fields'>): string {
  const version = operation === 'Apply' ? '' : apiVersion;
  return [operation, manager, version, subresource].join('\n');
}

/** Field sets that are known to be in canonical form: those of stored entries. */
const canonical = new WeakSet<object>();

/** The owners of a stored object, whose entries need no check. */
export function storedManagers(
  entries: readonly ManagedFieldsEntry[] | undefined,
): Map<string, Manager> {
  for (const { fieldsV1 } of entries ?? []) {
    if (typeof fieldsV1 === 'object' && fieldsV1 !== null) canonical.add(fieldsV1);
  }
  return decodeManagers(entries ?? []) ?? new Map<string, Manager>();
}

/** Undefined when an entry is not valid, as upstream takes all or nothing. */
export function decodeManagers(
  entries: readonly ManagedFieldsEntry[],
): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const decoded = decodeEntry(entry);
    if (!decoded) return undefined;
    managers.set(managerId(decoded), decoded);
  }
  return managers;
}

function decodeEntry(entry: ManagedFieldsEntry): Manager | undefined {
  const { apiVersion = '', fieldsV1, manager = '', subresource = '', time } = entry;
  const operation = operationOf(entry);
  if (!operation || apiVersion === '' || entry.fieldsType !== 'FieldsV1') return undefined;
  const isCanonical = typeof fieldsV1 === 'object' && fieldsV1 !== null && canonical.has(fieldsV1);
  const fields = isCanonical ? (fieldsV1 as FieldSet) : parseFieldSet(fieldsV1);
  if (!fields) return undefined;
  const decoded = { manager, operation, apiVersion, subresource, time, fields };
  return isCanonical ? { ...decoded, entry } : decoded;
}

function operationOf({ operation }: ManagedFieldsEntry): Manager['operation'] | undefined {
  return operation === 'Apply' || operation === 'Update' ? operation : undefined;
}

/** The list to store; undefined when nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(encodeManager);
}

function encodeManager(owner: Manager): ManagedFieldsEntry {
  if (owner.entry) return owner.entry;
  const { manager, operation, apiVersion, time, subresource } = owner;
  const fieldsV1 = sortedSet(owner.fields);
  canonical.add(fieldsV1);
  return {
    ...(manager === '' ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1 as Json,
    ...(subresource === '' ? {} : { subresource }),
  };
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareManagers(left: Manager, right: Manager): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

/** A copy with other fields. */
export function owning(owner: Manager, fields: FieldSet): Manager {
  const { entry: _, ...rest } = owner;
  return { ...rest, fields };
}

/** True for a list that asks to forget all owners: `[]` or `[{}]` (API-647). */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined) return false;
  const [first = {}] = entries;
  return entries.length === 0 || (entries.length === 1 && Object.keys(first).length === 0);
}

/** API-645: merges the oldest Update entries of a version until there are few enough. */
export function capUpdateManagers(managers: Map<string, Manager>): void {
  const updaters = [...managers.entries()].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= UPDATE_MANAGERS_MAX) return;
  updaters.sort(
    ([leftId, left], [rightId, right]) =>
      compareText(left.time ?? '', right.time ?? '') || compareText(leftId, rightId),
  );
  const firstOfVersion = new Map<string, string>();
  for (const [id, updater] of updaters) {
    if (count <= UPDATE_MANAGERS_MAX) return;
    const first = firstOfVersion.get(updater.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(updater.apiVersion, id);
      continue;
    }
    mergeIntoBucket(managers, { first, id, updater });
    count -= 1;
  }
}

function mergeIntoBucket(
  managers: Map<string, Manager>,
  { first, id, updater }: { first: string; id: string; updater: Manager },
): void {
  const { apiVersion, time } = updater;
  const empty = { manager: ANCIENT, operation: 'Update', apiVersion, subresource: '' } as const;
  const bucketId = managerId(empty);
  const bucket = managers.get(bucketId) ?? managers.get(first);
  if (!managers.has(bucketId)) managers.delete(first);
  const fields = union(updater.fields, bucket?.fields ?? {});
  if (id !== bucketId) managers.delete(id);
  managers.set(bucketId, { ...empty, time, fields });
}

/** Removes the fields of nobody: an owner of nothing is none. */
export function dropIfEmpty(managers: Map<string, Manager>, id: string): void {
  const owner = managers.get(id);
  if (owner && isEmptySet(owner.fields)) managers.delete(id);
}
