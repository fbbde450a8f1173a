// Runtime classes are not served: a pod that names one can't run.
import type { Pod } from '../../api/generated/types.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** Throws 403 for a pod with a runtime class. */
export function runtimeClass(request: AdmissionRequest): void {
  const name = requestOn<Pod>(request, 'pods', 'create')?.object.spec?.runtimeClassName ?? '';
  if (name === '') return;
  throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}
