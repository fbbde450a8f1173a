// The one door to managedFields: what a write of either kind makes of the list of owners
// (API-640 … API-653). Pure; the API server calls it before admission.
import type { ManagedFieldsEntry } from '../../generated/types.ts';
import { jsonEqual } from '../json-equal.ts';
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject, KubernetesObject } from '../object.ts';
import { EMPTY_SET, difference, hasField, isEmptySet, union, fieldSetOf } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { KUBECTL, lastAppliedFields, withLastApplied } from './last-applied.ts';
import { TypedValueError } from './list-items.ts';
import {
  capUpdateManagers,
  decodeManagers,
  dropIfEmpty,
  encodeManagers,
  identified,
  isReset,
  owning,
  storedManagers,
} from './managers.ts';
import type { Manager, Managers } from './managers.ts';
import { ApplyConflictError, applyConfiguration, takeChanged } from './updater.ts';
import type { Applied, Typing } from './updater.ts';

export interface FieldManagement extends Typing {
  readonly subresource: string;
  /** The time of the request, RFC 3339 with whole seconds. */
  readonly now: string;
  /** The object before anything was set. */
  readonly empty: JsonObject;
}

type Entries = ManagedFieldsEntry[] | undefined;

/** Owned by whoever wrote an object before its first apply. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/** API-643: what nobody owns. */
const unowned = fieldSetOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
);

export interface UpdateRequest {
  /** The stored object; undefined for a create. */
  readonly live: KubernetesObject | undefined;
  /** What is wanted, with its defaults; may carry a managedFields list of the client's. */
  readonly object: KubernetesObject;
  readonly manager: string;
}

/**
 * The managedFields after a create, update or patch (API-645). When the object can't be compared,
 * the stored ones.
 */
export function managedByUpdate(
  management: FieldManagement,
  { live, object, manager }: UpdateRequest,
): Entries {
  const stored = live?.metadata.managedFields;
  // A client can set the list itself, but not through a subresource.
  const sent = management.subresource === '' ? object.metadata.managedFields : undefined;
  const managers = startingManagers(stored, sent);
  // Objects nobody keeps track of stay so until their first apply.
  if (managers.size === 0 && live) return undefined;
  try {
    const before = live ? untracked(live) : management.empty;
    claimChanges(management, managers, { live: before, object: untracked(object), manager });
  } catch (error) {
    if (error instanceof TypedValueError) return stored;
    throw error;
  }
  return sameList(encodeManagers(managers), stored);
}

/** The stored list when the other one has just its entries. */
function sameList(entries: Entries, stored: Entries): Entries {
  if (entries?.length !== stored?.length) return entries;
  return entries?.every((entry, index) => entry === stored?.[index]) ? stored : entries;
}

/** API-647: the client's list if it is one, else the stored one. */
function startingManagers(stored: Entries, sent: Entries): Map<string, Manager> {
  if (isReset(sent)) return new Map();
  const known = storedManagers(stored);
  if (sent && sent !== stored) {
    const decoded = decodeManagers(knownEntries(sent, stored));
    if (decoded && decoded.size > 0) return withoutEmpty(decoded);
  }
  return known;
}

/** The managers that own something. */
function withoutEmpty(managers: Map<string, Manager>): Map<string, Manager> {
  for (const id of managers.keys()) dropIfEmpty(managers, id);
  return managers;
}

/** Entries a client sent back as it got them, as the stored objects. */
function knownEntries(sent: ManagedFieldsEntry[], stored: Entries): ManagedFieldsEntry[] {
  return sent.map((entry, index) => {
    const same = stored?.[index];
    return same && jsonEqual(same, entry) ? same : entry;
  });
}

/** The object without its managedFields, which nobody owns. */
function untracked(object: KubernetesObject): Json {
  const { managedFields, ...metadata } = object.metadata;
  const json = object as unknown as JsonObject;
  return managedFields === undefined ? json : { ...json, metadata: metadata as JsonObject };
}

interface Claim {
  readonly live: Json;
  readonly object: Json;
  readonly manager: string;
}

