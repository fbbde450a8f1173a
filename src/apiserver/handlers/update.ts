// PUT of an object or its status (API-301, API-304 … API-307).
import { isNotFound } from '../../api/meta/status-error.ts';
import type { ObjectResponse } from '../api-request.ts';
import { methodNotAllowed } from '../request-info.ts';
import { decodeBody, matchName, matchNamespace } from './body.ts';
import type { DecodedBody } from './body.ts';
import { createDecoded } from './create-object.ts';
import { workingCopy } from './field-tracking.ts';
import { objectResponse, targetOf } from './get.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { checkUid } from './preconditions.ts';
import { kindStrategy, updateObject } from './update-object.ts';
import type { UpdateStrategy } from './update-object.ts';
import { warned } from './warned.ts';
import { parseWriteOptions } from './write-options.ts';

export function handleUpdate(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return putWith(context, target, kindStrategy(target));
}

/** A PUT whose object is prepared and checked by the rules of a subresource. */
export async function putWith(
  context: HandlerContext,
  target: ResourceRequest,
  strategy: UpdateStrategy,
): Promise<ObjectResponse> {
  const { resource, info, request } = target;
  if (info.name === '') throw methodNotAllowed();
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, 'UpdateOptions');
  const body = await decodeBody(request, resource, fieldValidation);
  const put = () => putDecoded(context, target, { body, dryRun, strategy });
  return warned(() => body.warnings, put);
}

interface DecodedPut {
  readonly body: DecodedBody;
  readonly dryRun: boolean;
  readonly strategy: UpdateStrategy;
}

async function putDecoded(
  context: HandlerContext,
  target: ResourceRequest,
  { body, dryRun, strategy }: DecodedPut,
): Promise<ObjectResponse> {
  const { info, rules } = target;
  matchNamespace(body.object, target);
  matchName(body.object, target);
  rules.applyDefaults(body.object, ruleContextAt(context));
  try {
    const { stored, warnings } = await updateObject(context, target, {
      dryRun,
      strategy,
      want: () => workingCopy(body.object),
      uidIsPrecondition: true,
    });
    return objectResponse(target, stored, { warnings: [...body.warnings, ...warnings] });
  } catch (error) {
    if (!isNotFound(error) || !rules.createOnUpdate || info.subresource !== '') throw error;
  }
  const { object } = body;
  checkUid(targetOf(target), object.metadata.uid, undefined);
  delete object.metadata.resourceVersion;
  const { stored, warnings } = await createDecoded(context, target, { object, dryRun });
  return objectResponse(target, stored, { code: 201, warnings: [...body.warnings, ...warnings] });
}
