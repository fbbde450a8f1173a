// One look at one claim: decides, then writes.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { keyOf, nameOf, splitKey } from '../../api/meta/object.ts';
import { classOf } from '../../api/storage/match-volume.ts';
import { formatTime } from '../../base/time.ts';
import { boundClaim, boundStatus, boundVolume } from './plan/binding.ts';
import { grownSize, isLess, resized, resizing } from './plan/local-volume.ts';
import { defaultClassOf, planClaim, type ClaimEvent } from './plan/plan-claim.ts';
import { isOurs } from './plan/volume-facts.ts';
import { provision, type ProvisionContext } from './provision.ts';
import type { VolumeStore } from './volume-store.ts';

/** True when the claim is settled; false when it should be looked at again. Throws StatusError. */
export async function syncClaim(key: string, context: ProvisionContext): Promise<boolean> {
  const { store, events } = context;
  const claim = store.claims.get(splitKey(key));
  if (!claim) {
    events.forget(key);
    return true;
  }
  const step = planClaim(viewOf(claim, store));
  switch (step.do) {
    case 'bind':
      await bind(claim, step.volume, context);
      return true;
    case 'set-class':
      await store.updateClaim({
        ...claim,
        spec: { ...claim.spec, storageClassName: step.className },
      });
      return false;
    case 'lose':
      await setPhase(claim, 'Lost', { event: step.event, context });
      return false;
    case 'wait':
      if (step.event) events.tell(claim, step.event);
      await setPhase(claim, 'Pending', { context });
      return false;
    case 'provision': {
      const volume = await provision(claim, step.className, context);
      const latest = store.claims.get(splitKey(key)) ?? claim;
      if (volume) await bind(latest, volume, context);
      else await setPhase(latest, 'Pending', { context });
      return volume !== undefined;
    }
  }
}

function viewOf(claim: PersistentVolumeClaim, store: VolumeStore) {
  const volumeName = claim.spec?.volumeName ?? '';
  const isUnnamed = volumeName === '';
  return {
    claim,
    named: isUnnamed ? undefined : store.volumes.get({ name: volumeName }),
    volumes: isUnnamed ? store.candidates(claim) : [],
    isTaken: (volume: PersistentVolume) => {
      const owner = store.taken.get(nameOf(volume));
      return owner !== undefined && owner !== keyOf(claim);
    },
    storageClass: store.classes.get({ name: classOf(claim) }),
    defaultClass: defaultClassOf(store.classes.list()),
    waitingPods: store
      .podsOf(keyOf(claim))
      .filter((pod) => (pod.spec?.nodeName ?? '') === '')
      .map((pod) => nameOf(pod)),
  };
}

/** SS-861: four writes, of which each repeats safely. */
async function bind(
  claim: PersistentVolumeClaim,
  chosen: PersistentVolume,
  context: ProvisionContext,
): Promise<void> {
  const { store } = context;
  store.taken.set(nameOf(chosen), keyOf(claim));
  try {
    const withReference = boundVolume(chosen, claim);
    let volume = withReference ? await store.updateVolume(withReference) : chosen;
    if (volume.status?.phase !== 'Bound') {
      volume = await store.updateVolumeStatus({ ...volume, status: { phase: 'Bound' } });
    }
    const named = boundClaim(claim, volume);
    const complete = named ? await store.updateClaim(named) : claim;
    const withStatus = boundStatus(complete, volume);
    const bound = withStatus ? await store.updateClaimStatus(withStatus) : complete;
    await grow(bound, volume, context);
  } finally {
    store.taken.delete(nameOf(chosen));
  }
}

/**
 * SS-874: a directory has no size of its own, so growth is a matter of writing it down, and there
 * is no file system to be resized on a node. Volumes of others are grown by their provisioners.
 */
async function grow(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  { store, events, clock }: ProvisionContext,
): Promise<void> {
  const storage = grownSize(claim);
  if (storage === undefined) return;
  if (!isOurs(volume)) {
    const message = 'waiting for an external controller to expand this PVC';
    events.tell(claim, { type: 'Normal', reason: 'ExternalExpanding', message });
    return;
  }
  const started = resizing(claim, formatTime(clock.now()));
  const current = started ? await store.updateClaimStatus(started) : claim;
  if (isLess(volume.spec?.capacity?.['storage'] ?? '0', storage)) {
    const capacity = { ...volume.spec?.capacity, storage };
    await store.updateVolume({ ...volume, spec: { ...volume.spec, capacity } });
  }
  await store.updateClaimStatus(resized(current, storage));
  const message = 'Resize volume succeeded';
  events.tell(claim, { type: 'Normal', reason: 'VolumeResizeSuccessful', message });
}

async function setPhase(
  claim: PersistentVolumeClaim,
  phase: 'Pending' | 'Lost',
  { event, context }: { event?: ClaimEvent; context: ProvisionContext },
): Promise<void> {
  if (claim.status?.phase === phase) return;
  await context.store.updateClaimStatus({ ...claim, status: { phase } });
  if (event) context.events.tell(claim, event);
}
