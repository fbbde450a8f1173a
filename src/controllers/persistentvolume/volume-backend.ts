// Where the data of volumes is: the controllers room touches no disk, so it is told how to.
import type { PersistentVolume } from '../../api/generated/types.ts';

export interface VolumeBackend {
  /** Prepares the place of a new volume of the local class; may leave it to the first mount. */
  create(volume: PersistentVolume): Promise<void>;
  /** Removes the data of a released volume (SS-869); nothing to remove is fine. Throws Error. */
  delete(volume: PersistentVolume): Promise<void>;
}
