// A volume that is bound to a claim is not removed (SS-872).
import type { PersistentVolume } from '../../api/generated/types.ts';
import { isTerminating, nameOf } from '../../api/meta/object.ts';
import { persistentVolumes } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { hasFinalizer, writeFinalizer } from './protection-finalizer.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

export function createVolumeProtectionController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const informer = informers.informer(persistentVolumes);
  const api = client.resource(persistentVolumes);
  const controller = createController({
    name: 'persistentvolume-protection',
    informers: [informer],
    clock,
    logger,
    async reconcile(name) {
      const volume = informer.lister.get({ name });
      if (!volume) return;
      const isProtected = hasFinalizer(volume, FINALIZER);
      const isBound = volume.status?.phase === 'Bound';
      if (isTerminating(volume) && isProtected && !isBound) {
        await writeFinalizer(api, volume, { finalizer: FINALIZER, present: false });
      } else if (!isTerminating(volume) && !isProtected) {
        await writeFinalizer(api, volume, { finalizer: FINALIZER, present: true });
      }
    },
  });
  const enqueue = (volume: PersistentVolume) => controller.enqueue(nameOf(volume));
  const unsubscribe = informer.addEventHandler({
    add: enqueue,
    update: (_previous, volume) => enqueue(volume),
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}
