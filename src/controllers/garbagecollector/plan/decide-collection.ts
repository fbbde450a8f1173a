// What happens to an object, given the state of its owners (SS-607, SS-608).
import type { OwnerReference } from '../../../api/generated/types.ts';

/**
 * `living`: exists with that uid. `absent`: does not. `waiting`: is being deleted in foreground.
 * `unknown`: of a kind that is not served, so nothing can be said.
 */
export type OwnerState = 'living' | 'absent' | 'waiting' | 'unknown';

export type Decision =
  | { readonly type: 'keep' }
  /** Remove the references with these uids. */
  | { readonly type: 'release'; readonly uids: readonly string[] }
  | {
      readonly type: 'delete';
      readonly propagation: 'Foreground' | 'Background' | 'Orphan';
      /** Its owners wait for it, and it for one of them: its references stop blocking first. */
      readonly unblocks?: true;
    };

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

export interface Collectable {
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[];
  readonly hasDependents: boolean;
  /** One of its dependents waits for dependents of its own. */
  readonly hasWaitingDependent: boolean;
  readonly finalizers: readonly string[];
}

export function decideCollection({
  owners,
  hasDependents,
  hasWaitingDependent,
  finalizers,
}: Collectable): Decision {
  const count = (state: OwnerState) => owners.filter((owner) => owner.state === state).length;
  if (owners.length === 0 || count('unknown') > 0) return { type: 'keep' };
  if (count('living') > 0) {
    const dead = owners.filter(({ state }) => state !== 'living');
    if (dead.length === 0) return { type: 'keep' };
    return { type: 'release', uids: dead.map(({ reference }) => reference.uid) };
  }
  if (count('waiting') > 0 && hasDependents) {
    return {
      type: 'delete',
      propagation: 'Foreground',
      ...(hasWaitingDependent ? { unblocks: true } : {}),
    };
  }
  if (finalizers.includes(ORPHAN_FINALIZER)) return { type: 'delete', propagation: 'Orphan' };
  const foreground = finalizers.includes(FOREGROUND_FINALIZER);
  return { type: 'delete', propagation: foreground ? 'Foreground' : 'Background' };
}
