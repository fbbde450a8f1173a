// `pods/<name>/ephemeralcontainers`: debug containers may be added, never changed or removed (API-705).
import type { EphemeralContainer, Pod } from '../../../api/generated/types.ts';
import { fieldPath, forbidden } from '../../../api/meta/field-errors.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import type { ObjectResponse } from '../../api-request.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { patchWith } from '../patch.ts';
import { putWith } from '../update.ts';
import type { UpdateStrategy } from '../update-object.ts';

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
      const version = pod.metadata.resourceVersion;
      const kept = structuredClone(old) as Pod;
      Object.assign(pod, kept, { metadata: { ...kept.metadata, resourceVersion: version } });
      if (pod.spec && ephemeralContainers) pod.spec.ephemeralContainers = ephemeralContainers;
      else delete pod.spec?.ephemeralContainers;
      if (semanticEqual(pod.spec, kept.spec)) return;
      rules.applyDefaults(pod, context);
      if (kept.metadata.generation !== undefined)
        pod.metadata.generation = kept.metadata.generation + 1;
    },
    validate(object, old, context) {
      return [...rules.validate(object, context), ...changes(object as Pod, old as Pod)];
    },
  };
}

const PATH = fieldPath('spec').child('ephemeralContainers');

function changes(pod: Pod, old: Pod): StatusCause[] {
  const wanted = new Map(containersOf(pod).map((container) => [container.name, container]));
  return containersOf(old).flatMap((container) => {
    const { name } = container;
    const next = wanted.get(name);
    if (!next) return [refusal(`existing ephemeral containers "${name}" may not be removed`)];
    if (semanticEqual(next, container)) return [];
    return [refusal(`existing ephemeral containers "${name}" may not be changed`)];
  });
}

function containersOf({ spec }: Pod): EphemeralContainer[] {
  return spec?.ephemeralContainers ?? [];
}

function refusal(why: string): StatusCause {
  return forbidden(PATH, `${why}\n`);
}
