// Every error of the API is a Status with the standard reason and causes (API-310 … API-330).
import type { Status, StatusCause, StatusDetails } from '../generated/types.ts';

export type { StatusCause } from '../generated/types.ts';

export type StatusReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Expired'
  | 'Gone'
  | 'Forbidden'
  | 'Unauthorized'
  | 'BadRequest'
  | 'TooManyRequests'
  | 'Timeout'
  | 'ServerTimeout'
  | 'UnsupportedMediaType'
  | 'NotAcceptable'
  | 'MethodNotAllowed'
  | 'RequestEntityTooLarge'
  | 'InternalError'
  | 'ServiceUnavailable'
  | '';

const CODES: Record<StatusReason, number> = {
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Invalid: 422,
  Expired: 410,
  Gone: 410,
  Forbidden: 403,
  Unauthorized: 401,
  BadRequest: 400,
  TooManyRequests: 429,
  Timeout: 504,
  ServerTimeout: 500,
  UnsupportedMediaType: 415,
  NotAcceptable: 406,
  MethodNotAllowed: 405,
  RequestEntityTooLarge: 413,
  InternalError: 500,
  ServiceUnavailable: 503,
  '': 500,
};

export class StatusError extends Error {
  override name = 'StatusError';
  readonly status: Status;
  /** Texts for Warning headers of the reply (API-114). */
  warnings: readonly string[] = [];

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown API error');
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

export interface StatusErrorOptions {
  details?: StatusDetails;
  /** HTTP code, when it is not the usual one of the reason. */
  code?: number;
}

/** A failure Status of the given reason, ready to throw. */
export function statusError(
  reason: StatusReason,
  message: string,
  { details, code }: StatusErrorOptions = {},
): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code: code ?? CODES[reason],
  });
}

/** How a resource is named in messages: `pods`, `statefulsets.apps`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function resourceDetails({ group, resource }: GroupResource, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource };
}

/** API-310. */
export function notFound(resource: GroupResource, name: string): StatusError {
  const details = resourceDetails(resource, name);
  return statusError('NotFound', `${qualified(resource)} "${name}" not found`, { details });
}

/** API-311. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const details = resourceDetails(resource, name);
  return statusError('AlreadyExists', `${qualified(resource)} "${name}" already exists`, {
    details,
  });
}

/** API-312; `cause` is the sentence after the colon. */
export function conflict(resource: GroupResource, name: string, cause: string): StatusError {
  const details = resourceDetails(resource, name);
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${cause}`;
  return statusError('Conflict', message, { details });
}

/** The cause text of a resourceVersion that is not the stored one. */
export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** API-317. */
export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const details = resourceDetails(resource, name);
  const what = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return statusError('Forbidden', `${what} is forbidden: ${why}`, { details });
}

/** API-319. */
export function badRequest(message: string): StatusError {
  return statusError('BadRequest', message);
}

/** API-327. */
export function internalError(message: string): StatusError {
  const details = { causes: [{ message }] };
  return statusError('InternalError', `Internal error occurred: ${message}`, { details });
}

/**
 * API-314: `causes` are the field errors, in order; the message lists them. Reviews have no kind
 * here.
 */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  causes: readonly StatusCause[],
): StatusError {
  const texts = causes.map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`);
  const unique = [...new Set(texts)];
  const list = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return statusError('Invalid', `${qualifiedKind} "${name}" is invalid: ${list}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: [...causes],
    },
  });
}

function hasReason(error: unknown, ...reasons: StatusReason[]): boolean {
  return error instanceof StatusError && (reasons as string[]).includes(error.reason);
}

export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound');
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict');
export const isInvalid = (error: unknown): boolean => hasReason(error, 'Invalid');
export const isForbidden = (error: unknown): boolean => hasReason(error, 'Forbidden');
/** True for 410 of both reasons: the reader must list again. */
export const isExpired = (error: unknown): boolean => hasReason(error, 'Expired', 'Gone');
/** True when a namespace refuses new objects because it is being deleted (API-909). */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating')
  );
}
