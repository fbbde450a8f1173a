// What a write does to the owners of fields: takes what it changes from the others, and, for an
// apply, merges, prunes what its manager gave up, and finds conflicts (API-644, API-645).
import { compareBytewise } from '../canonical-json.ts';
import type { Json } from '../object.ts';
import { compareTyped, sameValue } from './compare.ts';
import type { Comparison } from './compare.ts';
import { EMPTY_SET, difference, fieldPaths, intersection, isEmptySet, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { dropIfEmpty, owning } from './managers.ts';
import type { Identity, Manager, Managers } from './managers.ts';
import { mergeTyped } from './merge.ts';
import type { FieldFilter } from './reset-fields.ts';
import { fieldsOf, removeFields, withDeclaredParents } from './typed-fields.ts';
import type { TypeSchema } from './type-schema.ts';

/** The type of an object, and how it is written to. */
export interface Typing {
  readonly schema: TypeSchema;
  readonly apiVersion: string;
  /** Versions whose field sets are understood; entries of others are forgotten. */
  readonly versions: ReadonlySet<string>;
  readonly filter: FieldFilter;
}

/** A field that somebody else owns and that the apply would change. */
export interface FieldConflict {
  readonly manager: Manager;
  readonly path: readonly string[];
}

/** An apply that may not take what others own; sorted by manager. */
export class ApplyConflictError extends Error {
  override name = 'ApplyConflictError';
  readonly conflicts: readonly FieldConflict[];

  constructor(conflicts: readonly FieldConflict[]) {
    super(`${conflicts.length} conflicts`);
    this.conflicts = [...conflicts].sort((left, right) =>
      compareBytewise(left.manager.manager, right.manager.manager),
    );
  }
}

interface Change {
  readonly live: Json;
  readonly object: Json;
  /** Id of the owner that writes; its entry is left alone. */
  readonly writer: string;
  readonly force: boolean;
}

/** Takes from all but the writer what changes. Throws ApplyConflictError unless forced. */
function takeFromOthers(
  typing: Typing,
  managers: Map<string, Manager>,
  { live, object, writer, force }: Change,
): Comparison {
  const whole = compareTyped(typing.schema, live, object);
  const compared = {
    removed: typing.filter(whole.removed),
    modified: typing.filter(whole.modified),
    added: typing.filter(whole.added),
  };
  const changed = union(compared.modified, compared.added);
  const conflicts: FieldConflict[] = [];
  for (const [id, owner] of managers) {
    if (id === writer) continue;
    if (!typing.versions.has(owner.apiVersion)) managers.delete(id);
    else if (!force) {
      const paths = fieldPaths(intersection(owner.fields, changed));
      conflicts.push(...paths.map((path) => ({ manager: owner, path })));
    }
  }
  if (conflicts.length > 0) throw new ApplyConflictError(conflicts);
  const gone = union(changed, compared.removed);
  if (isEmptySet(gone)) return compared;
  for (const [id, owner] of managers) {
    const rest = id === writer ? owner.fields : difference(owner.fields, gone);
    if (rest === owner.fields) continue;
    managers.set(id, owning(owner, rest));
    dropIfEmpty(managers, id);
  }
  return compared;
}

/**
 * A write other than apply: what it changes is the writer's and nobody else's, what it removes is
 * nobody's. The result is what the writer gets; `managers` is changed.
 */
export function takeChanged(
  typing: Typing,
  managers: Map<string, Manager>,
  { live, object, writer }: Omit<Change, 'force'>,
): FieldSet {
  const compared = takeFromOthers(typing, managers, { live, object, writer, force: true });
  const own = managers.get(writer);
  const kept = own && difference(own.fields, compared.removed);
  if (own && kept && kept !== own.fields) {
    managers.set(writer, owning(own, kept));
    dropIfEmpty(managers, writer);
  }
  return union(compared.modified, compared.added);
}

export interface Application {
  readonly live: Json;
  readonly config: Json;
  readonly applier: Identity & { readonly id: string };
  readonly force: boolean;
}

export interface Applied {
  /** Undefined when nothing changes. */
  readonly object: Json | undefined;
  readonly managers: Map<string, Manager>;
}

/** Merges a configuration into the live object. Throws ApplyConflictError, TypedValueError. */
export function applyConfiguration(
  typing: Typing,
  owners: Managers,
  { live, config, applier, force }: Application,
): Applied {
  const managers = new Map(owners);
  const { id } = applier;
  const last = managers.get(id);
  const fields = typing.filter(fieldsOf(typing.schema, config));
  managers.set(id, { ...applier, time: last?.time, fields });
  const merged = mergeTyped(typing.schema, live, config) ?? null;
  const object = prune(typing, managers, { merged, last: last?.fields ?? EMPTY_SET });
  takeFromOthers(typing, managers, { live, object, writer: id, force });
  dropIfEmpty(managers, id);
  return { object: sameValue(live, object) ? undefined : object, managers };
}

/**
 * Removes what the applier applied last time and no longer does, unless somebody else (or its own
 * new configuration) owns it.
 */
function prune(
  { schema, versions }: Typing,
  managers: Managers,
  { merged, last }: { merged: Json; last: FieldSet },
): Json {
  if (isEmptySet(last)) return merged;
  const expanded = (set: FieldSet) => withDeclaredParents(schema, set);
  const all = expanded(fieldsOf(schema, merged));
  let owned: FieldSet = EMPTY_SET;
  for (const { apiVersion, fields } of managers.values()) {
    if (versions.has(apiVersion)) owned = union(owned, fields);
  }
  const without = (value: Json, gone: FieldSet) => removeFields(schema, value, gone) ?? null;
  const fieldsLeft = (value: Json) => expanded(fieldsOf(schema, value));
  const pruned = without(merged, expanded(last));
  // What others own comes back, and so does what was never this applier's.
  const kept = without(merged, difference(all, union(fieldsLeft(pruned), expanded(owned))));
  const gone = intersection(difference(all, fieldsLeft(kept)), expanded(last));
  return without(merged, gone);
}
