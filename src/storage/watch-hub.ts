// Who watches what. Watches are grouped by exact prefix, so that an event is matched against the
// few prefixes its key can have and not against every watch.
import type { Logger } from '../base/logger.ts';
import { errorMessage } from '../base/errors.ts';
import type { StoreEvent, Watch, WatchSink } from './store.ts';

interface Watcher {
  readonly prefix: string;
  readonly sink: WatchSink;
  stopped: boolean;
}

export class WatchHub {
  readonly #logger: Logger;
  readonly #watchersByPrefix = new Map<string, Set<Watcher>>();
  /** Distinct lengths of the watched prefixes, ascending. */
  #prefixLengths: number[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a watch; `missed` are delivered to it before this returns. */
  watch(prefix: string, sink: WatchSink, missed: readonly StoreEvent[]): Watch {
    const watcher: Watcher = { prefix, sink, stopped: false };
    const watchers = this.#watchersByPrefix.get(prefix);
    if (watchers) watchers.add(watcher);
    else {
      this.#watchersByPrefix.set(prefix, new Set([watcher]));
      this.#collectPrefixLengths();
    }
    if (missed.length > 0) this.#deliver(watcher, missed);
    return { stop: () => this.#remove(watcher) };
  }

  /** Delivers the events of one commit group. */
  publish(events: readonly StoreEvent[]): void {
    const eventsByPrefix = new Map<string, StoreEvent[]>();
    for (const event of events) {
      for (const prefix of this.#watchedPrefixes(event.entry.key)) {
        const matching = eventsByPrefix.get(prefix);
        if (matching) matching.push(event);
        else eventsByPrefix.set(prefix, [event]);
      }
    }
    // Receivers are collected first: a watch that a sink starts has seen these events already.
    const deliveries = [...eventsByPrefix].flatMap(([prefix, matching]) =>
      [...(this.#watchersByPrefix.get(prefix) ?? [])].map((watcher) => ({ watcher, matching })),
    );
    for (const { watcher, matching } of deliveries) this.#deliver(watcher, matching);
  }

  /** Ends all watches. */
  end(): void {
    const watchers = [...this.#watchersByPrefix.values()].flatMap((group) => [...group]);
    for (const watcher of watchers) this.#end(watcher);
  }

  *#watchedPrefixes(key: string): Generator<string> {
    for (const length of this.#prefixLengths) {
      if (length > key.length) return;
      const prefix = key.slice(0, length);
      if (this.#watchersByPrefix.has(prefix)) yield prefix;
    }
  }

  #deliver(watcher: Watcher, events: readonly StoreEvent[]): void {
    if (watcher.stopped) return;
    try {
      watcher.sink.events(events);
    } catch (error) {
      this.#logger.error('a watch failed and was ended', {
        prefix: watcher.prefix,
        error: errorMessage(error),
      });
      this.#end(watcher, error instanceof Error ? error : new Error(errorMessage(error)));
    }
  }

  #end(watcher: Watcher, error?: Error): void {
    if (watcher.stopped) return;
    this.#remove(watcher);
    try {
      watcher.sink.end(error);
    } catch (endError) {
      this.#logger.error('a watch failed while it was ended', {
        prefix: watcher.prefix,
        error: errorMessage(endError),
      });
    }
  }

  #remove(watcher: Watcher): void {
    if (watcher.stopped) return;
    watcher.stopped = true;
    const watchers = this.#watchersByPrefix.get(watcher.prefix);
    watchers?.delete(watcher);
    if (watchers?.size !== 0) return;
    this.#watchersByPrefix.delete(watcher.prefix);
    this.#collectPrefixLengths();
  }

  #collectPrefixLengths(): void {
    const lengths = new Set([...this.#watchersByPrefix.keys()].map((prefix) => prefix.length));
    this.#prefixLengths = [...lengths].sort((a, b) => a - b);
  }
}
