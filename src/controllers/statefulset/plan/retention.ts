// The claim retention policy: which owner references a claim must carry (section 3 of the rules).
// It works through owner references and the garbage collector only; nothing here deletes a claim.
import type {
  OwnerReference,
  PersistentVolumeClaim,
  StatefulSet,
} from '../../../api/generated/types.ts';
import { nameOf, uidOf } from '../../../api/meta/object.ts';
import { isInRange, setReference } from './identity.ts';

/** The pod as an owner; a pod that is not created yet has the empty uid (SS-258). */
export interface PodOwner {
  name: string;
  uid: string;
  ordinal: number;
}

interface Policy {
  whenScaled: 'Retain' | 'Delete';
  whenDeleted: 'Retain' | 'Delete';
}

/** SS-270, SS-271: a missing policy or an unknown value is Retain / Retain. */
export function retentionPolicy(set: StatefulSet): Policy {
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  const { whenScaled = 'Retain', whenDeleted = 'Retain' } = policy ?? {};
  const known = (value: string) => value === 'Retain' || value === 'Delete';
  if (!known(whenScaled) || !known(whenDeleted)) {
    return { whenScaled: 'Retain', whenDeleted: 'Retain' };
  }
  return { whenScaled, whenDeleted } as Policy;
}

function referencesOf(claim: PersistentVolumeClaim): readonly OwnerReference[] {
  return claim.metadata.ownerReferences ?? [];
}

const isSetReference = (reference: OwnerReference, set: StatefulSet) =>
  reference.apiVersion === 'apps/v1' &&
  reference.kind === 'StatefulSet' &&
  reference.name === nameOf(set);

const isPodReference = (reference: OwnerReference, pod: PodOwner) =>
  reference.apiVersion === 'v1' && reference.kind === 'Pod' && reference.name === pod.name;

const hasUid = (claim: PersistentVolumeClaim, uid: string) =>
  referencesOf(claim).some((reference) => reference.uid === uid);

function isStaleFor(claim: PersistentVolumeClaim, set: StatefulSet): boolean {
  const reference = referencesOf(claim).find((candidate) => isSetReference(candidate, set));
  return reference !== undefined && reference.uid !== uidOf(set);
}

function isStaleForPod(claim: PersistentVolumeClaim, pod: PodOwner): boolean {
  const reference = referencesOf(claim).find((candidate) => isPodReference(candidate, pod));
  return reference !== undefined && reference.uid !== pod.uid;
}

/**
 * SS-258, SS-260: the claim still belongs to an earlier pod of this name and waits for the
 * collector.
 */
export function blocksCreation(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: PodOwner,
): boolean {
  return retentionPolicy(set).whenScaled === 'Delete' && isStaleForPod(claim, { ...pod, uid: '' });
}

/** SS-265. */
export function hasUnexpectedController(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: PodOwner,
): boolean {
  const policy = retentionPolicy(set);
  if (policy.whenScaled === 'Retain' && policy.whenDeleted === 'Retain') return false;
  return referencesOf(claim).some((reference) => {
    if (isSetReference(reference, set)) return reference.uid !== uidOf(set);
    if (isPodReference(reference, pod)) return reference.uid !== pod.uid;
    return reference.controller === true;
  });
}

/** SS-268. */
function hasOwnReferenceWithoutController(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: PodOwner,
): boolean {
  return referencesOf(claim).some(
    ({ uid, controller }) => (uid === uidOf(set) || uid === pod.uid) && controller !== true,
  );
}

/** The owner that the table of section 3 asks for. */
function wantedOwner(set: StatefulSet, pod: PodOwner): 'set' | 'pod' | 'none' {
  const { whenScaled, whenDeleted } = retentionPolicy(set);
  if (whenScaled === 'Delete' && !isInRange(set, pod.ordinal)) return 'pod';
  return whenDeleted === 'Delete' ? 'set' : 'none';
}

/** True when the claim's references need no change (SS-251 … SS-254, SS-264, SS-265, SS-268). */
export function claimMatchesPolicy(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: PodOwner,
): boolean {
  if (referencesOf(claim).length === 0) return wantedOwner(set, pod) === 'none';
  if (isStaleFor(claim, set) || isStaleForPod(claim, pod)) return true;
  const ownedBySet = hasUid(claim, uidOf(set));
  const ownedByPod = hasUid(claim, pod.uid);
  if (hasUnexpectedController(set, claim, pod)) return !ownedBySet && !ownedByPod;
  if (hasOwnReferenceWithoutController(set, claim, pod)) return false;
  const owner = wantedOwner(set, pod);
  return ownedBySet === (owner === 'set') && ownedByPod === (owner === 'pod');
}

/** A copy of the claim with the references that the policy asks for (SS-269). */
export function claimWithPolicy(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: PodOwner,
): PersistentVolumeClaim {
  const others = referencesOf(claim).filter(
    (reference) => !isSetReference(reference, set) && !isPodReference(reference, pod),
  );
  const owner = hasUnexpectedController(set, claim, pod) ? 'none' : wantedOwner(set, pod);
  if (owner === 'set') others.push(setReference(set));
  if (owner === 'pod') {
    const reference = { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid };
    others.push({ ...reference, controller: true, blockOwnerDeletion: true });
  }
  const { ownerReferences: _dropped, ...metadata } = claim.metadata;
  if (others.length > 0) return { ...claim, metadata: { ...metadata, ownerReferences: others } };
  return { ...claim, metadata };
}
