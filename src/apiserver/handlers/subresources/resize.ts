// `pods/<name>/resize`: the resources of containers, and nothing else (API-706).
import type { Container, Pod, ResourceRequirements } from '../../../api/generated/types.ts';
import { fieldPath, forbidden, invalidValue } from '../../../api/meta/field-errors.ts';
import type { FieldPath } from '../../../api/meta/field-errors.ts';
import { podQosClass } from '../../../api/core/pod-resources.ts';
import { validateMetadataAndSpec } from '../../../api/core/pod-validation.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import type { ObjectResponse } from '../../api-request.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { patchWith } from '../patch.ts';
import { putWith } from '../update.ts';
import type { UpdateStrategy } from '../update-object.ts';
import { growGeneration, keepPod } from './keep-pod.ts';

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
      const wanted = new Map(
        // A body may lack what every pod has.
        pod.spec?.containers?.map(({ name, resources }) => [name, resources]),
      );
      keepPod(pod, old as Pod);
      for (const container of pod.spec?.containers ?? []) {
        container.resources = wanted.get(container.name) ?? {};
      }
      growGeneration(pod, old as Pod);
    },
    validate(object, old) {
      const pod = object as Pod;
      return [...validateMetadataAndSpec(pod), ...resizeCauses(pod, old as Pod)];
    },
  };
}

function resizeCauses(pod: Pod, old: Pod): StatusCause[] {
  const before = podQosClass(old);
  const qosChanged = podQosClass(pod) !== before;
  const spec = fieldPath('spec');
  const why = 'Pod QOS Class may not change as a result of resizing';
  const containers = pod.spec?.containers ?? [];
  return [
    ...(qosChanged ? [invalidValue(spec, before, why)] : []),
    ...containers.flatMap((container, index) =>
      removals(container, old.spec?.containers[index], spec.child('containers').index(index)),
    ),
  ];
}

function removals(
  container: Container,
  old: Container | undefined,
  path: FieldPath,
): StatusCause[] {
  const removed = (field: 'requests' | 'limits') =>
    Object.keys(old?.resources?.[field] ?? {}).some(
      (name) => !has(container.resources, field, name),
    );
  return (['requests', 'limits'] as const)
    .filter(removed)
    .map((field) =>
      forbidden(path.child('resources').child(field), `resource ${field} cannot be removed`),
    );
}

function has(
  resources: ResourceRequirements | undefined,
  field: 'requests' | 'limits',
  name: string,
): boolean {
  return resources?.[field]?.[name] !== undefined;
}
