// metadata.managedFields as server-side apply works on it: who owns which fields (API-641). Entries
// that an operation leaves alone stay the very objects that are stored.
import type { ManagedFieldsEntry } from '../../generated/types.ts';
import type { Json } from '../object.ts';
import { isEmptySet, parseFieldSet, sortedSet, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

export interface Identity {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface Manager extends Identity {
  /** Unique among the managers of an object. */
  readonly id: string;
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
function idOf({ manager, operation, apiVersion, subresource }: Identity): string {
  const version = operation === 'Apply' ? '' : apiVersion;
  return `${operation}\n${manager}\n${version}\n${subresource}`;
}

/** A manager with its identity. */
export function identified<T extends Identity>(owner: T): T & { id: string } {
  return { ...owner, id: idOf(owner) };
}

/** The managers that stored entries say; these need no check, and are shared by many versions. */
const known = new WeakMap<ManagedFieldsEntry, Manager>();

/** The owners of a stored object. */
export function storedManagers(
  entries: readonly ManagedFieldsEntry[] | undefined,
): Map<string, Manager> {
  const managers = new Map<string, Manager>();
  for (const entry of entries ?? []) {
    let manager = known.get(entry);
    if (!manager) {
      manager = decodeEntry(entry);
      if (!manager) continue;
      manager = { ...manager, entry };
      known.set(entry, manager);
    }
    managers.set(manager.id, manager);
  }
  return managers;
}

/** Owners that a client sent; undefined when an entry is not valid: upstream takes all or none. */
export function decodeManagers(
  entries: readonly ManagedFieldsEntry[],
): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const manager = known.get(entry) ?? decodeEntry(entry);
    if (!manager) return undefined;
    managers.set(manager.id, manager);
  }
  return managers;
}

function decodeEntry(entry: ManagedFieldsEntry): Manager | undefined {
  const { apiVersion = '', fieldsV1, manager = '', subresource = '', time } = entry;
  const operation = operationOf(entry);
  if (!operation || apiVersion === '' || entry.fieldsType !== 'FieldsV1') return undefined;
  const fields = parseFieldSet(fieldsV1);
  return fields && identified({ manager, operation, apiVersion, subresource, time, fields });
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
  const entry: ManagedFieldsEntry = { manager, operation, apiVersion };
  if (manager === '') delete entry.manager;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  const fields = sortedSet(owner.fields);
  entry.fieldsV1 = fields as Json;
  if (subresource !== '') entry.subresource = subresource;
  known.set(entry, { ...owner, fields, entry });
  return entry;
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
  const empty = identified({
    manager: ANCIENT,
    operation: 'Update',
    apiVersion,
    subresource: '',
  } as const);
  const bucketId = empty.id;
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
