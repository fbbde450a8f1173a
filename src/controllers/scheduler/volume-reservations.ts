// Volumes promised to claims while the promise is on its way through the API server, and the
// scheduler's view of volumes that takes them into account.
import type { PersistentVolume } from '../../api/generated/types.ts';
import { nameOf, splitKey } from '../../api/meta/object.ts';
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../../api/resources.ts';
import { classOf } from '../../api/storage/match-volume.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { ClusterState } from './cluster-state.ts';
import type { VolumeView } from './plan/pod-volumes.ts';

const BY_CLASS = 'storage class';

export type VolumeInformers = ReturnType<typeof createVolumeInformers>;

export function createVolumeInformers(factory: InformerFactory) {
  const volumes = factory.informer(persistentVolumes);
  volumes.addIndex(BY_CLASS, (volume) => [classOf(volume)]);
  return {
    claims: factory.informer(persistentVolumeClaims),
    volumes,
    classes: factory.informer(storageClasses),
  };
}

export class VolumeReservations {
  /** Claim key by volume name. */
  readonly #promised = new Map<string, string>();

  reserve(volumeName: string, claimKey: string): void {
    this.#promised.set(volumeName, claimKey);
  }

  release(volumeName: string): void {
    this.#promised.delete(volumeName);
  }

  /** The informer's word is enough once it shows the promise, or the end of the volume. */
  onVolume(volume: PersistentVolume): void {
    if (volume.spec?.claimRef) this.release(nameOf(volume));
  }

  claimOf(volumeName: string): string | undefined {
    return this.#promised.get(volumeName);
  }
}

export function createVolumeView(
  { claims, volumes, classes }: VolumeInformers,
  state: ClusterState,
  reservations: VolumeReservations,
): VolumeView {
  return {
    claim: (key) => claims.lister.get(splitKey(key)),
    volume: (name) => volumes.lister.get({ name }),
    volumesOf: (storageClass) => volumes.lister.byIndex(BY_CLASS, storageClass),
    storageClass: (name) => classes.lister.get({ name }),
    reservation: (name) => reservations.claimOf(name),
    isUsedByOther: (claimKey, podKey) => state.isUsedByOther(claimKey, podKey),
  };
}
