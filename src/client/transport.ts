// The narrow waist between a client and an API server: an HTTP connection (http-transport.ts) or a
// function call (in-process; made by the API server room). Requests are the same.
import type { Json, JsonObject } from '../api/meta/object.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path without query: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Any JSON value (JSON patches are arrays). What is given here must not be changed later. */
  readonly body?: object;
  /** Content type of the body; absent: `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export interface WatchEvent {
  readonly type: WatchEventType;
  /** The object, or a Status for ERROR. Frozen: it may be shared with the server's store. */
  readonly object: JsonObject;
}

export interface WatchHandler {
  event(event: WatchEvent): void;
  /** Called once, not after stop(); without an error when the server ended in good order. */
  end(error?: Error): void;
}

export interface WatchStream {
  stop(): void;
}

export interface Transport {
  /**
   * The reply's body, possibly frozen. Throws StatusError for every code that is not 2xx, or the
   * connection's own error.
   */
  request(request: TransportRequest): Promise<Json>;
  /**
   * Opens a watch (the caller sets `watch=true` and friends in the query). Resolves when the server
   * has accepted it; throws like `request`. Events may be handed over before it resolves. Aborting
   * `request.signal` later is the same as stop().
   */
  watch(request: TransportRequest, handler: WatchHandler): Promise<WatchStream>;
  /** Lets go of connections. */
  close(): Promise<void>;
}
