// Binds claims to volumes, makes volumes of the local class, reclaims released ones.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf } from '../../api/meta/object.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { classOf } from '../../api/storage/match-volume.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Controller, ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import { ClaimEvents, RESYNC_MS } from './claim-events.ts';
import { syncClaim } from './sync-claim.ts';
import { syncVolume } from './sync-volume.ts';
import type { VolumeBackend } from './volume-backend.ts';
import { createVolumeStore, type VolumeStore } from './volume-store.ts';

export interface PersistentVolumeOptions {
  /** Absolute; the volumes of the class `local` are directories in it. */
  readonly volumesDirectory: string;
  readonly backend: VolumeBackend;
}

/** SS-861 … SS-870, SS-874. */
export function createPersistentVolumeController(
  context: ControllerContext,
  { volumesDirectory, backend }: PersistentVolumeOptions,
): Runnable {
  const { client, clock, random, logger } = context;
  const store = createVolumeStore(context);
  const component = 'persistentvolume-controller';
  const recorder = createEventRecorder({ client, clock, random, logger, component });
  const events = new ClaimEvents({ recorder, clock });
  const informers = Object.values(store.informers);
  const base = { informers, clock, logger };
  const claims = createController({
    ...base,
    name: 'persistentvolume-binder',
    async reconcile(key) {
      const claimContext = { store, events, backend, volumesDirectory, clock };
      const settled = await syncClaim(key, claimContext);
      return settled ? {} : { requeueAfterMs: RESYNC_MS };
    },
  });
  const volumes = createController({
    ...base,
    name: 'persistentvolume-reclaimer',
    reconcile: (name) =>
      syncVolume(name, { store, backend, recorder, syncClaim: (key) => claims.enqueue(key) }),
  });
  const disconnect = store.connect();
  const unsubscribe = subscribe(store, { claims, volumes });
  return {
    async start() {
      await recorder.start();
      await Promise.all([claims.start(), volumes.start()]);
    },
    async stop() {
      for (const stop of [...unsubscribe, disconnect]) stop();
      await Promise.all([claims.stop(), volumes.stop()]);
      await recorder.stop();
    },
  };
}

function subscribe(
  store: VolumeStore,
  { claims, volumes }: { claims: Controller; volumes: Controller },
): (() => void)[] {
  const { claimInformer, volumeInformer, podInformer, classInformer } = store.informers;
  const onClaim = (claim: PersistentVolumeClaim) => claims.enqueue(keyOf(claim));
  const onUnbound = (className: string) => {
    for (const claim of store.unboundClaims(className)) onClaim(claim);
  };
  const onVolume = (volume: PersistentVolume) => {
    volumes.enqueue(nameOf(volume));
    const owner = volume.spec?.claimRef;
    if (owner) claims.enqueue(`${owner.namespace ?? ''}/${owner.name ?? ''}`);
    else if (volume.status?.phase === 'Available') onUnbound(classOf(volume));
  };
  const onPod = (pod: Pod) => {
    for (const key of claimsOf(pod)) claims.enqueue(key);
  };
  const onClass = () => {
    for (const claim of claimInformer.lister.list()) {
      if (claim.status?.phase !== 'Bound') onClaim(claim);
    }
  };
  return [
    claimInformer.addEventHandler({
      add: onClaim,
      update: (_previous, claim) => onClaim(claim),
      delete(claim) {
        onClaim(claim);
        for (const volume of store.volumesOf(keyOf(claim))) volumes.enqueue(nameOf(volume));
      },
    }),
    volumeInformer.addEventHandler({
      add: onVolume,
      update(previous, volume) {
        const before = previous.spec?.claimRef;
        if (before) claims.enqueue(`${before.namespace ?? ''}/${before.name ?? ''}`);
        onVolume(volume);
      },
      delete: onVolume,
    }),
    podInformer.addEventHandler({
      add: onPod,
      update(previous, pod) {
        if (previous.spec?.nodeName !== pod.spec?.nodeName) onPod(pod);
      },
    }),
    classInformer.addEventHandler({
      add: onClass,
      update(previous, storageClass) {
        if (!semanticEqual(previous, storageClass)) onClass();
      },
    }),
  ];
}

function claimsOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim ? [`${namespaceOf(pod)}/${persistentVolumeClaim.claimName}`] : [],
  );
}
