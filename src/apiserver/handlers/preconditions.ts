// Preconditions of writes: the uid and the version that a client says the object has.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { conflict } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import { displayKey } from '../registry/object-keys.ts';
import type { Target } from '../registry/object-store.ts';

/** API-306: throws 409 when `uid` is set and not that of `current`; its own is empty if absent. */
export function checkUid(
  target: Target,
  uid: string | undefined,
  current: KubernetesObject | undefined,
): void {
  const actual = current?.metadata.uid ?? '';
  if (uid === undefined || uid === '' || uid === actual) return;
  throw failed(target, `UID in precondition: ${uid}, UID in object meta: ${actual}`);
}

/** Throws 409 when `version` is set and not that of `current`. */
export function checkVersion(
  target: Target,
  version: string | undefined,
  current: KubernetesObject,
): void {
  const actual = current.metadata.resourceVersion ?? '';
  if (version === undefined || version === '' || version === actual) return;
  const why = `ResourceVersion in precondition: ${version}, ResourceVersion in object meta: ${actual}`;
  throw failed(target, why);
}

function failed(target: Target, why: string): StatusError {
  const { resource, name } = target;
  return conflict(
    resource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${displayKey(resource, target)}, ` +
      `ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${why}`,
  );
}
