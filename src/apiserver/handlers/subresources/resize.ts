// `pods/<name>/resize`: the resources of containers, and nothing else (API-706). What is checked is
// in resize-checks.ts.
import type { Container, Pod } from '../../../api/generated/types.ts';
import { validateMetadataAndSpec } from '../../../api/core/pod-validation.ts';
import type { ObjectResponse } from '../../api-request.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { patchWith } from '../patch.ts';
import { putWith } from '../update.ts';
import type { UpdateStrategy } from '../update-object.ts';
import { growGeneration, keepPod } from './keep-pod.ts';
import { refusalOfAny, resizeCauses } from './resize-checks.ts';

export function handleResizeUpdate(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return putWith(context, target, resizeStrategy());
}

export function handleResizePatch(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return patchWith(context, target, resizeStrategy());
}

/** Takes the containers' resources from the request and all else from the stored pod. */
function resizeStrategy(): UpdateStrategy {
  return {
    prepare(object, old) {
      const pod = object as Pod;
      keepButResources(pod, old as Pod);
      growGeneration(pod, old as Pod);
    },
    validate(object, old) {
      const [pod, before] = [object as Pod, old as Pod];
      const refused = refusalOfAny(before);
      if (refused) return [refused];
      return [...validateMetadataAndSpec(pod), ...resizeCauses(pod, before)];
    },
  };
}

/** Other containers than the stored ones are left for the checks to refuse. */
function keepButResources(pod: Pod, old: Pod): void {
  const { spec } = pod;
  const lists = ['containers', 'initContainers'] as const;
  const differs = (list: (typeof lists)[number]) =>
    (spec?.[list] ?? []).length !== (old.spec?.[list] ?? []).length;
  if (!spec || !old.spec || lists.some(differs)) return;
  const { resources } = spec;
  const containers = resized(spec.containers, old.spec.containers);
  const initContainers = resized(spec.initContainers, old.spec.initContainers);
  keepPod(pod, old);
  const kept = { ...old.spec, containers };
  if (initContainers.length > 0) kept.initContainers = initContainers;
  delete kept.resources;
  if (resources) kept.resources = resources;
  pod.spec = kept;
}

function resized(wanted: readonly Container[] = [], old: readonly Container[] = []): Container[] {
  if (wanted.some(({ name }, index) => name !== old[index]?.name)) return [...wanted];
  return wanted.map(({ resources, resizePolicy }, index) => {
    const { resizePolicy: _, ...rest } = old[index] as Container;
    return { ...rest, resources: resources ?? {}, ...(resizePolicy ? { resizePolicy } : {}) };
  });
}
