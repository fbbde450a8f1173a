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

/** What is scaled. */
export interface ScaledType {
  readonly apiVersion: string;
  /** Path elements of its replicas; default those of workloads. */
  readonly replicasPath?: readonly string[];
}

type Entries = ManagedFieldsEntry[] | undefined;

/** The owners of a workload's replicas, as those of a Scale; by its type. */
export function ownersOfScale(
  parent: Entries,
  { apiVersion, replicasPath = REPLICAS_PATH }: ScaledType,
): Entries {
  const owners = [...storedManagers(parent).values()]
    .filter((owner) => owner.apiVersion === apiVersion && hasField(owner.fields, replicasPath))
    .map((owner) => identified({ ...owning(owner, replicas), apiVersion: SCALE_VERSION }));
  return encodeManagers(new Map(owners.map((owner) => [owner.id, owner])));
}

/**
 * The owners of a workload after a write to its Scale, whose owners are `scale`. Those who got the
 * replicas have no time, as upstream.
 */
export function ownersOfParent(
  parent: Entries,
  scale: Entries,
  { apiVersion, replicasPath = REPLICAS_PATH }: ScaledType,
): Entries {
  const owned = fieldSetOf(replicasPath);
  // Whoever owns anything of the Scale keeps the replicas; only those who own these get them.
  const keepers = new Set<string>();
  const fresh = new Map<string, Manager>();
  for (const owner of storedManagers(scale).values()) {
    const { entry: _, ...known } = owner;
    const scaler = identified({ ...known, apiVersion, time: undefined, fields: owned });
    keepers.add(scaler.id);
    if (hasField(owner.fields, REPLICAS_PATH)) fresh.set(scaler.id, scaler);
  }
  const managers = new Map<string, Manager>();
  for (const [id, owner] of storedManagers(parent)) {
    if (owner.apiVersion !== apiVersion) continue;
    if (!hasField(owner.fields, replicasPath) || keepers.has(id)) {
      managers.set(id, owner);
      fresh.delete(id);
    } else {
      const rest = difference(owner.fields, owned);
      if (!isEmptySet(rest)) managers.set(id, owning(owner, rest));
    }
  }
  for (const [id, owner] of fresh) managers.set(id, owner);
  return encodeManagers(managers);
}
