// The four writes of a binding (SS-861): volume, its phase, claim, its phase. Each is left out when
// there is nothing to change.
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../api/meta/json-equal.ts';
import { nameOf, namespaceOf, uidOf } from '../../../api/meta/object.ts';
import { isReservedFor } from '../../../api/storage/match-volume.ts';
import { annotated, BIND_COMPLETED, BOUND_BY_CONTROLLER, isBindCompleted } from './volume-facts.ts';

/** The volume with claimRef; undefined when it has it. */
export function boundVolume(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): PersistentVolume | undefined {
  if (volume.spec?.claimRef?.uid === uidOf(claim)) return undefined;
  const claimRef = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace: namespaceOf(claim),
    name: nameOf(claim),
    uid: uidOf(claim),
    resourceVersion: claim.metadata.resourceVersion,
  };
  const bound = { ...volume, spec: { ...volume.spec, claimRef } };
  return isReservedFor(volume, claim) ? bound : annotated(bound, { [BOUND_BY_CONTROLLER]: 'yes' });
}

/** The claim with volumeName; undefined when it is complete. */
export function boundClaim(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): PersistentVolumeClaim | undefined {
  const isNamed = claim.spec?.volumeName === nameOf(volume);
  if (isNamed && isBindCompleted(claim)) return undefined;
  const complete = annotated(claim, {
    ...(isNamed ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }),
    [BIND_COMPLETED]: 'yes',
  });
  return isNamed ? complete : { ...complete, spec: { ...claim.spec, volumeName: nameOf(volume) } };
}

/** The claim with its final status; undefined when it has it. Later, capacity only grows. */
export function boundStatus(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): PersistentVolumeClaim | undefined {
  const isNew = claim.status?.phase !== 'Bound';
  const status = {
    ...claim.status,
    phase: 'Bound',
    accessModes: volume.spec?.accessModes,
    capacity: isNew ? volume.spec?.capacity : claim.status?.capacity,
  };
  return jsonEqual(status, claim.status) ? undefined : { ...claim, status };
}
