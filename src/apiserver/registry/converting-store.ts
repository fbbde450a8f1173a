// A view of the store through which a resource appears in another form than it is stored in: another
// group or version of the same objects. Handlers work on the form of the request and know nothing of
// the other.
import type { ResourceDefinition } from '../../api/resources.ts';
import type { FormConversion } from '../../api/form-conversion.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { Encode, Store, StoredEntry, StoreEvent } from '../../storage/store.ts';
import { collectionPrefix } from './object-keys.ts';
import { encodeObject, viewOf } from './stored-view.ts';

/** The store as a request on `resource` sees it; keys of other resources are as they are. */
export function createConvertingStore(
  store: Store,
  resource: ResourceDefinition,
  { stored, toStored, fromStored }: FormConversion,
): Store {
  const shown = collectionPrefix(resource, '');
  const kept = collectionPrefix(stored, '');
  // One entry of ours for each of the store's: callers compare them by identity.
  const entries = new WeakMap<StoredEntry, StoredEntry>();
  const inward = (key: string) =>
    key.startsWith(shown) ? kept + key.slice(shown.length) : undefined;
  const outward = (entry: StoredEntry): StoredEntry => {
    const known = entries.get(entry);
    if (known) return known;
    const value = encodeObject(fromStored(viewOf(entry).object), entry.revision);
    const converted = { ...entry, key: shown + entry.key.slice(kept.length), value };
    entries.set(entry, converted);
    return converted;
  };
  const encodeInward =
    (encode: Encode): Encode =>
    (revision) => {
      const object = JSON.parse(encode(revision).toString()) as KubernetesObject;
      return encodeObject(toStored(object), revision);
    };
  const eventOutward = ({ type, entry, previous }: StoreEvent): StoreEvent => ({
    type,
    entry: outward(entry),
    previous: previous && outward(previous),
  });
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
        events: (events) => sink.events(events.map(eventOutward)),
        end: (error) => sink.end(error),
      });
    },
    compact: (revision) => store.compact(revision),
    check: () => store.check(),
  };
}
