// The audit log: one event a request at its end, with who asked for what and how it was answered,
// in the form of audit.k8s.io/v1 at level Metadata. Bodies and tokens are never in it.
import type { StatusError } from '../api/meta/status-error.ts';
import type { Random } from '../base/random.ts';
import { formatMicroTime } from '../base/time.ts';
import type { UserInfo } from './api-request.ts';
import type { Attributes } from './authorization/attributes.ts';
import type { Exchange } from './exchange.ts';

/** Where events go; it must neither throw nor wait. */
export interface AuditLog {
  readonly random: Random;
  write(event: object): void;
}

/** What was found out about a request on its way. */
export interface AuditedRequest {
  readonly receivedMs: number;
  /** Of the caller; a connection that is closed doesn't know it any more. */
  readonly sourceIP: string;
  /** Absent when nobody could be authenticated. */
  user?: UserInfo;
  /** Set when the user acts as somebody else. */
  impersonated?: UserInfo;
  /** Absent when the path could not be read. */
  attributes?: Attributes & { readonly version?: string };
  /** Set when the request was refused or failed. */
  error?: StatusError;
  /** What admission has to say. */
  annotations?: Record<string, string>;
}

const USER_AGENT_MAX = 1024;

/** The event of a request that has been answered with `code` (API-117). */
export function auditEvent(
  exchange: Exchange,
  request: AuditedRequest,
  { auditID, code, nowMs }: { auditID: string; code: number; nowMs: number },
): object {
  const { user, impersonated, attributes, error, annotations } = request;
  const userAgent = exchange.headers['user-agent']?.slice(0, USER_AGENT_MAX);
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID,
    stage: 'ResponseComplete',
    requestURI: exchange.uri,
    verb: attributes?.verb ?? exchange.method.toLowerCase(),
    user: user === undefined ? {} : userEntry(user),
    ...(impersonated === undefined ? {} : { impersonatedUser: userEntry(impersonated) }),
    sourceIPs: [request.sourceIP],
    ...(userAgent === undefined ? {} : { userAgent }),
    ...objectReference(attributes),
    responseStatus: { metadata: {}, ...failure(error), code },
    requestReceivedTimestamp: formatMicroTime(request.receivedMs),
    stageTimestamp: formatMicroTime(nowMs),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function userEntry({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid === '' ? {} : { uid }),
    groups,
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function objectReference(attributes: AuditedRequest['attributes']): { objectRef?: object } {
  if (!attributes || 'path' in attributes) return {};
  const { resource, namespace, name, group, version = '', subresource } = attributes;
  const parts = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return { objectRef: Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== '')) };
}

function failure(error: StatusError | undefined) {
  if (!error) return {};
  const { status, message, reason } = error.status;
  return { status, message, reason };
}
