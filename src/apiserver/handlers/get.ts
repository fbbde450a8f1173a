// GET of one object.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { ObjectResponse, StoredObject } from '../api-request.ts';
import { requireObject } from '../registry/object-store.ts';
import type { Target } from '../registry/object-store.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { notUnsigned, parseResourceVersion, tooLargeResourceVersion } from './list-options.ts';

/** The object a request names. */
export function targetOf({ resource, info }: ResourceRequest): Target {
  return { resource, namespace: info.namespace, name: info.name };
}

/** API-310, API-503. */
export function handleGet(context: HandlerContext, target: ResourceRequest): ObjectResponse {
  return objectResponse(target, getCurrent(context, target));
}

/** The object, not older than the request's resourceVersion. Throws 404, 400, 504. */
export function getCurrent<T extends KubernetesObject>(
  { store }: HandlerContext,
  target: ResourceRequest,
): StoredObject<T> {
  const text = target.request.query.get('resourceVersion') ?? '';
  const asked = parseResourceVersion(text);
  if (asked === undefined) throw badRequest(`invalid resource version: ${notUnsigned(text)}`);
  if (asked > store.revision) throw tooLargeResourceVersion(asked, store.revision);
  return requireObject<T>(store, targetOf(target));
}

/** A reply with one object, code 200 and no warnings unless given. */
export function objectResponse(
  { resource, info }: ResourceRequest,
  stored: StoredObject,
  { code = 200, warnings = [] }: { code?: number; warnings?: readonly string[] } = {},
): ObjectResponse {
  return { kind: 'object', code, resource, subresource: info.subresource, stored, warnings };
}
