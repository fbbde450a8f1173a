// The history of the fake API server and its open watches (API-506, API-507, API-509, API-510).
// Events are delivered synchronously with the write, unless paused.
import type { JsonObject } from '../../api/meta/object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { groupVersion } from '../../api/resources.ts';
import type { WatchEvent, WatchHandler, WatchStream } from '../transport.ts';
import type { FakeObject } from './fake-objects.ts';
import type { FakeRoute } from './fake-route.ts';
import { selects } from './fake-route.ts';

interface Change {
  readonly resource: ResourceDefinition;
  readonly object: FakeObject;
  readonly previous: FakeObject | undefined;
  readonly deleted: boolean;
}

interface OpenWatch {
  readonly route: FakeRoute;
  readonly handler: WatchHandler;
  readonly bookmarks: boolean;
}

export class FakeWatches {
  /** The newest resourceVersion. */
  version = 0;
  #compacted = 0;
  #paused: (() => void)[] | undefined;
  readonly #history: { version: number; change: Change }[] = [];
  readonly #open = new Set<OpenWatch>();

  get size(): number {
    return this.#open.size;
  }

  open(request: {
    route: FakeRoute;
    query: Readonly<Record<string, string>>;
    handler: WatchHandler;
    objects: () => FakeObject[];
  }): WatchStream {
    const { route, query, handler } = request;
    const watch = { route, handler, bookmarks: query['allowWatchBookmarks'] === 'true' };
    const from = Number(query['resourceVersion'] ?? 0);
    this.#open.add(watch);
    if (query['sendInitialEvents'] === 'true' || from === 0) {
      for (const object of request.objects()) this.#send(watch, 'ADDED', object);
      if (query['sendInitialEvents'] === 'true') this.#bookmark(watch, true);
    } else if (from < this.#compacted) {
      const message = `too old resource version: ${from} (${this.#compacted})`;
      const { status } = statusError('Expired', message);
      this.#send(watch, 'ERROR', status as unknown as FakeObject);
      this.#close(watch);
    } else {
      for (const { version, change } of this.#history) {
        if (version > from) this.#deliver(watch, change);
      }
    }
    return { stop: () => void this.#open.delete(watch) };
  }

  publish(change: Change): void {
    this.version++;
    this.#history.push({ version: this.version, change });
    for (const watch of this.#snapshot()) this.#deliver(watch, change);
  }

  compact(): void {
    this.#compacted = this.version;
    this.#history.length = 0;
  }

  end(error?: Error): void {
    for (const watch of this.#snapshot()) this.#close(watch, error);
  }

  pause(): void {
    this.#paused ??= [];
  }

  resume(): void {
    const held = this.#paused ?? [];
    this.#paused = undefined;
    for (const send of held) send();
  }

  sendBookmarks(): void {
    for (const watch of this.#open) if (watch.bookmarks) this.#bookmark(watch, false);
  }

  sendRaw(event: { type: string; object?: unknown }): void {
    for (const { handler } of this.#snapshot()) handler.event(event as WatchEvent);
  }

  /** Handlers may open and close watches while events are handed out. */
  #snapshot(): OpenWatch[] {
    return Array.from(this.#open);
  }

  #deliver(watch: OpenWatch, { resource, object, previous, deleted }: Change): void {
    const { route } = watch;
    if (route.resource !== resource) return;
    if (route.namespace !== '' && route.namespace !== object.metadata.namespace) return;
    const before = previous !== undefined && selects(route, previous);
    const after = !deleted && selects(route, object);
    if (before && after) this.#send(watch, 'MODIFIED', object);
    else if (after) this.#send(watch, 'ADDED', object);
    else if (before) this.#send(watch, 'DELETED', object);
  }

  #bookmark(watch: OpenWatch, initialEnd: boolean): void {
    const { resource } = watch.route;
    const annotations = initialEnd ? { 'k8s.io/initial-events-end': 'true' } : undefined;
    const metadata = { resourceVersion: String(this.version), ...(annotations && { annotations }) };
    const object = { kind: resource.kind, apiVersion: groupVersion(resource), metadata };
    this.#send(watch, 'BOOKMARK', object);
  }

  #send(watch: OpenWatch, type: WatchEvent['type'], object: FakeObject): void {
    const send = () => {
      if (this.#open.has(watch)) {
        watch.handler.event({ type, object: object as unknown as JsonObject });
      }
    };
    if (this.#paused) this.#paused.push(send);
    else send();
  }

  #close(watch: OpenWatch, error?: Error): void {
    if (this.#open.delete(watch)) watch.handler.end(error);
  }
}
