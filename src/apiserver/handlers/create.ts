// POST to a collection (API-301 … API-307).
import type { ObjectResponse } from '../api-request.ts';
import { methodNotAllowed } from '../request-info.ts';
import { decodeBody, matchNamespace } from './body.ts';
import { createDecoded } from './create-object.ts';
import { objectResponse } from './get.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { warned } from './warned.ts';
import { parseWriteOptions } from './write-options.ts';

export async function handleCreate(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { resource, info, request, rules } = target;
  // Custom resources have no route that would mind a name; the body's counts.
  const isUnnamed = info.name === '' || resource.custom !== undefined;
  const isCollection = isUnnamed && (!resource.namespaced || info.namespace !== '');
  if (!isCollection) throw methodNotAllowed();
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, 'CreateOptions');
  const body = await decodeBody(request, resource, fieldValidation);
  const { object } = body;
  const create = async () => {
    matchNamespace(object, target);
    rules.applyDefaults(object, ruleContextAt(context));
    return createDecoded(context, target, { object, dryRun });
  };
  const { stored, warnings } = await warned(() => body.warnings, create);
  return objectResponse(target, stored, { code: 201, warnings: [...body.warnings, ...warnings] });
}
