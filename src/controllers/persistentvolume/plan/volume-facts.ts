// Names and small questions that binding, provisioning and reclaiming share.
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/generated/types.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';

/** The provisioner of the class `local`: directories of this machine. */
export const LOCAL_PROVISIONER = 'ordinal.dev/local';

export function annotationOf(object: KubernetesObject, name: string): string {
  return object.metadata.annotations?.[name] ?? '';
}

/** The object with the annotation set. */
export function annotated<T extends KubernetesObject>(
  object: T,
  annotations: Readonly<Record<string, string>>,
): T {
  const merged = { ...object.metadata.annotations, ...annotations };
  return { ...object, metadata: { ...object.metadata, annotations: merged } };
}

/** The object without the annotation. */
export function withoutAnnotation<T extends KubernetesObject>(object: T, name: string): T {
  const { [name]: _, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** True once the binding of the claim was finished (SS-861). */
export function isBindCompleted(claim: PersistentVolumeClaim): boolean {
  return claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
}

/** True when this machine made the volume and may remove it. */
export function isOurs(volume: PersistentVolume): boolean {
  return annotationOf(volume, PROVISIONED_BY) === LOCAL_PROVISIONER;
}
