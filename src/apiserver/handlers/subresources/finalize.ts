// `namespaces/<name>/finalize`: the namespace controller says that the contents are gone (API-708,
// API-909).
import type { Namespace } from '../../../api/generated/types.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import type { ObjectResponse } from '../../api-request.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { putWith } from '../update.ts';
import type { UpdateStrategy } from '../update-object.ts';

/** PUT: takes spec.finalizers from the body; everything else follows the rules of an update. */
export function handleFinalize(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  return putWith(context, target, finalizeStrategy(target));
}

function finalizeStrategy({ rules }: ResourceRequest): UpdateStrategy {
  return {
    prepare(object: KubernetesObject, old: KubernetesObject, context) {
      const { finalizers } = (object as Namespace).spec ?? {};
      rules.prepareForUpdate(object, old, context);
      const isEmpty = finalizers === undefined || finalizers.length === 0;
      (object as Namespace).spec = isEmpty ? {} : { finalizers };
    },
    validate: (object, old, context) => rules.validateUpdate(object, old, context),
  };
}
