// `pods/<name>/ephemeralcontainers`: debug containers may be added, never changed or removed
// (API-705).
import type { EphemeralContainer, Pod } from '../../../api/generated/types.ts';
import { validateMetadataAndSpec } from '../../../api/core/pod-validation.ts';
import { specDiff } from '../../../api/core/spec-diff.ts';
import { fieldPath, forbidden } from '../../../api/meta/field-errors.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import type { ObjectResponse } from '../../api-request.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { patchWith } from '../patch.ts';
import { putWith } from '../update.ts';
import type { UpdateStrategy } from '../update-object.ts';
import { growGeneration, keepPod } from './keep-pod.ts';

export function handleEphemeralUpdate(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return putWith(context, target, ephemeralStrategy(target));
}

export function handleEphemeralPatch(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return patchWith(context, target, ephemeralStrategy(target));
}

/** Takes the ephemeral containers from the request and all else from the stored pod. */
function ephemeralStrategy({ rules }: ResourceRequest): UpdateStrategy {
  return {
    prepare(object, old, context) {
      const pod = object as Pod;
      const { ephemeralContainers } = pod.spec ?? {};
      keepPod(pod, old as Pod);
      if (pod.spec && ephemeralContainers) pod.spec.ephemeralContainers = ephemeralContainers;
      else delete pod.spec?.ephemeralContainers;
      rules.applyDefaults(pod, context);
      growGeneration(pod, old as Pod);
    },
    validate(object, old) {
      const pod = object as Pod;
      return [...validateMetadataAndSpec(pod), ...changes(pod, old as Pod)];
    },
  };
}

const PATH = fieldPath('spec').child('ephemeralContainers');

function changes(pod: Pod, old: Pod): StatusCause[] {
  const wanted = new Map(containersOf(pod).map((container) => [container.name, container]));
  return containersOf(old).flatMap((container) => {
    const { name } = container;
    const next = wanted.get(name);
    if (semanticEqual(next, container)) return [];
    const what = `existing ephemeral containers ${JSON.stringify(name)}`;
    if (!next) return [forbidden(PATH, `${what} may not be removed\n`)];
    return [forbidden(PATH, `${what} may not be changed${specDiff(container, next)}`)];
  });
}

function containersOf({ spec }: Pod): EphemeralContainer[] {
  return spec?.ephemeralContainers ?? [];
}
