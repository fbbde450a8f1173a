// The disk behind volumes: directories are made when they are first mounted and removed here.
import { mkdir, rm } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { PersistentVolume } from '../api/generated/types.ts';
import { nameOf } from '../api/meta/object.ts';
import type { VolumeBackend } from '../controllers/persistentvolume/volume-backend.ts';

/** Host paths are removed below here only, as Kubernetes does. */
const HOST_PATH_ROOT = '/tmp';

/** `directory`: where the volumes of the local class are. */
export function createVolumeBackend(directory: string): VolumeBackend {
  return {
    async create() {
      await mkdir(directory, { recursive: true });
    },
    async delete(volume) {
      const path = dataPath(volume, directory);
      if (path !== undefined) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Throws Error for a path outside of the directories that are ours to remove. */
function dataPath(volume: PersistentVolume, directory: string): string | undefined {
  const { local, hostPath } = volume.spec ?? {};
  if (local) return within(directory, local.path, volume);
  return hostPath ? within(HOST_PATH_ROOT, hostPath.path, volume) : undefined;
}

function within(root: string, path: string, volume: PersistentVolume): string {
  const absolute = resolve(path);
  if (absolute.startsWith(`${resolve(root)}${sep}`)) return absolute;
  throw new Error(`volume ${nameOf(volume)}: ${path} is not in ${root}, its data stay`);
}
