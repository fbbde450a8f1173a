// Resources that are another form of a stored one: the same objects in another group or version.
import { autoscalerConversion } from './autoscaling/version-conversion.ts';
import { eventConversion } from './events/event-conversion.ts';
import type { KubernetesObject } from './meta/object.ts';
import type { ResourceDefinition } from './resources.ts';

/** How the objects of a form become those that are stored, and back. Both make new objects. */
export interface FormConversion {
  readonly stored: ResourceDefinition;
  readonly toStored: (object: KubernetesObject) => KubernetesObject;
  readonly fromStored: (object: KubernetesObject) => KubernetesObject;
}

const conversions: ReadonlyMap<string, FormConversion> = new Map([
  ['autoscaling/v1/horizontalpodautoscalers', autoscalerConversion],
  ['events.k8s.io/v1/events', eventConversion],
]);

/** The conversion of a resource that is a form of another one. */
export function formConversion({
  group,
  version,
  resource,
}: ResourceDefinition): FormConversion | undefined {
  return conversions.get(`${group}/${version}/${resource}`);
}
