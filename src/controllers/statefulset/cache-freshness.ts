// A sync must never decide on caches older than the controller's own last writes (SS-801 … SS-803).
import type { KubernetesObject } from '../../api/meta/object.ts';

export type TrackedCache = 'pods' | 'claims' | 'sets';

interface Written {
  uid: string;
  versions: Map<TrackedCache, bigint>;
}

/** Undefined for a version that is not a number: it can't be compared and never blocks (SS-803). */
function comparable(resourceVersion: string | undefined): bigint | undefined {
  return /^[0-9]+$/.test(resourceVersion ?? '') ? BigInt(resourceVersion ?? '0') : undefined;
}

/** Remembers, for each set, the newest resourceVersion it got back from its own writes. */
export class WriteLog {
  readonly #written = new Map<string, Written>();
  /** Uids of sets that the API has no more, while the cache still has them. */
  readonly #gone = new Map<string, string>();

  record(set: { key: string; uid: string }, cache: TrackedCache, written: KubernetesObject): void {
    const version = comparable(written.metadata.resourceVersion);
    if (version === undefined) return;
    let entry = this.#written.get(set.key);
    if (entry?.uid !== set.uid) {
      entry = { uid: set.uid, versions: new Map() };
      this.#written.set(set.key, entry);
    }
    if (version > (entry.versions.get(cache) ?? 0n)) entry.versions.set(cache, version);
  }

  /** The cache that lags behind this set's own writes, or undefined when all are fresh. */
  staleCache(
    key: string,
    cacheVersions: Readonly<Record<TrackedCache, string>>,
  ): TrackedCache | undefined {
    const entry = this.#written.get(key);
    if (!entry) return undefined;
    for (const [cache, version] of entry.versions) {
      const seen = comparable(cacheVersions[cache]);
      if (seen !== undefined && seen < version) return cache;
      entry.versions.delete(cache);
    }
    this.#written.delete(key);
    return undefined;
  }

  /** The API has no set of this uid any more: what the cache says of it is not to be acted on. */
  recordGone(set: { key: string; uid: string }): void {
    this.#gone.set(set.key, set.uid);
  }

  isGone(set: { key: string; uid: string }): boolean {
    return this.#gone.get(set.key) === set.uid;
  }

  /** Forgets a set that is gone from the cache too. */
  forget(key: string): void {
    this.#written.delete(key);
    this.#gone.delete(key);
  }
}
