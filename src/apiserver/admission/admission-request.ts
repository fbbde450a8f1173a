// What an admission step is given, and how it asks "is this mine?".
import type { KubernetesObject } from '../../api/meta/object.ts';
import { forbidden } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { HandlerContext, ResourceRequest } from '../handlers/handler-context.ts';

/** A small object that stands for a part of the stored one: a Scale. */
export interface ObjectFace {
  readonly to: (object: KubernetesObject) => KubernetesObject;
  /** `object` with what the face says. */
  readonly from: (face: KubernetesObject, object: KubernetesObject) => KubernetesObject;
}

export interface AdmissionRequest<T extends KubernetesObject = KubernetesObject> {
  readonly context: HandlerContext;
  readonly target: ResourceRequest;
  readonly operation: 'create' | 'update' | 'delete' | 'connect';
  /** What the object is when it is not of the resource: a Binding, say. */
  readonly kind?: ResourceDefinition;
  /** How webhooks and policies see the object, when that is another way than it is stored. */
  readonly face?: ObjectFace;
  /** A private copy that mutating steps may change; what is deleted, for a delete. */
  readonly object: T;
  /** Only of an update. */
  readonly old: T | undefined;
  /** Nothing will be stored; steps must not leave anything behind. */
  readonly dryRun: boolean;
  /** What the client is to be warned of; steps add to it. */
  readonly warnings: string[];
  /** Notes something down for the audit log. */
  audit(key: string, value: string): void;
}

/** What a write is about. */
export type Admitted = Pick<
  AdmissionRequest,
  'operation' | 'object' | 'old' | 'dryRun' | 'kind' | 'face'
>;

/** A request as admission sees it. */
export function admissionRequest(
  context: HandlerContext,
  target: ResourceRequest,
  admitted: Admitted,
): AdmissionRequest {
  const audit = (key: string, value: string) => target.request.annotate?.(key, value);
  return { context, target, ...admitted, warnings: [], audit };
}

/**
 * Looks at a request and returns, changes the object, or throws 403 (404 for a missing namespace).
 */
export type AdmissionStep = (request: AdmissionRequest) => void;

/** As AdmissionStep, for those that may have to ask outside: these answer with a promise. */
export type OutsideStep = (request: AdmissionRequest) => void | Promise<void>;

/**
 * The object of a request on `resource` itself (no subresource), if the request is one of these
 * operations.
 */
export function requestOn<T extends KubernetesObject>(
  request: AdmissionRequest,
  resource: string,
  ...operations: readonly AdmissionRequest['operation'][]
): AdmissionRequest<T> | undefined {
  const { resource: actual } = request.target;
  const isIt =
    actual.resource === resource &&
    request.target.info.subresource === '' &&
    operations.includes(request.operation);
  return isIt ? (request as AdmissionRequest<T>) : undefined;
}

/** The object of an update of a subresource, if the request is one. */
export function requestOnPart<T extends KubernetesObject>(
  request: AdmissionRequest,
  resource: string,
  subresource: string,
): AdmissionRequest<T> | undefined {
  const { resource: actual, info } = request.target;
  const isIt =
    actual.resource === resource &&
    info.subresource === subresource &&
    request.operation === 'update';
  return isIt ? (request as AdmissionRequest<T>) : undefined;
}

/** A refusal: 403 about the object of the request. */
export function refuse({ target, object }: AdmissionRequest, why: string): StatusError {
  const { name = '', generateName = '' } = object.metadata;
  return forbidden(target.resource, name === '' ? generateName : name, why);
}
