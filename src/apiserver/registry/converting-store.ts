// A view of the store through which a resource appears in another form than it is stored in:
// another group or version of the same objects. Handlers work on the form of the request and know
// nothing of the other.
import type { ResourceDefinition } from '../../api/resources.ts';
import type { FormConversion } from '../../api/form-conversion.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { Encode, Store, StoredEntry, StoreEvent } from '../../storage/store.ts';
import { collectionPrefix } from './object-keys.ts';
import { encodeObject, viewOf } from './stored-view.ts';

/** Keys, entries and events as they are stored, and as a request sees them. */
interface Translation {
  /** The key in the store; undefined for keys of other resources. */
  readonly inward: (key: string) => string | undefined;
  readonly outward: (entry: StoredEntry) => StoredEntry;
  readonly event: (event: StoreEvent) => StoreEvent;
  readonly encode: (encode: Encode) => Encode;
}

function translation(resource: ResourceDefinition, conversion: FormConversion): Translation {
  const shown = collectionPrefix(resource, '');
  const kept = collectionPrefix(conversion.stored, '');
  // One entry of ours for each of the store's: callers compare them by identity.
  const entries = new WeakMap<StoredEntry, StoredEntry>();
  const outward = (entry: StoredEntry): StoredEntry => {
    const known = entries.get(entry);
    if (known) return known;
    const value = encodeObject(conversion.fromStored(viewOf(entry).object), entry.revision);
    const converted = { ...entry, key: shown + entry.key.slice(kept.length), value };
    entries.set(entry, converted);
    return converted;
  };
  return {
    inward: (key) => (key.startsWith(shown) ? kept + key.slice(shown.length) : undefined),
    outward,
    event: ({ type, entry, previous }) => ({
      type,
      entry: outward(entry),
      previous: previous && outward(previous),
    }),
    encode: (encode) => (revision) => {
      const object = JSON.parse(encode(revision).toString()) as KubernetesObject;
      return encodeObject(conversion.toStored(object), revision);
    },
  };
}

/** The store as a request on `resource` sees it; keys of other resources are as they are. */
export function createConvertingStore(
  store: Store,
  resource: ResourceDefinition,
  conversion: FormConversion,
): Store {
  const { inward, outward, event, encode: encodeInward } = translation(resource, conversion);
  const read = (key: string, get: (key: string) => StoredEntry | undefined) => {
    const own = inward(key);
    const entry = get(own ?? key);
    return own === undefined || entry === undefined ? entry : outward(entry);
  };
  return {
    start: () => store.start(),
    stop: () => store.stop(),
    get revision() {
      return store.revision;
    },
    get compactedRevision() {
      return store.compactedRevision;
    },
    get: (key) => read(key, (own) => store.get(own)),
    settled: (key) => store.settled(inward(key) ?? key),
    getLatest: (key) => read(key, (own) => store.getLatest(own)),
    list(prefix, options) {
      const own = inward(prefix);
      if (own === undefined) return store.list(prefix, options);
      const after = options?.after === undefined ? undefined : inward(options.after);
      const result = store.list(own, after === undefined ? options : { ...options, after });
      return { ...result, entries: result.entries.map(outward) };
    },
    count: (prefix) => store.count(inward(prefix) ?? prefix),
    async put(key, encode, condition) {
      const own = inward(key);
      if (own === undefined) return store.put(key, encode, condition);
      return outward(await store.put(own, encodeInward(encode), condition));
    },
    async delete(key, encode, condition) {
      const own = inward(key);
      if (own === undefined) return store.delete(key, encode, condition);
      return outward(await store.delete(own, encodeInward(encode), condition));
    },
    watch(prefix, afterRevision, sink) {
      const own = inward(prefix);
      if (own === undefined) return store.watch(prefix, afterRevision, sink);
      return store.watch(own, afterRevision, {
        events: (events) => sink.events(events.map(event)),
        end: (error) => sink.end(error),
      });
    },
    compact: (revision) => store.compact(revision),
    check: () => store.check(),
  };
}
