// The way of an apply from wanted to stored (API-640, API-652): an update of the live object, or
// the creation of one that is missing.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { conflict, isAlreadyExists, isNotFound } from '../../api/meta/status-error.ts';
import type { ObjectResponse } from '../api-request.ts';
import { objectKey } from '../registry/object-keys.ts';
import { readApply } from './apply-patch.ts';
import type { ApplyPatch } from './apply-patch.ts';
import { matchName, matchNamespace } from './body.ts';
import { createDecoded } from './create-object.ts';
import { fieldManagement } from './field-tracking.ts';
import { objectResponse, targetOf } from './get.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { updateObject } from './update-object.ts';
import type { UpdateStrategy } from './update-object.ts';
import { warned } from './warned.ts';

/** Tries of an apply whose object is created or deleted by others meanwhile. */
const APPLY_TRIES_MAX = 5;

/** An apply whose result is prepared and checked by the rules of the (sub)resource. */
export async function applyWith(
  context: HandlerContext,
  target: ResourceRequest,
  strategy: UpdateStrategy,
): Promise<ObjectResponse> {
  const { resource, request, info } = target;
  const patch = await readApply(request, resource);
  const key = objectKey(resource, targetOf(target));
  for (let tries = 1; ; tries++) {
    const isThere = context.store.getLatest(key) !== undefined;
    try {
      if (isThere || info.subresource !== '') {
        return await applyToLive(context, target, { patch, strategy });
      }
      return await applyToNothing(context, target, patch);
    } catch (error) {
      const raced = isThere ? isNotFound(error) : isAlreadyExists(error);
      if (!raced || info.subresource !== '' || tries >= APPLY_TRIES_MAX) throw error;
    }
  }
}

async function applyToLive(
  context: HandlerContext,
  target: ResourceRequest,
  { patch, strategy }: { patch: ApplyPatch; strategy: UpdateStrategy },
): Promise<ObjectResponse> {
  const want = (current: KubernetesObject) => wanted(context, target, { patch, live: current });
  const { dryRun } = patch;
  const options = { dryRun, strategy, want, tracked: true, uidIsPrecondition: false };
  const update = () => updateObject(context, target, options);
  const { stored, warnings } = await warned(() => patch.warnings, update);
  return objectResponse(target, stored, { warnings: [...patch.warnings, ...warnings] });
}

async function applyToNothing(
  context: HandlerContext,
  target: ResourceRequest,
  patch: ApplyPatch,
): Promise<ObjectResponse> {
  const object = wanted(context, target, { patch, live: undefined });
  const { dryRun } = patch;
  const create = () => createDecoded(context, target, { object, dryRun, tracked: true });
  const { stored, warnings } = await warned(() => patch.warnings, create);
  const all = [...patch.warnings, ...warnings];
  return objectResponse(target, stored, { code: 201, warnings: all });
}

function wanted(
  context: HandlerContext,
  target: ResourceRequest,
  { patch, live }: { patch: ApplyPatch; live: KubernetesObject | undefined },
): KubernetesObject {
  const object = patch.apply(fieldManagement(context, target), live);
  const { metadata } = object;
  if (!live) {
    if ((metadata.uid ?? '') !== '') throw uidOfNobody(target, metadata.uid ?? '');
    delete metadata.resourceVersion;
  }
  matchNamespace(object, target);
  matchName(object, target);
  target.rules.applyDefaults(object, ruleContextAt(context));
  return object;
}

function uidOfNobody({ resource, info }: ResourceRequest, uid: string) {
  const why = `the provided object specified uid ${uid}, and no existing object was found`;
  return conflict(resource, info.name, `uid mismatch: ${why}`);
}
