// What the subresources that change one part of a pod have in common: the rest stays.
import type { Pod } from '../../../api/generated/types.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import { workingCopy } from '../field-tracking.ts';

/** Makes `pod` a copy of `old`, apart from the resourceVersion asked for and the new owners. */
export function keepPod(pod: Pod, old: Pod): void {
  const { resourceVersion, managedFields } = pod.metadata;
  const { metadata, ...rest } = workingCopy(old);
  Object.assign(pod, rest, { metadata: { ...metadata, resourceVersion, managedFields } });
}

/** API-404: one more when the spec has changed. */
export function growGeneration(pod: Pod, old: Pod): void {
  const { generation } = old.metadata;
  if (generation === undefined || semanticEqual(pod.spec, old.spec)) return;
  pod.metadata.generation = generation + 1;
}
