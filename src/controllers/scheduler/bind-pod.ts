// Carries out a decision: promises volumes first, binds the pod when its claims are bound.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/resources.ts';
import type { Client } from '../../client/client.ts';
import { SELECTED_NODE, type VolumePlan } from './plan/pod-volumes.ts';
import type { VolumeReservations } from './volume-reservations.ts';

const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';

/** Writes the volume plan; the binder does the rest. Throws StatusError. */
export async function promiseVolumes(
  plan: VolumePlan,
  node: string,
  { client, reservations }: { client: Client; reservations: VolumeReservations },
): Promise<void> {
  const isPromised = ({ claim, volume }: VolumePlan['reserve'][number]) =>
    volume.spec?.claimRef?.uid === uidOf(claim) ||
    reservations.claimOf(nameOf(volume)) === keyOf(claim);
  const news = plan.reserve.filter((entry) => !isPromised(entry));
  for (const { claim, volume } of news) reservations.reserve(nameOf(volume), keyOf(claim));
  for (const { claim, volume } of news) {
    try {
      await client.resource(persistentVolumes).update(reservedVolume(volume, claim));
    } catch (error) {
      for (const entry of news) reservations.release(nameOf(entry.volume));
      throw error;
    }
  }
  for (const claim of plan.provision) {
    if (claim.metadata.annotations?.[SELECTED_NODE] === node) continue;
    const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: node };
    await client
      .resource(persistentVolumeClaims)
      .update({ ...claim, metadata: { ...claim.metadata, annotations } });
  }
}

function reservedVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const wasReserved = volume.spec?.claimRef !== undefined;
  const annotations = { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
  const claimRef = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace: namespaceOf(claim),
    name: nameOf(claim),
    uid: uidOf(claim),
    resourceVersion: claim.metadata.resourceVersion,
  };
  return {
    ...volume,
    metadata: wasReserved ? volume.metadata : { ...volume.metadata, annotations },
    spec: { ...volume.spec, claimRef },
  };
}

/** Throws StatusError: 404 when the pod is gone, 409 when somebody else was faster. */
export async function bindPod(client: Client, pod: Pod, node: string): Promise<void> {
  const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
  await client.resource(pods).createSubresource(
    { ...name, subresource: 'binding' },
    {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { ...name, uid: uidOf(pod) },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    },
  );
}
