// Claims and volumes are born with a finalizer that keeps them while they are used (SS-871,
// SS-872).
import { requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const PROTECTED: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
]);

/** Adds the protection finalizer at creation. */
export function storageProtection(request: AdmissionRequest): void {
  const { resource } = request.target.resource;
  const finalizer = PROTECTED.get(resource);
  if (finalizer === undefined || !requestOn(request, resource, 'create')) return;
  const { metadata } = request.object;
  if (metadata.finalizers?.includes(finalizer) === true) return;
  metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
}
