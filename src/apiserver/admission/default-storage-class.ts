// SS-866: a claim that names no class gets the default one.
import type { PersistentVolumeClaim, StorageClass } from '../../api/generated/types.ts';
import { storageClasses } from '../../api/resources.ts';
import type { Store } from '../../storage/store.ts';
import { listObjects } from '../registry/object-store.ts';
import { requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const IS_DEFAULT: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const OLD_CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** Fills spec.storageClassName of a new claim; the empty string means "none" and stays. */
export function defaultStorageClass(request: AdmissionRequest): void {
  const claim = requestOn<PersistentVolumeClaim>(
    request,
    'persistentvolumeclaims',
    'create',
  )?.object;
  if (!claim?.spec || claim.spec.storageClassName !== undefined) return;
  if (claim.metadata?.annotations?.[OLD_CLASS_ANNOTATION] !== undefined) return;
  const name = defaultClass(request.context.store)?.metadata?.name;
  if (name !== undefined) claim.spec.storageClassName = name;
}

/** The newest of the default classes; the first by name of equally old ones. */
function defaultClass(store: Store): StorageClass | undefined {
  const defaults = listObjects<StorageClass>(store, storageClasses, '').filter(({ metadata }) =>
    IS_DEFAULT.some((annotation) => metadata?.annotations?.[annotation] === 'true'),
  );
  const created = ({ metadata }: StorageClass) => metadata?.creationTimestamp ?? '';
  return defaults.reduce<StorageClass | undefined>(
    (best, next) => (best && created(best) >= created(next) ? best : next),
    undefined,
  );
}
