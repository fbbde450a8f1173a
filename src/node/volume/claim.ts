// Volumes that a claim is bound to: a directory of this node (`local`, `hostPath`).
import { chmod, mkdir } from 'node:fs/promises';
import type { PersistentVolume, Pod } from '../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';
import { exists } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import type { ObjectReader } from './object-reader.ts';
import { VolumeError } from './volume-error.ts';

export interface ClaimedDirectory {
  readonly path: string;
  /** `fsGroup` applies to local volumes, not to host paths. */
  readonly ownable: boolean;
}

/** The volume that is bound to the claim; throws VolumeError while there is none. */
async function boundVolume(
  reader: ObjectReader,
  namespace: string,
  name: string,
): Promise<PersistentVolume> {
  const claim = await reader.claim({ namespace, name });
  if (claim === undefined) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
  const volumeName = claim.spec?.volumeName ?? '';
  if (claim.status?.phase !== 'Bound' || volumeName === '') {
    throw new VolumeError(`PVC ${namespace}/${name} is not bound`);
  }
  const volume = await reader.volume(volumeName);
  if (volume === undefined) throw new VolumeError(`persistentvolume "${volumeName}" not found`);
  const owner = volume.spec?.claimRef?.uid;
  if (owner !== undefined && owner !== claim.metadata.uid) {
    throw new VolumeError(`volume ${volumeName} is bound to another claim than ${name}`);
  }
  return volume;
}

/** The directory behind a claim of the pod's namespace, made on first use. */
export async function claimedDirectory(
  reader: ObjectReader,
  pod: Pod,
  claimName: string,
): Promise<ClaimedDirectory> {
  const volume = await boundVolume(reader, namespaceOf(pod), claimName);
  const { local, hostPath, volumeMode } = volume.spec ?? {};
  if (volumeMode === 'Block') {
    throw new VolumeError(`volume ${nameOf(volume)}: volumeMode Block is not supported`);
  }
  if (local !== undefined) {
    if (!(await exists(local.path))) {
      await mkdir(local.path, { recursive: true });
      await chmod(local.path, 0o755);
    }
    return { path: local.path, ownable: true };
  }
  if (hostPath !== undefined) {
    await prepareHostPath(hostPath.path, hostPath.type);
    return { path: hostPath.path, ownable: false };
  }
  throw new VolumeError(`volume ${nameOf(volume)} is neither local nor hostPath`);
}
