// Volumes of the class `local`: what is made for a claim, and how it grows.
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../api/generated/types.ts';
import { isConditionTrue, removeCondition, setCondition } from '../../../api/meta/conditions.ts';
import { nameOf, namespaceOf, uidOf } from '../../../api/meta/object.ts';
import { compareQuantities, parseQuantity } from '../../../api/meta/quantity.ts';
import { LOCAL_PROVISIONER, PROVISIONED_BY } from './volume-facts.ts';

const HOST_NAME = 'kubernetes.io/hostname';

/** A volume for the claim on the node: a directory of the volume's name. */
export function localVolume(
  claim: PersistentVolumeClaim,
  options: { storageClass: StorageClass; node: Node; directory: string },
): PersistentVolume {
  const { storageClass, node, directory } = options;
  const name = `pvc-${uidOf(claim)}`;
  const hostName = node.metadata.labels?.[HOST_NAME] ?? nameOf(node);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } },
    spec: {
      capacity: { storage: requestedStorage(claim) },
      accessModes: claim.spec?.accessModes,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: nameOf(storageClass),
      volumeMode: 'Filesystem',
      ...(storageClass.mountOptions ? { mountOptions: storageClass.mountOptions } : {}),
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        namespace: namespaceOf(claim),
        name: nameOf(claim),
        uid: uidOf(claim),
      },
      local: { path: `${directory}/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: HOST_NAME, operator: 'In', values: [hostName] }] },
          ],
        },
      },
    },
  };
}

export function requestedStorage({ spec }: PersistentVolumeClaim): string {
  return spec?.resources?.requests?.['storage'] ?? '0';
}

/** The size that a bound claim asks for, when it is more than it has (SS-874). */
export function grownSize(claim: PersistentVolumeClaim): string | undefined {
  const wanted = requestedStorage(claim);
  const present = claim.status?.capacity?.['storage'] ?? '0';
  return isLess(present, wanted) ? wanted : undefined;
}

const RESIZING = 'Resizing';

/** The claim with the mark that its growth is under way; undefined when it has it (SS-874). */
export function resizing(
  claim: PersistentVolumeClaim,
  now: string,
): PersistentVolumeClaim | undefined {
  const { conditions } = claim.status ?? {};
  if (isConditionTrue(conditions, RESIZING)) return undefined;
  const marked = [...setCondition(conditions, { type: RESIZING, status: 'True' }, now)];
  return { ...claim, status: { ...claim.status, conditions: marked } };
}

/** The claim of its new size, with nothing under way. */
export function resized(claim: PersistentVolumeClaim, storage: string): PersistentVolumeClaim {
  const { conditions, ...status } = claim.status ?? {};
  const left = [...removeCondition(conditions, RESIZING)];
  const capacity = { ...status.capacity, storage };
  const rest = left.length > 0 ? { conditions: left } : {};
  return { ...claim, status: { ...status, capacity, ...rest } };
}

export function isLess(left: string, right: string): boolean {
  return compareQuantities(parseQuantity(left), parseQuantity(right)) < 0;
}
