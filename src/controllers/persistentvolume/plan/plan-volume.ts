// What a volume needs next (SS-861, SS-869, SS-870), from the volume and its claim. Pure.
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import {
  annotationOf,
  BOUND_BY_CONTROLLER,
  isOurs,
  PROVISIONED_BY,
  withoutAnnotation,
} from './volume-facts.ts';

export type VolumeStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'set-phase'; readonly phase: 'Available' | 'Bound' }
  /** The claim's turn. */
  | { readonly do: 'sync-claim' }
  /** The claim is gone: phase Released, then the reclaim policy. */
  | { readonly do: 'release'; readonly reclaim: Reclaim }
  /** The claim took another volume. */
  | { readonly do: 'unbind'; readonly volume: PersistentVolume };

export type Reclaim =
  | { readonly do: 'keep' }
  | { readonly do: 'delete' }
  | { readonly do: 'fail'; readonly reason: string; readonly message: string };

/** `claim` is the one of claimRef's name, whatever its uid. */
export function planVolume(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): VolumeStep {
  const owner = volume.spec?.claimRef;
  if (owner === undefined || (owner.uid ?? '') === '') {
    return { do: 'set-phase', phase: 'Available' };
  }
  if (!claim || uidOf(claim) !== owner.uid) return { do: 'release', reclaim: reclaimOf(volume) };
  const taken = claim.spec?.volumeName ?? '';
  if (taken === '') return { do: 'sync-claim' };
  if (taken === nameOf(volume)) return { do: 'set-phase', phase: 'Bound' };
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  if (annotationOf(volume, PROVISIONED_BY) !== '' && policy === 'Delete') {
    return { do: 'release', reclaim: reclaimOf(volume) };
  }
  return { do: 'unbind', volume: unbound(volume) };
}

/** Undoes what binding did: all of claimRef if we wrote it, else its uid. */
function unbound(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec ?? {};
  if (annotationOf(volume, BOUND_BY_CONTROLLER) !== '') {
    return withoutAnnotation({ ...volume, spec }, BOUND_BY_CONTROLLER);
  }
  const { uid: _uid, resourceVersion: _version, ...reference } = claimRef ?? {};
  return { ...volume, spec: { ...spec, claimRef: reference } };
}

/** SS-869. Host paths are removed as upstream's test plug-in does: below /tmp only. */
function reclaimOf(volume: PersistentVolume): Reclaim {
  const name = nameOf(volume);
  const { persistentVolumeReclaimPolicy: policy, hostPath } = volume.spec ?? {};
  if (policy === 'Recycle') {
    const message = 'No recycler plugin found for the volume!';
    return { do: 'fail', reason: 'VolumeFailedRecycle', message };
  }
  if (policy !== 'Delete') return { do: 'keep' };
  if (isOurs(volume)) return { do: 'delete' };
  // Its provisioner deletes it.
  if (annotationOf(volume, PROVISIONED_BY) !== '') return { do: 'keep' };
  const reason = 'VolumeFailedDelete';
  if (hostPath === undefined) {
    const why = 'no deletable volume plugin matched';
    const message = `error getting deleter volume plugin for volume "${name}": ${why}`;
    return { do: 'fail', reason, message };
  }
  if (/^\/tmp\/.+/.test(hostPath.path) && !hostPath.path.includes('..')) return { do: 'delete' };
  const message = `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`;
  return { do: 'fail', reason, message };
}
