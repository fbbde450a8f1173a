// GET of one object.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import type { ObjectResponse, StoredObject } from '../api-request.ts';
import { requireObject } from '../registry/object-store.ts';
import type { Target } from '../registry/object-store.ts';
import { isTrue } from '../request-info.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { invalidVersion, parseResourceVersion, tooLargeResourceVersion } from './list-options.ts';

/** The object a request names. */
export function targetOf({ resource, info }: ResourceRequest): Target {
  return { resource, namespace: info.namespace, name: info.name };
}

/** API-310, API-503. */
export function handleGet(context: HandlerContext, target: ResourceRequest): ObjectResponse {
  return objectResponse(target, getCurrent(context, target));
}

const NO_EXPORT = 'the export parameter, deprecated since v1.14, is no longer supported';

/** The object, not older than the request's resourceVersion. Throws 404, 400, 500, 504. */
export function getCurrent<T extends KubernetesObject>(
  { store }: HandlerContext,
  target: ResourceRequest,
): StoredObject<T> {
  const { query } = target.request;
  if (isTrue(query.get('export'))) throw badRequest(NO_EXPORT);
  const text = query.get('resourceVersion') ?? '';
  const asked = parseResourceVersion(text);
  // Not 400, as in the reference: it is its store that reads the number here.
  if (asked === undefined) throw statusError('', invalidVersion(text));
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
