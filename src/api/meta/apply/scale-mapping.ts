// Who owns the replicas of a workload, seen through its scale subresource and back (API-649,
// SS-743).
import type { ManagedFieldsEntry } from '../../generated/types.ts';
import { difference, fieldSetOf, hasField, isEmptySet } from './field-set.ts';
import { encodeManagers, identified, owning, storedManagers } from './managers.ts';
import type { Manager } from './managers.ts';

export const SCALE_VERSION = 'autoscaling/v1';
/** The same path in Scale and in the built-in workloads. */
const REPLICAS_PATH = ['f:spec', 'f:replicas'];
const replicas = fieldSetOf(REPLICAS_PATH);

type Entries = ManagedFieldsEntry[] | undefined;

/** The owners of a workload's replicas, as those of a Scale; `version` is the workload's. */
export function ownersOfScale(parent: Entries, version: string): Entries {
  const owners = [...storedManagers(parent).values()]
    .filter((owner) => owner.apiVersion === version && ownsReplicas(owner))
    .map((owner) => identified({ ...owning(owner, replicas), apiVersion: SCALE_VERSION }));
  return encodeManagers(new Map(owners.map((owner) => [owner.id, owner])));
}

/**
 * The owners of a workload after a write to its Scale, whose owners are `scale`. Those who got the
 * replicas have no time, as upstream.
 */
export function ownersOfParent(parent: Entries, scale: Entries, version: string): Entries {
  const fresh = new Map<string, Manager>();
  for (const owner of storedManagers(scale).values()) {
    const { entry: _, ...known } = owner;
    const scaler = { ...known, apiVersion: version, time: undefined, fields: replicas };
    const identifiedScaler = identified(scaler);
    if (ownsReplicas(owner)) fresh.set(identifiedScaler.id, identifiedScaler);
  }
  const managers = new Map<string, Manager>();
  for (const [id, owner] of storedManagers(parent)) {
    if (owner.apiVersion !== version) continue;
    if (!ownsReplicas(owner) || fresh.delete(id)) managers.set(id, owner);
    else {
      const rest = difference(owner.fields, replicas);
      if (!isEmptySet(rest)) managers.set(id, owning(owner, rest));
    }
  }
  for (const [id, owner] of fresh) managers.set(id, owner);
  return encodeManagers(managers);
}

function ownsReplicas({ fields }: Manager): boolean {
  return hasField(fields, REPLICAS_PATH);
}
