// The store as a version sees it whose objects are converted by a webhook. Handlers read without
// waiting, so what was not converted yet stops them: `NotConvertedError`. Whoever runs a handler
// has it converted and runs the handler again.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Encode, Store, StoredEntry, StoreEvent } from '../../storage/store.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { encodeObject, viewOf } from '../registry/stored-view.ts';
import type { ConvertObjects } from './convert-by-webhook.ts';

/** Objects have to be converted before they can be read. */
export class NotConvertedError extends Error {
  override name = 'NotConvertedError';
  readonly entries: readonly StoredEntry[];

  constructor(entries: readonly StoredEntry[]) {
    super('objects have not been converted yet');
    this.entries = entries;
  }
}

export interface WebhookStore extends Store {
  /** Converts what a NotConvertedError named. Throws StatusError. */
  convert(entries: readonly StoredEntry[]): Promise<void>;
}

export interface WebhookStoreOptions {
  readonly store: Store;
  readonly resource: ResourceDefinition;
  /** Version in which objects are stored. */
  readonly storedVersion: string;
  readonly convert: ConvertObjects;
}

/** A view of the store through a webhook; entries of other versions are converted once. */
export function createWebhookStore(options: WebhookStoreOptions): WebhookStore {
  const { store, resource, storedVersion, convert } = options;
  const own = groupVersion(resource);
  const converted = new WeakMap<StoredEntry, StoredEntry>();

  const prefixOfOwn = collectionPrefix(resource, '');
  // Admission reads other objects through this store, too: they are as they are.
  const isAsItIs = (entry: StoredEntry) =>
    !entry.key.startsWith(prefixOfOwn) || viewOf(entry).object.apiVersion === own;
  const find = (entry: StoredEntry): StoredEntry | undefined =>
    isAsItIs(entry) ? entry : converted.get(entry);
  const outward = (entry: StoredEntry): StoredEntry => {
    const found = find(entry);
    if (!found) throw new NotConvertedError([entry]);
    return found;
  };
  const convertEntries = async (entries: readonly StoredEntry[]) => {
    const missing = entries.filter((entry) => !find(entry));
    const objects = missing.map((entry) => viewOf(entry).object);
    const results = objects.length === 0 ? [] : await convert(objects, own);
    for (const [index, entry] of missing.entries()) {
      const object = results[index];
      if (!object) continue;
      converted.set(entry, { ...entry, value: encodeObject(object, entry.revision) });
    }
  };
  const settledOutward = async (entry: StoredEntry) => {
    await convertEntries([entry]);
    return outward(entry);
  };
  /** The bytes to be stored, made before the write: only the revision is not known yet. */
  const inward = async (key: string, encode: Encode): Promise<Encode> => {
    if (!key.startsWith(prefixOfOwn)) return encode;
    const object = JSON.parse(encode(0).toString()) as KubernetesObject;
    const [result = object] =
      object.apiVersion === storedVersion ? [object] : await convert([object], storedVersion);
    return (revision) => encodeObject(result, revision);
  };

  return {
    ...forwarded(store),
    get revision() {
      return store.revision;
    },
    get compactedRevision() {
      return store.compactedRevision;
    },
    convert: convertEntries,
    get: (key) => optional(store.get(key), outward),
    getLatest: (key) => optional(store.getLatest(key), outward),
    list(prefix, listOptions) {
      const result = store.list(prefix, listOptions);
      const missing = result.entries.filter((entry) => !find(entry));
      if (missing.length > 0) throw new NotConvertedError(missing);
      return { ...result, entries: result.entries.map(outward) };
    },
    async put(key, encode, condition) {
      return settledOutward(await store.put(key, await inward(key, encode), condition));
    },
    async delete(key, encode, condition) {
      return settledOutward(await store.delete(key, await inward(key, encode), condition));
    },
    watch(prefix, afterRevision, sink) {
      // One group after the other, each when it is converted.
      let last: Promise<void> = Promise.resolve();
      let isOver = false;
      const deliver = async (events: readonly StoreEvent[]) => {
        if (isOver) return;
        await convertEntries(
          events.flatMap(({ entry, previous }) => [entry, ...(previous ? [previous] : [])]),
        );
        if (!isOver) sink.events(events.map((event) => eventOutward(event, outward)));
      };
      const fail = (error: unknown) => {
        if (isOver) return;
        isOver = true;
        watch.stop();
        sink.end(error instanceof Error ? error : undefined);
      };
      const watch = store.watch(prefix, afterRevision, {
        events: (events) => void (last = last.then(() => deliver(events)).catch(fail)),
        end: (error) => void last.then(() => fail(error)),
      });
      return {
        stop() {
          isOver = true;
          watch.stop();
        },
      };
    },
  };
}

function forwarded(store: Store) {
  return {
    start: () => store.start(),
    stop: () => store.stop(),
    settled: (key: string) => store.settled(key),
    count: (prefix: string) => store.count(prefix),
    compact: (revision: number) => store.compact(revision),
    check: () => store.check(),
  };
}

function optional(
  entry: StoredEntry | undefined,
  outward: (entry: StoredEntry) => StoredEntry,
): StoredEntry | undefined {
  return entry && outward(entry);
}

function eventOutward(
  { type, entry, previous }: StoreEvent,
  outward: (entry: StoredEntry) => StoredEntry,
): StoreEvent {
  return { type, entry: outward(entry), previous: optional(previous, outward) };
}

/** Runs of a handler that is stopped by objects which others write meanwhile. */
const RUNS_MAX = 20;

/** Runs a handler again until all that it reads is converted. Throws what it throws. */
export async function untilConverted<T>(
  { convert }: Pick<WebhookStore, 'convert'>,
  run: () => Promise<T> | T,
): Promise<T> {
  for (let runs = 1; ; runs++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NotConvertedError) || runs >= RUNS_MAX) throw error;
      await convert(error.entries);
    }
  }
}
