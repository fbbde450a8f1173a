// Watches (API-505 … API-514): the store's events, narrowed to a selection and dressed as API
// events.
import type { Status } from '../../api/generated/types.ts';
import { zeroMembers } from '../../api/meta/zero-object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import { groupVersion } from '../../api/resources.ts';
import type { Timer } from '../../base/clock.ts';
import { RevisionCompactedError } from '../../storage/store.ts';
import type { StoreEvent, Watch } from '../../storage/store.ts';
import { INITIAL_EVENTS_END, unstored } from '../api-request.ts';
import type { ApiWatchEvent, ApiWatchSink, WatchResponse } from '../api-request.ts';
import { storedAt, viewOf } from '../registry/stored-view.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import {
  invalidVersion,
  parseListOptions,
  parseResourceVersion,
  tooLargeResourceVersion,
} from './list-options.ts';
import type { ListOptions } from './list-options.ts';
import { parseSelection } from './selection.ts';
import type { Selection } from './selection.ts';

/** Time between bookmarks (API-509). */
const BOOKMARK_INTERVAL_MS = 60_000;
/** The last bookmark comes this long before the end. */
const LAST_BOOKMARK_MS = 2_000;
/** So long a watch stays silent for a version of the future before it ends with an error. */
const FRESH_WAIT_MS = 3_000;
/** Life time of a watch that asks for none: random from this to its double (API-513). */
const LIFE_SECONDS_MIN = 1_800;

export function handleWatch(context: HandlerContext, target: ResourceRequest): WatchResponse {
  const options = parseListOptions(target.request.query, 'watch');
  const selection = parseSelection(target, options);
  const from = parseResourceVersion(options.resourceVersion);
  if (from === undefined) {
    throw statusError('', invalidVersion(options.resourceVersion));
  }
  const lifeSeconds =
    options.timeoutSeconds === undefined || options.timeoutSeconds <= 0
      ? LIFE_SECONDS_MIN + context.random.integer(LIFE_SECONDS_MIN)
      : options.timeoutSeconds;
  const plan = { target, options, selection, from, lifeMs: lifeSeconds * 1000 };
  return {
    kind: 'watch',
    resource: target.resource,
    open: (sink) => new WatchSession(context, plan, sink).open(),
  };
}

interface WatchPlan {
  readonly target: ResourceRequest;
  readonly options: ListOptions;
  readonly selection: Selection;
  readonly from: number;
  readonly lifeMs: number;
}

class WatchSession {
  readonly #context: HandlerContext;
  readonly #plan: WatchPlan;
  readonly #sink: ApiWatchSink;
  readonly #timers: { life?: Timer; bookmark?: Timer; fresh?: Timer } = {};
  #watch: Watch | undefined;
  #ended = false;

  constructor(context: HandlerContext, plan: WatchPlan, sink: ApiWatchSink) {
    this.#context = context;
    this.#plan = plan;
    this.#sink = sink;
  }

  open(): { stop(): void } {
    const { store, clock } = this.#context;
    if (this.#plan.from <= store.revision) this.#follow();
    else this.#timers.fresh = clock.schedule(FRESH_WAIT_MS, () => this.#follow());
    if (!this.#ended) this.#setTimers();
    return { stop: () => this.#release() };
  }

  #follow(): void {
    const { revision } = this.#context.store;
    if (this.#plan.from > revision) {
      // A store that was begun anew would never get there: the client is told, to list again. Once
      // the head of the reply is out, whatever goes wrong is an event.
      this.#endWith(tooLargeResourceVersion(this.#plan.from, revision).status);
      return;
    }
    try {
      const watch = this.#context.store.watch(this.#plan.selection.prefix, this.#start(), {
        events: (events) => this.#deliver(apiEvents(events, this.#plan.selection)),
        end: () => this.#end(),
      });
      if (this.#ended) watch.stop();
      else this.#watch = watch;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Sends the initial events, if any are due; returns the revision to go on from. */
  #start(): number {
    const { options, from, selection } = this.#plan;
    const initial = options.sendInitialEvents ?? from === 0;
    const { store } = this.#context;
    if (!initial) return from === 0 ? store.revision : from;
    const { entries, revision } = store.list(selection.prefix);
    const events = entries
      .map((entry): ApiWatchEvent => ({ type: 'ADDED', stored: viewOf(entry) }))
      .filter(({ stored }) => selection.all || selection.selects(stored.object));
    if (options.sendInitialEvents === true && options.allowWatchBookmarks) {
      events.push(this.#bookmark(revision, { [INITIAL_EVENTS_END]: 'true' }));
    }
    this.#deliver(events);
    return revision;
  }

  #setTimers(): void {
    const { clock } = this.#context;
    const { lifeMs, options } = this.#plan;
    this.#timers.life = clock.schedule(lifeMs, () => this.#end());
    if (!options.allowWatchBookmarks) return;
    const endMs = clock.now() + lifeMs;
    const arm = () => {
      const leftMs = endMs - LAST_BOOKMARK_MS - clock.now();
      if (leftMs <= 0) return;
      this.#timers.bookmark = clock.schedule(Math.min(BOOKMARK_INTERVAL_MS, leftMs), () => {
        // Published events were delivered in the turn that published them, so none is skipped.
        this.#deliver([this.#bookmark(this.#context.store.revision)]);
        if (!this.#ended) arm();
      });
    };
    arm();
  }

  /** API-509. */
  #bookmark(revision: number, annotations?: Record<string, string>): ApiWatchEvent {
    const { resource } = this.#plan.target;
    const metadata = {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const { kind, custom, model } = resource;
    const rest = custom ? {} : zeroMembers(model);
    const object = { ...rest, apiVersion: groupVersion(resource), kind, metadata };
    return { type: 'BOOKMARK', stored: unstored(object) };
  }

  #deliver(events: readonly ApiWatchEvent[]): void {
    if (events.length > 0 && !this.#ended) this.#sink.events(events);
  }

  /** API-514: a revision that is forgotten gives one ERROR event. */
  #fail(error: unknown): void {
    if (!(error instanceof RevisionCompactedError)) {
      this.#release();
      throw error;
    }
    const { from } = this.#plan;
    const text = `too old resource version: ${from} (${error.compactedRevision})`;
    this.#endWith(statusError('Expired', text).status);
  }

  #endWith(status: Status): void {
    this.#deliver([{ type: 'ERROR', stored: unstored(status as never) }]);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#release();
    this.#sink.end();
  }

  #release(): void {
    this.#ended = true;
    this.#watch?.stop();
    this.#timers.life?.cancel();
    this.#timers.bookmark?.cancel();
    this.#timers.fresh?.cancel();
  }
}

function apiEvents(events: readonly StoreEvent[], selection: Selection): ApiWatchEvent[] {
  const result: ApiWatchEvent[] = [];
  for (const event of events) {
    const dressed = apiEvent(event, selection);
    if (dressed) result.push(dressed);
  }
  return result;
}

/** API-506, API-507: what a change is to this watcher, if anything. */
function apiEvent(event: StoreEvent, { all, selects }: Selection): ApiWatchEvent | undefined {
  const { entry, previous } = event;
  const stored = viewOf(entry);
  const before = previous !== undefined && (all || selects(viewOf(previous).object));
  const after = event.type === 'put' && (all || selects(stored.object));
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', stored };
  if (!before) return undefined;
  if (event.type === 'delete') return { type: 'DELETED', stored };
  // It left the selection: the state this watcher knew, at the revision of the change.
  return { type: 'DELETED', stored: storedAt(viewOf(previous).object, entry.revision) };
}
