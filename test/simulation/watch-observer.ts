// Watches the server as a raw client and compares with what the store has published: ordered,
// unique, reliable, resumable, bookmarkable (API-505 … API-514).
import type { KubernetesObject } from '../../src/api/meta/object.ts';
import { viewOf } from '../../src/apiserver/registry/stored-view.ts';
import {
  groupVersion,
  persistentVolumeClaims,
  pods,
  resourcePath,
  statefulSets,
  type ResourceDefinition,
} from '../../src/api/resources.ts';
import { seededRandom, type Random } from '../../src/base/random.ts';
import type { Transport, WatchEvent, WatchStream } from '../../src/client/transport.ts';
import type { StoreEvent } from '../../src/storage/store.ts';
import type { Cluster } from './cluster.ts';

interface Selection {
  readonly query: Readonly<Record<string, string>>;
  readonly selects: (object: KubernetesObject) => boolean;
}

const everything: Selection = { query: {}, selects: () => true };
const webOnly: Selection = {
  query: { labelSelector: 'app=web' },
  selects: ({ metadata }) => metadata.labels?.['app'] === 'web',
};
const runningOnly: Selection = {
  query: { fieldSelector: 'status.phase=Running' },
  selects: (object) => (object as { status?: { phase?: string } }).status?.phase === 'Running',
};

/** Connections are given up after this, at most, and resumed. */
const PATIENCE_MS = 20_000;

/** A few of these for the whole run. */
export class WatchObserver {
  readonly #cluster: Cluster;
  readonly #watches: ObservedWatch[];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    const random = seededRandom(cluster.scenario.seed ^ 0x0b5e);
    const watched: [ResourceDefinition, Selection][] = [
      [pods, everything],
      [pods, webOnly],
      [pods, runningOnly],
      [statefulSets, everything],
      [persistentVolumeClaims, everything],
    ];
    this.#watches = watched.map(
      ([resource, selection]) => new ObservedWatch(cluster, { resource, selection, random }),
    );
  }

  start(): void {
    for (const watch of this.#watches) watch.connect();
  }

  /** Nothing to do between events: each event is checked as it comes. */
  check(): void {
    for (const watch of this.#watches) watch.checkComplete();
  }

  /** At the end nothing is missing. */
  finish(): void {
    this.check();
    this.#cluster.world.log('observer', 'has seen everything');
  }
}

class ObservedWatch {
  readonly #cluster: Cluster;
  readonly #resource: ResourceDefinition;
  readonly #selection: Selection;
  readonly #random: Random;
  readonly #transport: Transport;
  /** Everything up to here has been told. */
  #revision: number;
  /** Of the history's events of the resource: the first that was not told. */
  #next = 0;
  #stream: WatchStream | undefined;
  #connection = 0;

  constructor(
    cluster: Cluster,
    {
      resource,
      selection,
      random,
    }: { resource: ResourceDefinition; selection: Selection; random: Random },
  ) {
    this.#cluster = cluster;
    this.#resource = resource;
    this.#selection = selection;
    this.#random = random;
    this.#transport = cluster.server.transportFor('observer', 'observer');
    this.#revision = cluster.history.revision;
    this.#next = cluster.history.events(resource).length;
  }

  connect(): void {
    const connection = ++this.#connection;
    const { world } = this.#cluster;
    const query = {
      ...this.#selection.query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: String(this.#revision),
    };
    const request = { method: 'GET' as const, path: resourcePath(this.#resource, {}), query };
    const isCurrent = () => connection === this.#connection;
    const again = () => {
      if (!isCurrent()) return;
      this.#stream = undefined;
      this.#connection++;
      world.schedule(1 + this.#random.integer(500), () => this.connect());
    };
    const handler = {
      event: (event: WatchEvent) => {
        if (isCurrent()) this.#receive(event);
      },
      end: again,
    };
    this.#transport.watch(request, handler).then((stream) => {
      if (!isCurrent()) return stream.stop();
      this.#stream = stream;
      world.schedule(1 + this.#random.integer(PATIENCE_MS), () => {
        if (!isCurrent()) return;
        stream.stop();
        again();
      });
    }, again);
  }

  /** An open watch has told everything that is published. */
  checkComplete(): void {
    if (!this.#stream) return;
    const missing = this.#peek();
    if (missing) this.#fail(`revision ${missing.event.entry.revision} was not told`);
  }

  #receive({ type, object }: WatchEvent): void {
    const { metadata } = object as unknown as KubernetesObject;
    if (type === 'ERROR') return this.#expired(object);
    const version = Number(metadata.resourceVersion);
    if (type === 'BOOKMARK') {
      const missing = this.#peek();
      if (missing && missing.event.entry.revision <= version) {
        this.#fail(`a bookmark at ${version} hides ${missing.event.entry.revision}`);
      }
      if (version < this.#revision) this.#fail(`a bookmark at ${version} goes back`);
      this.#revision = version;
      return;
    }
    const expected = this.#peek();
    if (!expected) return this.#fail(`${type} at ${version} was never published`);
    this.#next = expected.index + 1;
    this.#revision = version;
    const { entry } = expected.event;
    if (expected.type !== type || entry.revision !== version) {
      const wanted = `${expected.type} at ${entry.revision}`;
      this.#fail(`${type} at ${version} instead of ${wanted}`);
    }
    if (type !== 'DELETED' && viewOf(entry).object.metadata.uid !== metadata.uid) {
      this.#fail(`the object at ${version} is another one`);
    }
  }

  /** 410 is right only for what is forgotten; then the client starts from now. */
  #expired(status: unknown): void {
    const { code } = status as { code?: number };
    const { store } = this.#cluster.server;
    const forgotten = store?.compactedRevision ?? 0;
    if (code !== 410 || this.#revision >= forgotten) {
      this.#fail(`error ${code} at ${this.#revision}, with history from ${forgotten} on`);
    }
    const { history } = this.#cluster;
    this.#revision = history.revision;
    this.#next = history.events(this.#resource).length;
  }

  /** The next event that this watch is to be told. */
  #peek() {
    const events = this.#cluster.history.events(this.#resource);
    for (let index = this.#next; index < events.length; index++) {
      const event = events[index]!;
      const type = seenAs(event, this.#selection);
      if (type) return { index, event, type };
      // Not ours; it need not be looked at again.
      this.#next = index + 1;
    }
    return undefined;
  }

  #fail(message: string): void {
    const what = `${groupVersion(this.#resource)}/${this.#resource.resource}`;
    const { query } = this.#selection;
    const text = `${what} ${JSON.stringify(query)}: ${message}`;
    this.#cluster.world.fail('watchesKeepTheirPromises', text);
  }
}

/** What a change is to a watcher with the selection, if anything. */
function seenAs({ type, entry, previous }: StoreEvent, { selects }: Selection) {
  const before = previous !== undefined && selects(viewOf(previous).object);
  const after = type === 'put' && selects(viewOf(entry).object);
  if (after) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}
