// SS-874: a claim grows only if its class says that its volumes can.
import type { PersistentVolumeClaim, StorageClass } from '../../api/generated/types.ts';
import { compareQuantities, parseQuantity } from '../../api/meta/quantity.ts';
import { storageClasses } from '../../api/resources.ts';
import { getObject } from '../registry/object-store.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** Throws 403 for growth of an unbound claim or one whose class does not allow it. */
export function claimResize(request: AdmissionRequest): void {
  const update = requestOn<PersistentVolumeClaim>(request, 'persistentvolumeclaims', 'update');
  const before = update?.old?.spec?.resources?.requests?.storage;
  const after = update?.object.spec?.resources?.requests?.storage;
  if (!update || before === undefined || after === undefined || before === after) return;
  if (compareQuantities(parseQuantity(after), parseQuantity(before)) <= 0) return;
  if (update.old?.status?.phase !== 'Bound') {
    throw refuse(request, 'Only bound persistent volume claims can be expanded');
  }
  const name = update.object.spec?.storageClassName ?? '';
  const target = { resource: storageClasses, namespace: '', name };
  const storageClass = getObject<StorageClass>(request.context.store, target)?.object;
  if (storageClass?.allowVolumeExpansion === true) return;
  const why =
    'only dynamically provisioned pvc can be resized and ' +
    'the storageclass that provisions the pvc must support resize';
  throw refuse(request, why);
}
