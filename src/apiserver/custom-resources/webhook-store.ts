// The store as a version sees it whose objects are converted by a webhook. Handlers read without
// waiting, so what was not converted yet stops them: `NotConvertedError`. Whoever runs a handler
// has it converted and runs the handler again.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type {
  Encode,
  Store,
  StoredEntry,
  StoreEvent,
  Watch,
  WatchSink,
} from '../../storage/store.ts';
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

/** Entries in the version of the resource, converted once and kept as long as the stored ones. */
interface Conversions {
  find(entry: StoredEntry): StoredEntry | undefined;
  /** Throws NotConvertedError. */
  outward(entry: StoredEntry): StoredEntry;
  convert(entries: readonly StoredEntry[]): Promise<void>;
  /** The bytes to be stored, made before the write: only the revision is not known yet. */
  inward(key: string, encode: Encode): Promise<Encode>;
}

function createConversions(options: WebhookStoreOptions): Conversions {
  const { resource, storedVersion, convert } = options;
  const own = groupVersion(resource);
  const prefix = collectionPrefix(resource, '');
  const converted = new WeakMap<StoredEntry, StoredEntry>();
  // Admission reads other objects through this store, too: they are as they are.
  const isAsItIs = (entry: StoredEntry) =>
    !entry.key.startsWith(prefix) || viewOf(entry).object.apiVersion === own;
  const find = (entry: StoredEntry): StoredEntry | undefined =>
    isAsItIs(entry) ? entry : converted.get(entry);
  return {
    find,
    outward(entry) {
      const found = find(entry);
      if (!found) throw new NotConvertedError([entry]);
      return found;
    },
    async convert(entries) {
      const missing = entries.filter((entry) => !find(entry));
      const objects = missing.map((entry) => viewOf(entry).object);
      const results = objects.length === 0 ? [] : await convert(objects, own);
      for (const [index, entry] of missing.entries()) {
        const object = results[index];
        if (!object) continue;
        converted.set(entry, { ...entry, value: encodeObject(object, entry.revision) });
      }
    },
    async inward(key, encode) {
      if (!key.startsWith(prefix)) return encode;
      const object = JSON.parse(encode(0).toString()) as KubernetesObject;
      const [result = object] =
        object.apiVersion === storedVersion ? [object] : await convert([object], storedVersion);
      return (revision) => encodeObject(result, revision);
    },
  };
}

/** A view of the store through a webhook; entries of other versions are converted once. */
export function createWebhookStore(options: WebhookStoreOptions): WebhookStore {
  const { store } = options;
  const conversions = createConversions(options);
  const outward = (entry: StoredEntry) => conversions.outward(entry);
  const settledOutward = async (entry: StoredEntry) => {
    await conversions.convert([entry]);
    return outward(entry);
  };
  return {
    ...forwarded(store),
    get revision() {
      return store.revision;
    },
    get compactedRevision() {
      return store.compactedRevision;
    },
    convert: (entries) => conversions.convert(entries),
    get: (key) => optional(store.get(key), outward),
    getLatest: (key) => optional(store.getLatest(key), outward),
    list(prefix, listOptions) {
      const result = store.list(prefix, listOptions);
      const missing = result.entries.filter((entry) => !conversions.find(entry));
      if (missing.length > 0) throw new NotConvertedError(missing);
      return { ...result, entries: result.entries.map(outward) };
    },
    async put(key, encode, condition) {
      const stored = await conversions.inward(key, encode);
      return settledOutward(await store.put(key, stored, condition));
    },
    async delete(key, encode, condition) {
      const stored = await conversions.inward(key, encode);
      return settledOutward(await store.delete(key, stored, condition));
    },
    watch(prefix, afterRevision, sink) {
      const converting = new ConvertingSink(conversions, sink);
      return converting.follow(store.watch(prefix, afterRevision, converting));
    },
  };
}

/** Hands events on, one group after the other, each when it is converted. */
class ConvertingSink implements WatchSink {
  readonly #conversions: Conversions;
  readonly #sink: WatchSink;
  #last: Promise<void> = Promise.resolve();
  #watch: Watch | undefined;
  #isOver = false;

  constructor(conversions: Conversions, sink: WatchSink) {
    this.#conversions = conversions;
    this.#sink = sink;
  }

  follow(watch: Watch): Watch {
    this.#watch = watch;
    return { stop: () => this.#stop() };
  }

  events(events: readonly StoreEvent[]): void {
    this.#last = this.#last
      .then(() => this.#deliver(events))
      .catch((error: unknown) => this.#fail(error));
  }

  end(error?: Error): void {
    void this.#last.then(() => this.#fail(error));
  }

  async #deliver(events: readonly StoreEvent[]): Promise<void> {
    if (this.#isOver) return;
    const entries = events.flatMap(({ entry, previous }) => [entry, previous ?? entry]);
    await this.#conversions.convert([...new Set(entries)]);
    const outward = (entry: StoredEntry) => this.#conversions.outward(entry);
    if (!this.#isOver) this.#sink.events(events.map((event) => eventOutward(event, outward)));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    this.#sink.end(error instanceof Error ? error : undefined);
  }

  #stop(): void {
    this.#isOver = true;
    this.#watch?.stop();
  }
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
