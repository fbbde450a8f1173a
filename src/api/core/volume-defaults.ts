// Defaults of the volumes of a pod (API-923).
import type { DownwardAPIVolumeFile, Volume } from '../generated/types.ts';
import { isBlank } from './field-rules.ts';
import { defaultPullPolicy } from './image-reference.ts';

/** Octal 0644, the default mode of files made from API data. */
const FILE_MODE = 0o644;
const HOUR_SECONDS = 3600;

/** Fills the defaults of a volume in place; without any source it is an emptyDir. */
export function defaultVolume(volume: Volume): void {
  if (Object.entries(volume).every(([key, value]) => key === 'name' || value === undefined)) {
    volume.emptyDir = {};
  }
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source) source.defaultMode ??= FILE_MODE;
  }
  defaultDownwardFiles(volume.downwardAPI?.items);
  for (const source of volume.projected?.sources ?? []) {
    defaultDownwardFiles(source.downwardAPI?.items);
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= HOUR_SECONDS;
  }
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image && isBlank(volume.image.pullPolicy)) {
    volume.image.pullPolicy = defaultPullPolicy(volume.image.reference ?? '');
  }
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claim.volumeMode ??= 'Filesystem';
  defaultLegacyVolume(volume);
}

function defaultDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of files ?? []) {
    if (fieldRef && isBlank(fieldRef.apiVersion)) fieldRef.apiVersion = 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  }
}

/** Sources of storage systems that pods can name directly (and volumes, for most of them). */
export function defaultLegacyVolume({
  iscsi,
  rbd,
  azureDisk,
  scaleIO,
}: Pick<Volume, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>): void {
  if (iscsi && isBlank(iscsi.iscsiInterface)) iscsi.iscsiInterface = 'default';
  if (rbd) {
    if (isBlank(rbd.pool)) rbd.pool = 'rbd';
    if (isBlank(rbd.user)) rbd.user = 'admin';
    if (isBlank(rbd.keyring)) rbd.keyring = '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
    azureDisk.kind ??= 'Shared';
  }
  if (scaleIO) {
    if (isBlank(scaleIO.storageMode)) scaleIO.storageMode = 'ThinProvisioned';
    if (isBlank(scaleIO.fsType)) scaleIO.fsType = 'xfs';
  }
}
