// The audit log: events about a request when it comes, begins to be answered and has been answered,
// with who asked for what and how it ended, in the form of audit.k8s.io/v1. A policy says which
// requests, which of these stages, and whether bodies are in it.
import { groupVersion } from '../api/resources.ts';
import type { StatusError } from '../api/meta/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { formatMicroTime } from '../base/time.ts';
import type { ApiRequest, ApiResponse, UserInfo } from './api-request.ts';
import {
  LEVELS,
  plainPolicy,
  type AuditDecision,
  type AuditLevel,
  type AuditPolicy,
  type AuditStage,
} from './audit-policy.ts';
import type { Attributes } from './authorization/attributes.ts';
import type { Exchange } from './exchange.ts';
import { bodyValue } from './handlers/body-text.ts';

/** Where events go; it must neither throw nor wait. */
export interface AuditLog {
  readonly random: Random;
  /** Default: everything once, without bodies. */
  readonly policy?: AuditPolicy | undefined;
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
  /** The request as it was passed on, and what came back. */
  request?: ApiRequest;
  response?: ApiResponse;
  /** Set when the request was refused or failed. */
  error?: StatusError;
  /** What admission has to say. */
  annotations?: Record<string, string>;
  /** The same in all events about the request. */
  auditID?: string;
  decision?: AuditDecision;
}

/** Writes what the policy wants of a request. */
export interface Auditor {
  /** Once it is known who asks for what. */
  received(exchange: Exchange, request: AuditedRequest): void;
  /** When the head of a long answer was sent. */
  started(exchange: Exchange, request: AuditedRequest): void;
  /** When the request has been answered with `code`. */
  complete(exchange: Exchange, request: AuditedRequest, code: number): void;
}

const USER_AGENT_MAX = 1024;

/** An auditor that writes to a log (API-117). */
export function createAuditor(log: AuditLog, clock: Clock): Auditor {
  const { random, policy = plainPolicy } = log;
  const decide = (request: AuditedRequest): AuditDecision =>
    (request.decision ??= policy(request.user, request.attributes));
  const isWanted = (request: AuditedRequest, stage: AuditStage) => {
    const { level, omitStages } = decide(request);
    return level !== 'None' && !omitStages.has(stage);
  };
  const write = (exchange: Exchange, request: AuditedRequest, rest: Stage) => {
    request.auditID ??= random.uuid();
    log.write(auditEvent(exchange, request, { ...rest, nowMs: clock.now() }));
  };
  return {
    received(exchange, request) {
      if (isWanted(request, 'RequestReceived')) {
        write(exchange, request, { stage: 'RequestReceived', code: undefined });
      }
    },
    started(exchange, request) {
      if (isWanted(request, 'ResponseStarted')) {
        write(exchange, request, { stage: 'ResponseStarted', code: 200 });
      }
    },
    complete(exchange, request, code) {
      if (!isWanted(request, 'ResponseComplete')) return;
      const stage = { stage: 'ResponseComplete', code } as const;
      if (!isAtLeast(decide(request).level, 'Request')) return write(exchange, request, stage);
      void bodiesOf(request).then((bodies) => write(exchange, request, { ...stage, bodies }));
    },
  };
}

interface Stage {
  readonly stage: AuditStage;
  /** Absent before there is an answer. */
  readonly code: number | undefined;
  readonly bodies?: object;
}

function auditEvent(
  exchange: Exchange,
  request: AuditedRequest,
  { stage, code, bodies, nowMs }: Stage & { nowMs: number },
): object {
  const { user, impersonated, attributes, error, annotations } = request;
  const userAgent = exchange.headers['user-agent']?.slice(0, USER_AGENT_MAX);
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: request.decision?.level,
    auditID: request.auditID,
    stage,
    requestURI: exchange.uri,
    verb: attributes?.verb ?? exchange.method.toLowerCase(),
    user: user === undefined ? {} : userEntry(user),
    ...(impersonated === undefined ? {} : { impersonatedUser: userEntry(impersonated) }),
    sourceIPs: [request.sourceIP],
    ...(userAgent === undefined ? {} : { userAgent }),
    ...objectReference(attributes),
    ...(code === undefined ? {} : { responseStatus: { metadata: {}, ...failure(error), code } }),
    ...bodies,
    requestReceivedTimestamp: formatMicroTime(request.receivedMs),
    stageTimestamp: formatMicroTime(nowMs),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

const isAtLeast = (level: AuditLevel, other: AuditLevel) =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(other);

/** What was sent and, if the policy wants it, what was answered. */
async function bodiesOf({ request, response, error, decision }: AuditedRequest): Promise<object> {
  const asked = request && (await bodyValue(request));
  const answered =
    decision?.level === 'RequestResponse' ? (error?.status ?? objectOf(response)) : undefined;
  const omit = decision?.omitManagedFields === true;
  const shown = (value: unknown) => (omit ? withoutManagedFields(value) : value);
  return {
    ...(asked === undefined ? {} : { requestObject: shown(asked) }),
    ...(answered === undefined ? {} : { responseObject: shown(answered) }),
  };
}

function objectOf(response: ApiResponse | undefined): unknown {
  if (response?.kind === 'object') return response.stored.object;
  if (response?.kind !== 'list') return undefined;
  const { resource, metadata } = response;
  const items = response.items.map(({ object }) => object);
  return { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata, items };
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, items } = value as { metadata?: object; items?: unknown };
  const copy: Record<string, unknown> = { ...value };
  if (metadata) {
    const { managedFields: _, ...rest } = metadata as { managedFields?: unknown };
    copy['metadata'] = rest;
  }
  if (Array.isArray(items)) copy['items'] = items.map(withoutManagedFields);
  return copy;
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