/** Makes `manager` the owner of all that differs. */
function claimChanges(
  management: FieldManagement,
  managers: Map<string, Manager>,
  { live, object, manager }: Claim,
): void {
  const { apiVersion, subresource, now } = management;
  const owner = identified({ manager, operation: 'Update', apiVersion, subresource } as const);
  const { id } = owner;
  const taken = takeChanged(management, managers, { live, object, writer: id });
  const fields = difference(taken, unowned);
  if (!isEmptySet(fields)) {
    const previous = managers.get(id)?.fields ?? EMPTY_SET;
    managers.set(id, { ...owner, time: now, fields: union(previous, fields) });
  }
  capUpdateManagers(managers);
}

export interface ApplyRequest {
  /** The stored object, or the empty one for a create. */
  readonly live: JsonObject;
  readonly stored: Entries;
  readonly config: JsonObject;
  readonly manager: string;
  readonly force: boolean;
}

export interface ApplyOutcome {
  /** Not yet decoded, without managedFields. */
  readonly object: JsonObject;
  readonly managedFields: Entries;
}

/**
 * The object after an apply, and its owners (API-644). The configuration must be valid for the
 * schema. Throws ApplyConflictError, and TypedValueError for a live object that can't be merged.
 */
export function managedByApply(
  management: FieldManagement,
  { live, stored, config, manager, force }: ApplyRequest,
): ApplyOutcome {
  const managers = storedManagers(stored);
  if (managers.size === 0) {
    const { empty } = management;
    claimChanges(management, managers, { live: empty, object: live, manager: BEFORE_FIRST_APPLY });
  }
  const request = { live, config, manager, force };
  const applied = applyTakingOver(management, managers, request);
  const object = (applied.object ?? live) as JsonObject;
  return {
    object: manager === KUBECTL ? withLastApplied(object, config) : object,
    managedFields: encodeManagers(stamped(management, applied, manager)),
  };
}

type Attempt = Omit<ApplyRequest, 'stored'>;

/** API-650: kubectl may take over what it applied from the client side. */
function applyTakingOver(
  management: FieldManagement,
  managers: Managers,
  { live, config, manager, force }: Attempt,
): Applied {
  const { apiVersion, subresource } = management;
  const applier = identified({ manager, operation: 'Apply', apiVersion, subresource } as const);
  const attempt = (forced: boolean) =>
    applyConfiguration(management, managers, { live, config, applier, force: forced });
  try {
    return attempt(force);
  } catch (error) {
    if (!(error instanceof ApplyConflictError) || manager !== KUBECTL) throw error;
    const own = lastAppliedFields(management, live);
    const others = error.conflicts.filter(({ path }) => !hasField(own, path));
    if (others.length > 0) throw new ApplyConflictError(others);
    return attempt(true);
  }
}

/** The applier's entry without what nobody owns, and with the time if anything changed. */
function stamped(management: FieldManagement, applied: Applied, manager: string): Managers {
  const { managers } = applied;
  const { apiVersion, subresource, now } = management;
  const { id } = identified({ manager, operation: 'Apply', apiVersion, subresource } as const);
  const owner = managers.get(id);
  if (!owner) return managers;
  const fields: FieldSet = difference(owner.fields, unowned);
  const time = applied.object === undefined ? owner.time : now;
  managers.set(id, { ...owning(owner, fields), time });
  dropIfEmpty(managers, id);
  return managers;
}

/** True when two lists of owners differ in nothing but times. */
export function sameOwners(left: Entries = [], right: Entries = []): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  return left.every((entry, index) => {
    const other = right[index];
    return entry === other || (other !== undefined && sameOwner(entry, other));
  });
}

function sameOwner(left: ManagedFieldsEntry, right: ManagedFieldsEntry): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.apiVersion === right.apiVersion &&
    left.subresource === right.subresource &&
    jsonEqual(left.fieldsV1, right.fieldsV1)
  );
}

/** True for an object of the wire that names owners itself. */
export function namesOwners(config: JsonObject): boolean {
  const { metadata } = config;
  return isJsonObject(metadata) && (metadata['managedFields'] ?? null) !== null;
}
