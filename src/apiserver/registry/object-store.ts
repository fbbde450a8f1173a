// Objects over the revisioned store: reads, creation, the guarded update loop, deletion.
// It knows keys, revisions and metadata.resourceVersion, and no rules of kinds.
import { alreadyExists, conflict, notFound, OBJECT_MODIFIED } from '../../api/meta/status-error.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { KeyNotFoundError, RevisionMismatchError } from '../../storage/store.ts';
import type { Store, StoredEntry } from '../../storage/store.ts';
import type { StoredObject } from '../api-request.ts';
import { collectionPrefix, objectKey } from './object-keys.ts';
import type { NamespacedName } from './object-keys.ts';
import { encodeObject, storedAt, viewOf } from './stored-view.ts';

export interface Target extends NamespacedName {
  readonly resource: ResourceDefinition;
}

/** What an update decided to do with the newest state of an object. */
export type Change =
  | { readonly action: 'put'; readonly object: KubernetesObject }
  /** Leaves it as it is. */
  | { readonly action: 'keep' }
  | { readonly action: 'delete' };

/** A promise only when somebody outside has to be asked. */
export type Decide = (current: KubernetesObject) => Change | Promise<Change>;

export interface ChangeResult {
  /** The state after a put, the untouched state of a keep, the last state of a delete. */
  readonly stored: StoredObject;
  readonly deleted: boolean;
}

export interface WriteMode {
  /** Nothing is written; the result is what would be (API-920). */
  readonly dryRun: boolean;
}

/** Tries of an update that loses against others; reads and writes of one try are one turn. */
const UPDATE_TRIES_MAX = 8;

/** The newest published state, or undefined. */
export function getObject<T extends KubernetesObject>(
  store: Store,
  target: Target,
): StoredObject<T> | undefined {
  const entry = store.get(objectKey(target.resource, target));
  return entry && viewOf<T>(entry);
}

/** Like getObject; throws 404 (API-310). */
export function requireObject<T extends KubernetesObject>(
  store: Store,
  target: Target,
): StoredObject<T> {
  const stored = getObject<T>(store, target);
  if (!stored) throw notFound(target.resource, target.name);
  return stored;
}

/** All published objects of a resource, of one namespace unless it is empty. */
export function listObjects<T extends KubernetesObject>(
  store: Store,
  resource: ResourceDefinition<T>,
  namespace: string,
): T[] {
  const { entries } = store.list(collectionPrefix(resource, namespace));
  return entries.map((entry) => viewOf<T>(entry).object);
}

/** Writes a new object. Throws 409 AlreadyExists (API-311). */
export async function createObject(
  store: Store,
  target: Target,
  { object, dryRun }: WriteMode & { object: KubernetesObject },
): Promise<StoredObject> {
  const key = objectKey(target.resource, target);
  if (dryRun) {
    if (store.getLatest(key)) throw alreadyExists(target.resource, target.name);
    return { object, encoded: Buffer.from(JSON.stringify(object)) };
  }
  for (;;) {
    try {
      const encode = (revision: number) => encodeObject(object, revision);
      return viewOf(await store.put(key, encode, { ifRevision: 0 }));
    } catch (error) {
      if (!(error instanceof RevisionMismatchError)) throw error;
      const latest = store.getLatest(key);
      if (latest && isDurable(store, key, latest)) {
        throw alreadyExists(target.resource, target.name);
      }
    }
    await store.settled(key);
  }
}

/** Only then may an answer tell of the state of a key: a crash can't undo it any more. */
function isDurable(store: Store, key: string, entry: StoredEntry | undefined): boolean {
  return store.get(key)?.revision === entry?.revision;
}

/**
 * Applies `decide` to the newest state until the result could be written on top of just that state.
 * A put that changes nothing writes nothing (API-305). Throws 404, what `decide` throws, and 409
 * when others were faster each time.
 */
export async function changeObject(
  store: Store,
  target: Target,
  { decide, dryRun }: WriteMode & { decide: Decide },
): Promise<ChangeResult> {
  const key = objectKey(target.resource, target);
  for (let tries = 0; tries < UPDATE_TRIES_MAX; tries++) {
    const entry = store.getLatest(key);
    let change: Change;
    try {
      if (!entry) throw notFound(target.resource, target.name);
      const decided = decide(viewOf(entry).object);
      // Without waiting where nothing is to be waited for: then nobody comes in between.
      change = decided instanceof Promise ? await decided : decided;
    } catch (refusal) {
      if (isDurable(store, key, entry)) throw refusal;
      await store.settled(key);
      continue;
    }
    try {
      return dryRun ? preview(entry, change) : await write(store, entry, change);
    } catch (error) {
      if (error instanceof KeyNotFoundError) throw notFound(target.resource, target.name);
      if (!(error instanceof RevisionMismatchError)) throw error;
    }
  }
  throw conflict(target.resource, target.name, OBJECT_MODIFIED);
}

async function write(store: Store, entry: StoredEntry, change: Change): Promise<ChangeResult> {
  const current = viewOf(entry);
  const condition = { ifRevision: entry.revision };
  if (change.action === 'delete') {
    const encode = (revision: number) => encodeObject(current.object, revision);
    return { stored: viewOf(await store.delete(entry.key, encode, condition)), deleted: true };
  }
  const object = change.action === 'keep' ? current.object : change.object;
  // On top of a write that is not durable yet a reply must wait: writing again is the simplest way.
  const isPublished = store.get(entry.key) === entry;
  if (isPublished && jsonEqual(object, current.object)) return { stored: current, deleted: false };
  const encode = (revision: number) => encodeObject(object, revision);
  return { stored: viewOf(await store.put(entry.key, encode, condition)), deleted: false };
}

function preview(entry: StoredEntry, change: Change): ChangeResult {
  const current = viewOf(entry);
  if (change.action === 'put') {
    return { stored: storedAt(change.object, entry.revision), deleted: false };
  }
  return { stored: current, deleted: change.action === 'delete' };
}
