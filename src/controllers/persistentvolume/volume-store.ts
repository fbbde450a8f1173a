// What the binder reads and writes: claims, volumes, classes, and which volumes are being bound.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { keyOf, nameOf } from '../../api/meta/object.ts';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
} from '../../api/resources.ts';
import { classOf } from '../../api/storage/match-volume.ts';
import type { Client } from '../../client/client.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { LatestCache } from './latest-cache.ts';

const BY_CLASS = 'storage class';
const BY_CLAIM = 'claim of volume';
const UNBOUND_BY_CLASS = 'storage class of unbound claim';
const BY_MOUNTED_CLAIM = 'mounted claim';

export type VolumeStore = ReturnType<typeof createVolumeStore>;

export function createVolumeStore({
  client,
  informers,
}: Pick<ControllerContext, 'client' | 'informers'>) {
  const claimInformer = informers.informer(persistentVolumeClaims);
  const volumeInformer = informers.informer(persistentVolumes);
  const podInformer = informers.informer(pods);
  const classInformer = informers.informer(storageClasses);
  const nodeInformer = informers.informer(nodes);
  volumeInformer.addIndex(BY_CLASS, (volume) => [classOf(volume)]);
  volumeInformer.addIndex(BY_CLAIM, ({ spec }) =>
    spec?.claimRef ? [`${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`] : [],
  );
  claimInformer.addIndex(UNBOUND_BY_CLASS, (claim) =>
    claim.status?.phase === 'Bound' ? [] : [classOf(claim)],
  );
  podInformer.addIndex(BY_MOUNTED_CLAIM, (pod) =>
    (pod.spec?.volumes ?? []).flatMap((volume) => {
      const name =
        volume.persistentVolumeClaim?.claimName ??
        (volume.ephemeral ? `${nameOf(pod)}-${volume.name}` : undefined);
      return name === undefined ? [] : [`${pod.metadata.namespace ?? ''}/${name}`];
    }),
  );
  const claims = new LatestCache(claimInformer);
  const volumes = new LatestCache(volumeInformer);
  /** Claim key by name of a volume that is being bound to it. */
  const taken = new Map<string, string>();

  return {
    informers: { claimInformer, volumeInformer, podInformer, classInformer, nodeInformer },
    claims,
    volumes,
    taken,
    classes: classInformer.lister,
    nodes: nodeInformer.lister,
    connect() {
      const stops = [claims.connect(), volumes.connect()];
      return () => {
        for (const stop of stops) stop();
      };
    },
    /** Volumes of the claim's class, and those reserved for it whatever their class. */
    candidates(claim: PersistentVolumeClaim): PersistentVolume[] {
      const { lister } = volumeInformer;
      const found = [
        ...lister.byIndex(BY_CLASS, classOf(claim)),
        ...lister.byIndex(BY_CLAIM, keyOf(claim)),
      ];
      return [...new Set(found)].map((volume) => volumes.newest(volume));
    },
    unboundClaims: (className: string) => claimInformer.lister.byIndex(UNBOUND_BY_CLASS, className),
    podsOf: (claimKey: string) => podInformer.lister.byIndex(BY_MOUNTED_CLAIM, claimKey),
    volumesOf: (claimKey: string) => volumeInformer.lister.byIndex(BY_CLAIM, claimKey),
    ...createWrites(client, { claims, volumes }),
  };
}

/** Writes go through the caches, so that the next step sees them. All throw StatusError. */
function createWrites(
  client: Client,
  caches: {
    readonly claims: LatestCache<PersistentVolumeClaim>;
    readonly volumes: LatestCache<PersistentVolume>;
  },
) {
  const { claims, volumes } = caches;
  const claimApi = client.resource(persistentVolumeClaims);
  const volumeApi = client.resource(persistentVolumes);
  return {
    updateClaim: async (claim: PersistentVolumeClaim) => claims.wrote(await claimApi.update(claim)),
    updateClaimStatus: async (claim: PersistentVolumeClaim) =>
      claims.wrote(await claimApi.updateStatus(claim)),
    updateVolume: async (volume: PersistentVolume) => volumes.wrote(await volumeApi.update(volume)),
    updateVolumeStatus: async (volume: PersistentVolume) =>
      volumes.wrote(await volumeApi.updateStatus(volume)),
    createVolume: async (volume: PersistentVolume) => volumes.wrote(await volumeApi.create(volume)),
    /** As stored now, past all caches. */
    liveVolume: (name: string) => volumeApi.get({ name }),
    liveClaim: (name: { namespace: string; name: string }) => claimApi.get(name),
    /** Throws StatusError: 404 when it is gone, 409 when it is another one by now. */
    async deleteVolume(volume: PersistentVolume): Promise<void> {
      const { uid } = volume.metadata;
      await volumeApi.delete(
        { name: nameOf(volume) },
        uid === undefined ? {} : { preconditions: { uid } },
      );
    },
  };
}
