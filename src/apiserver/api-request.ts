// The waist between the edge of the API server (server.ts: sockets, TLS, encodings; or a function
// call in process) and its core (handlers/): the same request passes the same handlers.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { JsonObject, KubernetesObject } from '../api/meta/object.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import type { Readable } from 'node:stream';
import type { ExecRequest, RemoteProcess } from './node-connection.ts';
import type { Duplex } from 'node:stream';
import type { RequestInfo } from './request-info.ts';

export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** What authentication has to say beyond that, for reviews and the audit log. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const MASTERS_GROUP = 'system:masters';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the line above means, from callers that know already. */
  readonly info?: RequestInfo | undefined;
  readonly user: UserInfo;
  /** Bytes off the wire, or an already decoded JSON value from an in-process caller. */
  readonly body: Buffer | object | undefined;
  /** Media type without parameters, lower case; the empty string: JSON (API-102). */
  readonly contentType: string;
  readonly userAgent: string;
  /** A signal that is aborted when the caller has gone. */
  readonly signal: () => AbortSignal;
  /** Of requests that are passed on to pods. */
  readonly forwarded?: { readonly headers: IncomingHttpHeaders; readonly sourceIP: string };
  /** Notes something down for the audit log, if there is one. */
  readonly annotate?: (key: string, value: string) => void;
}

/** An object of the store with its bytes: encode once, send to all. */
export interface StoredObject<T extends KubernetesObject = KubernetesObject> {
  /** Decoded lazily, deeply frozen. */
  readonly object: T;
  /** The JSON text of `object`. */
  readonly encoded: Buffer;
}

export interface ObjectResponse {
  readonly kind: 'object';
  readonly code: number;
  /** Absent for Status and other objects that no table shows. */
  readonly resource: ResourceDefinition | undefined;
  /** Set for /scale and the like: tables differ. */
  readonly subresource: string;
  readonly stored: StoredObject;
  readonly warnings: readonly string[];
}

export interface ListResponse {
  readonly kind: 'list';
  readonly resource: ResourceDefinition;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly StoredObject[];
  /** Of the deletion of a collection. */
  readonly warnings?: readonly string[];
}

export interface ApiWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly stored: StoredObject;
}

export interface ApiWatchSink {
  /** Several events of one commit group at once, in order. */
  events(events: readonly ApiWatchEvent[]): void;
  /** Once; the stream is to be closed. */
  end(): void;
}

export interface WatchResponse {
  readonly kind: 'watch';
  readonly resource: ResourceDefinition;
  /** Starts delivery, possibly at once and synchronously. The result stops it. */
  open(sink: ApiWatchSink): { stop(): void };
}

/** Logs, and what pods answer. */
export interface StreamResponse {
  readonly kind: 'stream';
  readonly code: number;
  readonly contentType: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly stream: Readable;
}

/** exec and attach: the edge speaks the channel protocol with the client, then calls `connect`. */
export interface ProcessResponse {
  readonly kind: 'process';
  readonly request: Omit<ExecRequest, 'command'> & { stdout: boolean; stderr: boolean };
  connect(): Promise<RemoteProcess>;
}

export interface PortForwardResponse {
  readonly kind: 'portforward';
  dial(port: number): Promise<Duplex>;
}

export interface PlainResponse {
  readonly kind: 'plain';
  readonly code: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ApiResponse =
  | ObjectResponse
  | ListResponse
  | WatchResponse
  | StreamResponse
  | ProcessResponse
  | PortForwardResponse
  | PlainResponse;

/** Handles one request of an authenticated user. Throws StatusError. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>;

/** Wraps a made-up object (Status, Scale, …) that is not in the store. */
export function unstored(object: KubernetesObject | JsonObject): StoredObject {
  const value = object as KubernetesObject;
  let encoded: Buffer | undefined;
  return {
    object: value,
    get encoded() {
      return (encoded ??= Buffer.from(JSON.stringify(value)));
    },
  };
}

/** The annotation of the bookmark after the initial events of a watch (API-510). */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
