// Limit ranges of the namespace: defaults for new pods, then their bounds for pods and claims.
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import {
  applyLimitDefaults,
  claimLimitErrors,
  podLimitErrors,
} from '../../api/core/limit-range-constraints.ts';
import { limitRanges } from '../../api/other-resources.ts';
import { listObjects } from '../registry/object-store.ts';
import { refuse, requestOn, requestOnPart } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** Fills the resources of containers that ask for nothing. */
export function limitDefaults(request: AdmissionRequest): void {
  const pod = podOf(request);
  if (!pod) return;
  for (const range of rangesFor(request)) applyLimitDefaults(range, pod);
}

/** After validation. Throws 403 for what is out of bounds. */
export function limitBounds(request: AdmissionRequest): void {
  const pod = podOf(request);
  const claim = requestOn<PersistentVolumeClaim>(
    request,
    'persistentvolumeclaims',
    'create',
    'update',
  )?.object;
  if (!pod && !claim) return;
  for (const range of rangesFor(request)) {
    const errors = pod ? podLimitErrors(range, pod) : claim ? claimLimitErrors(range, claim) : [];
    const texts = [...new Set(errors)];
    if (texts.length === 1) throw refuse(request, texts[0] ?? '');
    if (texts.length > 1) throw refuse(request, `[${texts.join(', ')}]`);
  }
}

/** Resources of a pod can only change by a resize. */
function podOf(request: AdmissionRequest): Pod | undefined {
  return (
    requestOn<Pod>(request, 'pods', 'create')?.object ??
    requestOnPart<Pod>(request, 'pods', 'resize')?.object
  );
}

function rangesFor({ context, target, old }: AdmissionRequest): LimitRange[] {
  if (old?.metadata.deletionTimestamp !== undefined) return [];
  return listObjects<LimitRange>(context.store, limitRanges, target.info.namespace);
}
