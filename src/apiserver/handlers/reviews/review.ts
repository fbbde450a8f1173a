// The frame of all reviews: decode the question, answer it, store nothing (API-1106).
import type { Causes } from '../../../api/core/field-rules.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { invalid } from '../../../api/meta/status-error.ts';
import { unstored, type ObjectResponse } from '../../api-request.ts';
import { methodNotAllowed } from '../../request-info.ts';
import { decodeBody, matchNamespace } from '../body.ts';
import { objectResponse } from '../get.ts';
import type { ResourceRequest } from '../handler-context.ts';
import { parseWriteOptions } from '../write-options.ts';

/** Replies with what `respond` makes of the question. */
export async function answer<T extends KubernetesObject>(
  target: ResourceRequest,
  respond: (review: T) => T,
): Promise<ObjectResponse> {
  const { request, resource, info } = target;
  if (resource.namespaced && info.namespace === '') throw methodNotAllowed();
  const { fieldValidation } = parseWriteOptions(request.query, 'CreateOptions');
  const { object, warnings } = await decodeBody(request, resource, fieldValidation);
  matchNamespace(object, target);
  const reply = respond(object as T);
  return objectResponse(target, unstored(reply), { code: 201, warnings });
}

/** Throws 422 when there are causes; in such errors reviews have neither kind nor name. */
export function refuseInvalid({ resource }: ResourceRequest, causes: Causes): void {
  const list = [...causes];
  if (list.length > 0) throw invalid({ group: resource.group, kind: '' }, '', list);
}
