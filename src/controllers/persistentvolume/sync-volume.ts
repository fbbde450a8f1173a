// One look at one volume: decides, then writes, reclaims when its claim is gone.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { isTerminating, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { errorMessage } from '../../base/errors.ts';
import type { EventRecorder } from '../../client/controller-context.ts';
import { planVolume, type Reclaim } from './plan/plan-volume.ts';
import type { VolumeBackend } from './volume-backend.ts';
import type { VolumeStore } from './volume-store.ts';

export interface VolumeContext {
  readonly store: VolumeStore;
  readonly backend: VolumeBackend;
  readonly recorder: EventRecorder;
  syncClaim(key: string): void;
}

/** Throws StatusError, and the backend's error when the data could not be removed. */
export async function syncVolume(name: string, context: VolumeContext): Promise<void> {
  const { store } = context;
  const volume = store.volumes.get({ name });
  if (!volume) return;
  const step = planVolume(volume, await claimOf(volume, store));
  switch (step.do) {
    case 'nothing':
      return;
    case 'set-phase':
      return setPhase(volume, { phase: step.phase }, store);
    case 'sync-claim': {
      const { namespace = '', name: claimName = '' } = volume.spec?.claimRef ?? {};
      return context.syncClaim(`${namespace}/${claimName}`);
    }
    case 'unbind': {
      const unbound = await store.updateVolume(step.volume);
      return setPhase(unbound, { phase: 'Available' }, store);
    }
    case 'release':
      return release(volume, step.reclaim, context);
  }
}

/** The claim of claimRef; what the cache does not show is asked for before data are removed. */
async function claimOf(
  volume: PersistentVolume,
  store: VolumeStore,
): Promise<PersistentVolumeClaim | undefined> {
  const { namespace = '', name = '', uid = '' } = volume.spec?.claimRef ?? {};
  if (name === '' || uid === '') return undefined;
  const cached = store.claims.get({ namespace, name });
  if (cached && uidOf(cached) === uid) return cached;
  try {
    return await store.liveClaim({ namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release(
  volume: PersistentVolume,
  reclaim: Reclaim,
  { store, backend, recorder }: VolumeContext,
): Promise<void> {
  const { phase } = volume.status ?? {};
  let released = volume;
  if (phase !== 'Released' && phase !== 'Failed') {
    released = await store.updateVolumeStatus({ ...volume, status: { phase: 'Released' } });
  }
  const fail = async (reason: string, message: string) => {
    if (released.status?.phase === 'Failed' && released.status.message === message) return;
    await store.updateVolumeStatus({ ...released, status: { phase: 'Failed', message } });
    recorder.event(released, 'Warning', { reason, message });
  };
  switch (reclaim.do) {
    case 'keep':
      return;
    case 'fail':
      return fail(reclaim.reason, reclaim.message);
    case 'delete':
      if (isTerminating(released)) return;
      try {
        await backend.delete(released);
      } catch (error) {
        await fail('VolumeFailedDelete', errorMessage(error));
        throw error;
      }
      try {
        await store.deleteVolume(released);
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
  }
}

async function setPhase(
  volume: PersistentVolume,
  { phase }: { phase: string },
  store: VolumeStore,
): Promise<void> {
  if (volume.status?.phase === phase) return;
  await store.updateVolumeStatus({ ...volume, status: { phase } });
}
