// PATCH of an object or its status (API-601 … API-607).
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { ObjectResponse } from '../api-request.ts';
import { methodNotAllowed } from '../request-info.ts';
import { APPLY_TYPE } from './apply-patch.ts';
import { applyWith } from './apply.ts';
import { matchName, matchNamespace } from './body.ts';
import { objectResponse, targetOf } from './get.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { readPatch, requirePatchType } from './patch-body.ts';
import { kindStrategy, updateObject } from './update-object.ts';
import type { UpdateStrategy } from './update-object.ts';
import { warned } from './warned.ts';
import { parseWriteOptions } from './write-options.ts';
import { requireObject } from '../registry/object-store.ts';

export function handlePatch(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return patchWith(context, target, kindStrategy(target));
}

/** A patch whose result is prepared and checked by the rules of a subresource. */
export async function patchWith(
  context: HandlerContext,
  target: ResourceRequest,
  strategy: UpdateStrategy,
): Promise<ObjectResponse> {
  const { resource, request, info, rules } = target;
  if (info.name === '') throw methodNotAllowed();
  requirePatchType(request, resource);
  if (request.contentType === APPLY_TYPE) return applyWith(context, target, strategy);
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, 'PatchOptions');
  requireObject(context.store, targetOf(target));
  const patch = readPatch(request, resource, fieldValidation);
  let patchWarnings: readonly string[] = [];
  const want = (current: KubernetesObject): KubernetesObject => {
    const { object, warnings } = patch.apply(current);
    patchWarnings = warnings;
    matchName(object, target);
    matchNamespace(object, target);
    rules.applyDefaults(object, ruleContextAt(context));
    return object;
  };
  const options = { dryRun, strategy, want, uidIsPrecondition: false };
  const update = () => updateObject(context, target, options);
  const { stored, warnings } = await warned(() => patchWarnings, update);
  return objectResponse(target, stored, { warnings: [...patchWarnings, ...warnings] });
}
